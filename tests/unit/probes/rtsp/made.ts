import { execFileSync } from 'node:child_process';

/** What ffmpeg makes of a moving test picture, from the arguments given for the output. */
export const made = (...output: string[]): Buffer =>
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=5', ...output, 'pipe:1'], {
    maxBuffer: 64 * 1024 * 1024,
  });

/** One JPEG with the Huffman tables of annex K, as RFC 2435 asks for. */
export const madeJpeg = (...options: string[]): Buffer =>
  made('-frames:v', '1', '-f', 'mjpeg', '-huffman', 'default', '-q:v', '5', ...options);

/** The pixels of a JPEG as ffmpeg decodes them, which fails where anything is wrong with it. */
export const pixelsOf = (jpeg: Buffer): Buffer =>
  execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-f', 'mjpeg', '-i', 'pipe:0', '-f', 'rawvideo', 'pipe:1'], {
    input: jpeg,
    maxBuffer: 64 * 1024 * 1024,
  });
