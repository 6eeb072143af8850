import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'vitest';

/** Cases recorded from real cameras; not part of the project, so a checkout by itself does not have them. */
const folder = new URL('../../../shared/realworld/', import.meta.url);

/** A suite over recorded cases: `suite` is only run where they are, else one skipped test says why. */
export const describeRecorded = (name: string, suite: () => void): void => {
  if (existsSync(folder)) describe(name, suite);
  else describe(name, () => it.skip('skipped: the folder ../shared/realworld with the recorded cases is missing'));
};

export const recorded = (path: string): Buffer => readFileSync(new URL(path, folder));

/** A manifest of the folder; its shape is the caller's to know. */
export const manifest = <T>(path: string): T => JSON.parse(recorded(path).toString('utf8')) as T;
