import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { openPool } from '../../../../probes/picture/pool.ts';
import { prove } from '../../../../probes/picture.ts';
import { context } from '../scene.ts';

/** A pool of one decoder that answers each key frame with its own bytes, in the way of `answer(number, reply)`. */
const poolOf = (answer: string) => {
  const directory = mkdtempSync(join(tmpdir(), 'decoder-'));
  const program = join(directory, 'decoder.mjs');
  writeFileSync(
    program,
    `const reply = (number, detail) => {
      const json = Buffer.from(JSON.stringify({ type: 'damaged', detail }));
      const head = Buffer.alloc(12);
      head.writeUInt32BE(number, 0);
      head.writeUInt32BE(json.length, 4);
      process.stdout.write(Buffer.concat([head, json]));
    };
    let bytes = Buffer.alloc(0);
    process.stdin.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length >= 10 && bytes.length >= 10 + bytes.readUInt32BE(4)) {
        const number = bytes.readUInt32BE(0);
        const end = 10 + bytes.readUInt32BE(4);
        const detail = bytes.toString('latin1', 10, end);
        bytes = bytes.subarray(end);
        ${answer}
      }
    });`,
  );
  const pool = openPool(1, pathToFileURL(program));
  onTestFinished(async () => {
    await pool.close();
    rmSync(directory, { recursive: true });
  });
  return (keyframe: string) => pool.decode('h264', Buffer.from(keyframe), false);
};

it('an answer that comes twice is not given to the camera behind', async () => {
  const decode = poolOf('reply(number, detail); reply(number, detail);');
  const names = ['one', 'two', 'three', 'four', 'five'];
  const behindEachOther = await Promise.all(names.map(decode));
  const oneByOne = [await decode('six'), await decode('seven')];
  const seen = [...behindEachOther, ...oneByOne].map((decoded) => decoded.type === 'damaged' && decoded.detail);
  expect(seen).toEqual([...names, 'six', 'seven']);
});

it('an answer to another key frame is none', async () => {
  const decode = poolOf('reply(number + 1, detail);');
  expect(await decode('one')).toEqual({
    type: 'failed',
    detail: 'the decoder process answered out of turn, twice over this key frame',
  });
});

it('a decoder that rejects all the same has failed, and the probe ends', async () => {
  const decoder = {
    decode: () => Promise.reject(new Error('spawn EMFILE')),
    cpuMs: async () => 0,
    close: async () => {},
  };
  const proof = await prove(decoder, 'h264', Buffer.alloc(9), false, context());
  expect(proof.failure).toMatchObject({ kind: 'decoder_failed', origin: 'ours', detail: 'Error: spawn EMFILE' });
});
