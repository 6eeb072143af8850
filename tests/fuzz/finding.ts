import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A case that a target failed on, and all that is needed to try it again. */
export type Finding = {
  readonly target: string;
  /** What was seen, in one line. */
  readonly seen: string;
  /** Of the run that found it. */
  readonly seed: number;
  readonly input: unknown;
};

/** Findings kept: replayed by tests/unit/probes/fuzz-findings.test.ts for ever. */
export const findingsFolder = new URL('../fixtures/fuzz/', import.meta.url).pathname;

/** JSON has no bytes: they stand as {"base64": "..."}. */
const written = (value: unknown): unknown => {
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, written(one)]));
};

const read = (_name: string, value: unknown): unknown => {
  const base64 = typeof value === 'object' && value !== null && 'base64' in value ? value.base64 : undefined;
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : value;
};

export const readFinding = (json: string): Finding => JSON.parse(json, read) as Finding;

/** Writes one file, named by its input, so that the same finding is kept once; gives its name. */
export const keepFinding = (finding: Finding, folder = findingsFolder): string => {
  const input = JSON.stringify(written(finding.input));
  const name = `${finding.target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `${JSON.stringify(written(finding), null, 2)}\n`);
  return name;
};

export const keptFindings = (): { name: string; finding: Finding }[] =>
  readdirSync(findingsFolder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ name, finding: readFinding(readFileSync(join(findingsFolder, name), 'utf8')) }));
