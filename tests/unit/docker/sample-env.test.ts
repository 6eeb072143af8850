import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/env.ts';
import { root } from './compose-file.ts';

const sample = readFileSync(join(root, 'docker/sample.env'), 'utf8');
const set = parseEnv(sample);
const everything = parseEnv(sample.replaceAll(/^#(?=XUNJIAN_)/gm, ''));
/** The master keys come from a file or from a command: everything but the one is all that can be set. */
const { XUNJIAN_KEY_COMMAND: keyCommand, ...all } = everything;
const { XUNJIAN_KEY_FILE: _, ...byCommand } = everything;

/** The names that readConfig asks an environment for. */
const known = (): string[] => {
  const asked = new Set<string>();
  readConfig(
    new Proxy<Record<string, string>>(
      {},
      {
        get(_, name) {
          asked.add(String(name));
          return undefined;
        },
      },
    ),
  );
  return [...asked];
};

describe('docker/sample.env', () => {
  it('names every variable that the service reads, and no other', () => {
    expect(Object.keys(everything).sort()).toEqual(known().sort());
  });

  it('is accepted as it stands, and with everything set', () => {
    expect(readConfig(set)).toMatchObject({ webhookUrl: null, secrets: { keyFile: '/etc/xunjian/key' } });
    expect(readConfig(all)).toMatchObject({ webhookUrl: 'https://receiver.example/xunjian' });
    expect(readConfig(byCommand).secrets).toMatchObject({ keyFile: null, keyCommand: keyCommand!.split(' ') });
    expect(() => readConfig(everything)).toThrow(/XUNJIAN_KEY_COMMAND/);
  });

  it('shows the defaults of what may be left out', () => {
    const { dataDir, host, port, sockets, logLevel } = readConfig(all);
    expect(readConfig({})).toMatchObject({ dataDir, host, port, sockets, logLevel });
  });

  it('holds no password', () => {
    for (const [name, value] of Object.entries(everything))
      expect(`${name}=${value}`).not.toMatch(/:\/\/[^/@]*:[^/@]*@/);
  });

  it('says of every variable in Chinese and in English what it is', () => {
    for (const block of sample.trim().split('\n\n')) {
      const said = block.split('\n').filter((line) => line.startsWith('# '));
      expect(said[0]).toMatch(/\p{Script=Han}/u);
      expect(said.at(-1)).toMatch(/^# [^\p{Script=Han}]+$/u);
    }
  });
});
