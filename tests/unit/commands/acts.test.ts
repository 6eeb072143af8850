import { readdir, readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { acts } from '../../../src/commands/acts.ts';

const folder = new URL('../../../src/commands/', import.meta.url);

/** Every command that main.ts makes, by its full name. */
const commandsOf = async (): Promise<string[]> => {
  const program = new Command();
  const main = await readFile(new URL('../main.ts', folder), 'utf8');
  for (const [, name, file] of main.matchAll(/import \{ (\w+Lines) \} from '(\.\/commands\/lines\/[\w-]+\.ts)'/g)) {
    const lines = (await import(new URL(`../${file}`, folder).href)) as Record<string, (to: Command) => void>;
    lines[name!]!(program);
  }
  const names = (command: Command, path: readonly string[]): string[] =>
    command.commands.length === 0
      ? [path.join(' ')]
      : command.commands.flatMap((one) => names(one, [...path, one.name()]));
  return names(program, []);
};

it('of every command it is said what it leaves in the audit', async () => {
  expect((await commandsOf()).sort()).toEqual(Object.keys(acts).sort());
});

it('what is said to be left in the audit is left by some command, and nothing else is', async () => {
  const said = new Set<string>(Object.values(acts).flat());
  const left = new Set<string>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ts') || file === 'acts.ts') continue;
    const source = await readFile(new URL(file, folder), 'utf8');
    for (const [, action] of source.matchAll(/\baction: '([a-z_.]+)'/g)) left.add(action!);
  }
  expect([...left].sort()).toEqual([...said].sort());
});
