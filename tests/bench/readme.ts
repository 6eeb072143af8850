import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Puts a benchmark's table between its marks in both READMEs; throws where one has no marks for it. */
export const putIntoReadmes = (bench: string, table: string): void => {
  for (const page of ['README.md', 'README.zh-CN.md']) {
    const path = fileURLToPath(new URL(`../../${page}`, import.meta.url));
    const text = readFileSync(path, 'utf8');
    const marked = new RegExp(`(<!-- bench ${bench} -->\n)[\\s\\S]*?(\n<!-- /bench ${bench} -->)`);
    if (!marked.test(text)) throw new Error(`${page} has no table of the benchmark ${bench}`);
    writeFileSync(
      path,
      text.replace(marked, (_, begin: string, end: string) => begin + table + end),
    );
  }
};
