import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { said, start } from './child.ts';
import type { Decoding } from './libavcodec.ts';
import { type BenchRow, ratioOf, spread } from './table.ts';

/** Rounds, and pictures a round on either side: in turn, so that a noisy machine is noisy for both. */
const rounds = 7;
const ourPictures = 60;
const peerPictures = 4;
const warmUp = 40;

type Stream = { clip: string; keyframe: number; url: string };

/** User and system CPU time of all children that have ended and were waited for, ms: fields 16 and 17 of /proc/self/stat. */
const cpuOfEnded = (): number => {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
};

/** The command that a careful engineer would use instead: tuned to start at once and to stop after one picture. */
const peerArgs = (url: string, output: readonly string[]): string[] => [
  ...['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-probesize', '32', '-analyzeduration', '0'],
  ...['-threads', '1', '-i', url, '-frames:v', '1', ...output],
];
/** Nothing written: the least that ffmpeg can do. And the small JPEG that we write as evidence. */
const proofOnly = ['-f', 'null', '-'];
const smallJpeg = ['-vf', 'scale=320:-2', '-f', 'image2pipe', '-c:v', 'mjpeg', '-'];

const peer = async (url: string, output: readonly string[]): Promise<number> => {
  const before = cpuOfEnded();
  for (let i = 0; i < peerPictures; i++) {
    const [code] = await once(
      spawn('ffmpeg', peerArgs(url, output), { stdio: ['ignore', 'ignore', 'inherit'] }),
      'exit',
    );
    if (code !== 0) throw new Error(`ffmpeg ended with ${code} on ${url}`);
  }
  return (cpuOfEnded() - before) / peerPictures;
};

/** The streams that are measured, in this order. Baseline is coded by CAVLC, Main by CABAC. */
export const kinds: Readonly<Record<string, string>> = {
  'crossroads-main-h264': 'H.264 Baseline 1920x1080',
  'crossroads-sub-h264': 'H.264 Baseline 704x576',
  'market-main-h264': 'H.264 Main 1920x1080',
  'market-sub-h264': 'H.264 Main 704x576',
  'crossroads-main-h265': 'H.265 1920x1080',
  'crossroads-sub-h265': 'H.265 704x576',
};
const clips = Object.keys(kinds);

const row = (name: string, ours: readonly number[], peer: string, theirs: readonly number[]): BenchRow => {
  const [a, b] = [spread(ours), spread(theirs)];
  const n = rounds * ourPictures;
  return { case: name, unit: 'CPU ms / picture', ours: a, peer: { name: peer, ...b }, ratio: ratioOf(a, b), n };
};

/** Near 1, where a tenth is too coarse. */
const floorRow = (name: string, ours: readonly number[], alone: readonly number[]): BenchRow => {
  const found = row(name, ours, 'libavcodec', alone);
  return { ...found, ratio: Math.round((100 * found.peer!.median) / found.ours.median) / 100 };
};

/**
 * CPU for one verified picture: connection, key frame, decoding, facts; user and system of every process on our side,
 * against ffmpeg, on the same streams, in turn. The evidence JPEG is a row of its own. The floor beside it is libavcodec
 * alone with the same key frames in its memory: no connection, no other process, no facts.
 */
export const benchPicture = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  // Two clips of one codec and size would be shown in turn by one camera: each scene has cameras of its own.
  const scenes = ['crossroads', 'market'].map((scene) =>
    start('./cameras.ts', [clipsDir, ...clips.filter((clip) => clip.startsWith(scene))]),
  );
  const streams = (await Promise.all(scenes.map((scene) => said<{ streams: Stream[] }>(scene)))).flatMap(
    (answer) => answer.streams,
  );
  const prober = start('./prober.ts', []);
  const libavcodec = start('./libavcodec.ts', []);
  const ours = async (url: string, pictures: number, evidence: boolean): Promise<number> => {
    const answer = said<{ cpuMs: number }>(prober);
    prober.send({ url, pictures, evidence });
    return (await answer).cpuMs / pictures;
  };
  const fetched = async (url: string): Promise<readonly string[]> => {
    const answer = said<{ keyframes: string[] }>(prober);
    prober.send({ url, pictures: warmUp, fetched: true });
    return (await answer).keyframes;
  };
  const alone = async (decoding: Decoding): Promise<number> => {
    const answer = said<{ cpuMs: number }>(libavcodec);
    libavcodec.send(decoding);
    return (await answer).cpuMs / decoding.pictures;
  };
  try {
    const rows: BenchRow[] = [];
    for (const { clip, keyframe, url } of streams) {
      const name = `${kinds[clip]}, ${Math.round(keyframe / 1000)} KB`;
      told(name);
      const keyframes = await fetched(url);
      const codec = clip.endsWith('h265') ? 'h265' : 'h264';
      const floor = (loopFilter: boolean) => alone({ codec, keyframes, pictures: ourPictures, loopFilter });
      await ours(url, warmUp, true);
      const mine: number[] = [];
      const withJpeg: number[] = [];
      const theirs: number[] = [];
      const theirJpeg: number[] = [];
      const filtered: number[] = [];
      const unfiltered: number[] = [];
      for (let round = 0; round < rounds; round++) {
        mine.push(await ours(url, ourPictures, false));
        filtered.push(await floor(true));
        unfiltered.push(await floor(false));
        theirs.push(await peer(url, proofOnly));
        withJpeg.push(await ours(url, ourPictures, true));
        theirJpeg.push(await peer(url, smallJpeg));
      }
      rows.push(
        row(name, mine, 'ffmpeg', theirs),
        row(`${name}, and a JPEG of 320 px`, withJpeg, 'ffmpeg', theirJpeg),
        floorRow(`${name}, beside the decoding alone`, mine, filtered),
        floorRow(`${name}, beside the decoding alone without its loop filter`, mine, unfiltered),
      );
    }
    return rows;
  } finally {
    for (const child of [prober, libavcodec, ...scenes]) child.disconnect();
  }
};
