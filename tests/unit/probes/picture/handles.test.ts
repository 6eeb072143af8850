import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fixture } from '../scene.ts';

const probes = new URL('../../../../probes/', import.meta.url);
const base64 = (name: string): string => fixture(`${name}.h264`).toString('base64');

/** In a process that may have 100 handles: what comes of a white key frame while there are none, and of two after that. */
const outOfHandles = (open: string, before: string) => {
  const script = `
    import { closeSync, openSync } from 'node:fs';
    import { openDecoder } from '${probes}index.ts';
    import { confinement } from '${probes}picture/confine.ts';
    import { decodeWithFfmpeg } from '${probes}picture/ffmpeg.ts';
    const decoder = ${open};
    const decode = async (base64) => {
      const decoded = await decoder.decode('h264', Buffer.from(base64, 'base64'), false);
      return decoded.type === 'decoded' ? decoded.picture.faults[0] : decoded;
    };
    ${before};
    const handles = [];
    try { for (;;) handles.push(openSync('/dev/null')); } catch {}
    const without = await Promise.all([decode('${base64('white')}'), decode('${base64('white')}')]);
    for (const handle of handles) closeSync(handle);
    const after = await Promise.all([decode('${base64('black')}'), decode('${base64('white')}')]);
    console.log(JSON.stringify({ without, after, memory: confinement().memory }));
    await decoder.close();`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  const said = execFileSync('prlimit', ['--nofile=100', '--', ...node], { encoding: 'utf8', timeout: 20_000 });
  return JSON.parse(said);
};

describe.each([
  ['the pool', 'openDecoder(1)'],
  ['the second choice', 'decodeWithFfmpeg(1)'],
])('out of handles, %s', (_, open) => {
  it.each([
    ['has failed, and after that each camera gets its own picture', 'confinement()'],
    ['does not take it for what the kernel lets us do', ''],
  ])('%s', (__, before) => {
    const failed = { type: 'failed', detail: expect.stringContaining('EMFILE') };
    expect(outOfHandles(open, before)).toEqual({ without: [failed, failed], after: ['black', 'white'], memory: true });
  });
});
