import { spawn } from 'node:child_process';
import type { Codec } from '../probe.ts';
import { confined } from './confine.ts';
import type { Decoded, Decoder } from './decoded.ts';
import { factsOf, type Grey } from './facts.ts';
import { fingerprintOf } from './fingerprint.ts';
import { evidenceWidth, maxPixels } from './wire.ts';

/**
 * The second choice where node-av cannot be loaded: Debian's ffmpeg, a process a picture, fed through stdin. It sees
 * the bytes of a key frame only, confined as the pool's processes are. Some 60 to 100 times the CPU of the pool.
 */
export const decodeWithFfmpeg = (processes: number): Decoder => {
  let running = 0;
  const waiting: (() => void)[] = [];
  const decode = async (codec: Codec, keyframe: Buffer, evidence: boolean): Promise<Decoded> => {
    if (running >= processes) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await runOne(codec, keyframe, evidence);
    } catch (error) {
      return { type: 'failed', detail: `ffmpeg does not start: ${String(error).slice(0, 120)}` };
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
  return { decode, cpuMs: async () => 0, close: async () => {} };
};

/** FFmpeg's names of raw streams. */
const formats = { h264: 'h264', h265: 'hevc', mjpeg: 'mjpeg', mpeg4: 'm4v' } as const satisfies Record<Codec, string>;
const small = { width: 160, height: 90 } as const;
/** Start and decoding, 8192 x 8192 included; the pool's processes, which stand ready, get half of it. */
const patienceMs = 10_000;
/** 8192 x 8192 takes less than 300, in H.265 and as a JPEG of 4:4:4. */
const memoryMiB = 640;
/** An exec by util-linux that found no such command ends so. */
const noSuchCommand = 127;

const runOne = (codec: Codec, keyframe: Buffer, evidence: boolean): Promise<Decoded> =>
  new Promise((resolve) => {
    const grey = ['-map', '0:v', '-frames:v', '1', '-vf', `showinfo,scale=${small.width}:${small.height}`];
    const jpeg = ['-map', '0:v', '-frames:v', '1', '-vf', `scale=${evidenceWidth}:-2`, '-f', 'mjpeg', 'pipe:3'];
    const child = spawn(
      ...confined(
        'ffmpeg',
        [
          ...['-hide_banner', '-nostdin', '-loglevel', 'info', '-threads', '1', '-err_detect', 'explode'],
          ...['-max_pixels', String(maxPixels), '-f', formats[codec], '-i', 'pipe:0'],
          ...[...grey, '-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1'],
          ...(evidence ? jpeg : []),
        ],
        memoryMiB,
      ),
      // Killed: of SIGTERM ffmpeg takes note between two pictures only.
      {
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
        env: { PATH: '/usr/bin:/bin' },
        timeout: patienceMs,
        killSignal: 'SIGKILL',
      },
    );
    child.once('error', (error) => resolve({ type: 'failed', detail: `ffmpeg does not start: ${error.message}` }));
    // Out of handles (EMFILE) there are no pipes either.
    if (child.pid === undefined) return;
    const out: Buffer[] = [];
    const picture: Buffer[] = [];
    let words = '';
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stdio[3]?.on('data', (bytes: Buffer) => picture.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => {
      if (words.length < 64_000) words += bytes.toString('latin1');
    });
    child.stdin.on('error', () => {});
    child.once('close', (code, signal) => {
      const luma = Buffer.concat(out);
      const size = /\[Parsed_showinfo.* s:(\d+)x(\d+) /.exec(words);
      // A picture that decodes with only a warning and exit code 0 is a damaged one.
      const complaint = /\[(?:h264|hevc|mjpeg|mpeg4) @ [^\]]*\] (.*(?:error|conceal|invalid|corrupt|missing).*)/i.exec(
        words,
      )?.[1];
      if (/Cannot allocate memory|get_buffer\(\) failed/.test(words)) {
        return resolve({ type: 'failed', detail: 'ffmpeg ran out of memory' });
      }
      if (complaint !== undefined) return resolve({ type: 'damaged', detail: complaint.slice(0, 120) });
      // Killed, out of memory, broken: nothing that the key frame could be blamed for.
      if (signal !== null) return resolve({ type: 'failed', detail: `ffmpeg was ended by ${signal}` });
      if (code === noSuchCommand) return resolve({ type: 'failed', detail: 'ffmpeg does not start: not found' });
      if (code !== 0 && !/Invalid data|Error while decoding|Conversion failed/i.test(words)) {
        return resolve({ type: 'failed', detail: `ffmpeg ended with ${code}` });
      }
      if (size === null || luma.length < small.width * small.height) {
        return resolve({ type: 'damaged', detail: 'the key frame gave no picture' });
      }
      const shrunk: Grey = { ...small, luma: luma.subarray(0, small.width * small.height) };
      resolve({
        type: 'decoded',
        width: Number(size[1]),
        height: Number(size[2]),
        picture: factsOf(shrunk),
        fingerprint: fingerprintOf(shrunk),
        jpeg: evidence ? Buffer.concat(picture) : null,
      });
    });
    child.stdin.end(keyframe);
  });
