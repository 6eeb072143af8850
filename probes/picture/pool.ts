import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Codec } from '../probe.ts';
import { confined } from './confine.ts';
import { cpuMsOf } from './cpu.ts';
import type { Decoded, Decoder } from './decoded.ts';
import { decodeWithFfmpeg } from './ffmpeg.ts';
import { codecs, type Reply, replyHeader, requestHeader } from './wire.ts';

type Job = {
  readonly codec: Codec;
  readonly keyframe: Buffer;
  readonly evidence: boolean;
  readonly done: (decoded: Decoded) => void;
  /** Set when a process died over it: then it runs alone, and a second death is its own. */
  suspect: boolean;
  /** What the process is to answer it by. */
  number: number;
};

/** A key frame takes some 10 ms; one that takes this long has sent the decoder round in circles. */
const patienceMs = 5_000;
/**
 * Of it V8 reserves 512 for machine code that it never makes, and Node with FFmpeg takes 100 before the first picture.
 * Sixteen contexts kept take 380 of H.265 at 4096x2304 and 250 of H.264 (`decoder.ts` says what is kept); the largest JPEG
 * (8192x8192, 4:4:4) takes 200, H.265 of that size 170.
 */
const memoryMiB = 1280;

/** Whether FFmpeg can be loaded into a process here; its binary is an optional dependency. */
const hasNodeAv = (): boolean => {
  try {
    createRequire(import.meta.url).resolve('node-av/lib');
    return true;
  } catch {
    return false;
  }
};

/** `processes` decoders, each a child process; where node-av is not installed, Debian's ffmpeg, a process a picture. */
export const openDecoder = (processes: number): Decoder =>
  hasNodeAv() ? openPool(processes, new URL('./decoder.ts', import.meta.url)) : decodeWithFfmpeg(processes);

/** The pool over `program`, a file for Node that speaks what `wire.ts` describes. */
export const openPool = (processes: number, program: URL): Decoder => new Pool(processes, fileURLToPath(program));

class Pool implements Decoder {
  readonly #waiting: Job[] = [];
  readonly #seats: Seat[];
  #closed = false;

  constructor(processes: number, program: string) {
    this.#seats = Array.from({ length: processes }, () => new Seat(program));
  }

  decode(codec: Codec, keyframe: Buffer, evidence: boolean): Promise<Decoded> {
    return new Promise((done) => {
      if (this.#closed) return done({ type: 'failed', detail: 'the decoder is closed' });
      this.#waiting.push({ codec, keyframe, evidence, done, suspect: false, number: 0 });
      this.#assign();
    });
  }

  async cpuMs(): Promise<number> {
    let sum = 0;
    for (const seat of this.#seats) sum += await cpuMsOf(seat.pid);
    return sum;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#assign();
    await Promise.all(this.#seats.map((seat) => seat.close()));
  }

  #assign(): void {
    // Also what a process that died while closing leaves behind: nobody would end a new one.
    if (this.#closed) {
      for (const job of this.#waiting.splice(0)) job.done({ type: 'failed', detail: 'the decoder is closed' });
    }
    for (const seat of this.#seats) {
      // Two in a seat: the next key frame waits in the pipe while one is decoded, so that the process never idles.
      while (this.#waiting.length > 0 && seat.takes(this.#waiting[0]!)) {
        const job = this.#waiting.shift()!;
        seat.give(job, (orphans) => {
          for (const orphan of orphans) this.#waiting.unshift(orphan);
          this.#assign();
        });
      }
    }
  }
}

/** One decoder process, started with its first job and started anew when it died. */
class Seat {
  readonly #program: string;
  #given = 0;
  #child: ChildProcess | null = null;
  readonly #jobs: Job[] = [];
  #freed: (orphans: Job[]) => void = () => {};
  #pieces: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(program: string) {
    this.#program = program;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  takes(job: Job): boolean {
    if (job.suspect || this.#jobs.some(({ suspect }) => suspect)) return this.#jobs.length === 0;
    return this.#jobs.length < 2;
  }

  give(job: Job, freed: (orphans: Job[]) => void): void {
    const failed = (error: unknown): void =>
      job.done({ type: 'failed', detail: `the decoder process does not start: ${String(error).slice(0, 120)}` });
    let child: ChildProcess;
    try {
      child = this.#start(failed);
    } catch (error) {
      failed(error);
      return;
    }
    // Only what is surely sent: a job that is not would get the answer of the one behind it.
    if (child.pid === undefined) return;
    this.#freed = freed;
    this.#jobs.push(job);
    job.number = this.#given = (this.#given + 1) >>> 0;
    const header = Buffer.allocUnsafe(requestHeader);
    header.writeUInt32BE(job.number, 0);
    header.writeUInt32BE(job.keyframe.length, 4);
    header[8] = codecs.indexOf(job.codec);
    header[9] = job.evidence ? 1 : 0;
    child.stdin!.cork();
    child.stdin!.write(header);
    child.stdin!.write(job.keyframe);
    child.stdin!.uncork();
    if (this.#jobs.length === 1) this.#watch();
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.stdin!.end();
    await gone;
  }

  /** The process that stands, or a new one. Throws, or gives one without a pid and later calls `failed`, where none starts. */
  #start(failed: (error: Error) => void): ChildProcess {
    if (this.#child !== null) return this.#child;
    const child = spawn(
      ...confined(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', '--max-old-space-size=128', '--max-semi-space-size=1', this.#program],
        memoryMiB,
      ),
      // No environment: what is decoded comes from outside, and the service's secrets live there.
      { stdio: ['pipe', 'pipe', 'ignore'], env: {} },
    );
    child.on('error', failed);
    // Out of handles there are no pipes either, and only the event says why.
    if (child.pid === undefined) return child;
    child.stdout!.on('data', (bytes: Buffer) => {
      if (this.#child === child) this.#take(child, bytes);
    });
    child.stdin!.on('error', () => {});
    child.once('close', (code, signal) => this.#died(child, `ended with ${signal ?? code}`));
    this.#child = child;
    return child;
  }

  #watch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = this.#jobs.length === 0 ? null : setTimeout(() => this.#child?.kill('SIGKILL'), patienceMs);
  }

  #take(child: ChildProcess, bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#size += bytes.length;
    for (;;) {
      if (this.#size < replyHeader) return;
      if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
      const all = this.#pieces[0]!;
      // One camera must never get the picture of another, whatever went wrong in there.
      if (all.readUInt32BE(0) !== this.#jobs[0]?.number) {
        child.kill('SIGKILL');
        this.#died(child, 'answered out of turn');
        return;
      }
      const json = all.readUInt32BE(4);
      const whole = replyHeader + json + all.readUInt32BE(8);
      if (this.#size < whole) return;
      const reply = JSON.parse(all.toString('utf8', replyHeader, replyHeader + json)) as Reply;
      const jpeg = whole > replyHeader + json ? Buffer.from(all.subarray(replyHeader + json, whole)) : null;
      this.#pieces = [all.subarray(whole)];
      this.#size -= whole;
      const job = this.#jobs.shift();
      this.#watch();
      job!.done(reply.type === 'decoded' ? { ...reply, jpeg } : reply);
      this.#freed([]);
    }
  }

  #died(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#pieces = [];
    this.#size = 0;
    const [first, ...others] = this.#jobs.splice(0);
    this.#watch();
    // The first in the pipe is the one it died over; the others only stood behind it.
    const orphans = [...others].reverse();
    if (first !== undefined) {
      if (first.suspect)
        first.done({ type: 'failed', detail: `the decoder process ${how}, twice over this key frame` });
      else {
        first.suspect = true;
        orphans.push(first);
      }
    }
    this.#freed(orphans);
  }
}
