import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Codec } from '../../probes/index.ts';

/** Width and height of each stream: no two the same, so that a picture tells which one it is of. */
export const sizes: Readonly<Record<Codec, readonly [number, number]>> = {
  h264: [320, 240],
  h265: [352, 288],
  mjpeg: [368, 272],
  mpeg4: [384, 256],
};

const encoders: Readonly<Record<Codec, readonly string[]>> = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0'],
  h265: ['-c:v', 'libx265', '-preset', 'ultrafast', '-bf', '0', '-x265-params', 'log-level=error'],
  // RFC 2435 carries no Huffman tables: only the default ones can be sent.
  mjpeg: ['-c:v', 'mjpeg', '-huffman', 'default', '-pix_fmt', 'yuvj420p'],
  mpeg4: ['-c:v', 'mpeg4', '-q:v', '5'],
};

const run = promisify(execFile);

/**
 * Matroska files of five minutes, for servers that play files: longer than any test, because a server's own loop ends
 * the sessions with each round. Three seconds are encoded, the rest is copied; a key frame comes twice a second.
 */
export const makeClips = async (folder: string, codecs: readonly Codec[]): Promise<Record<Codec, string>> => {
  const files: Partial<Record<Codec, string>> = {};
  for (const codec of codecs) {
    const once = join(folder, `${codec}-once.mkv`);
    const file = join(folder, `${codec}.mkv`);
    const source = ['-f', 'lavfi', '-i', `testsrc=size=${sizes[codec].join('x')}:rate=10`, '-t', '3', '-g', '5'];
    await run('ffmpeg', ['-v', 'error', ...source, '-pix_fmt', 'yuv420p', ...encoders[codec], once]);
    await run('ffmpeg', ['-v', 'error', '-stream_loop', '99', '-i', once, '-c', 'copy', file]);
    files[codec] = file;
  }
  return files as Record<Codec, string>;
};
