import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
};
export type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes?: Readonly<Record<string, object>>;
};

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** `name` in docker/, with merge keys (`<<`) resolved, as compose does. */
export const readCompose = (name: string): Compose =>
  parse(readFileSync(`${root}docker/${name}`, 'utf8'), { merge: true }) as Compose;

/** What compose makes of `${NAME:-otherwise}`, `${NAME:+then}` and `${NAME:?why}` (and of `$$`) with this environment. */
export const interpolate = (value: string, env: Readonly<Record<string, string>>): string =>
  value.replace(/\$\$|\$\{(\w+)(?::([-+?])([^}]*))?\}/g, (found, name: string, operator: string, word: string) => {
    if (found === '$$') return '$';
    const set = env[name] ?? '';
    if (operator === '+') return set === '' ? '' : word;
    if (set === '' && operator === '?') throw new Error(`${name}: ${word}`);
    return set === '' && operator === '-' ? word : set;
  });
