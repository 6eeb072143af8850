import { readSync, writeSync } from 'node:fs';

/** Fills `into` from stdin; false when it ended. */
export const fill = (into: Buffer): boolean => {
  let at = 0;
  while (at < into.length) {
    const read = readSync(0, into, at, into.length - at, null);
    if (read === 0) return false;
    at += read;
  }
  return true;
};

/** All of `bytes` to stdout. */
export const put = (bytes: Buffer): void => {
  let at = 0;
  while (at < bytes.length) at += writeSync(1, bytes, at);
};
