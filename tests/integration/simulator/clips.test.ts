import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Sentence } from '../../../src/sentence.ts';
import { type AccessUnit, joinNals } from '../../../src/simulator/annexb.ts';
import { type Clip, loadClips } from '../../../src/simulator/clips.ts';
import { benchmarkClip, gop, pictures } from '../../../src/simulator/scenes.ts';
import { clipsDir } from '../../support/clips.ts';

let clips: readonly Clip[];
beforeAll(async () => {
  clips = await loadClips(clipsDir);
});

const decode = (clip: Clip, units: readonly AccessUnit[], args: readonly string[] = []) => {
  const format = clip.codec === 'h264' ? 'h264' : 'hevc';
  return spawnSync('ffmpeg', ['-v', 'warning', ...args, '-f', format, '-i', 'pipe:0', '-f', 'null', '-'], {
    input: joinNals([...clip.parameterSets, ...units.flatMap(({ nals }) => nals)]),
    encoding: 'utf8',
  });
};

const keysOf = (clip: Clip) => clip.pictures.filter(({ key }) => key);

describe('the clips', () => {
  test('cover both codecs, both streams and every place for parameter sets', () => {
    const seen = (of: (clip: Clip) => string) => [...new Set(clips.map(of))].sort();
    expect(seen(({ codec, stream }) => `${codec} ${stream}`)).toEqual([
      'h264 main',
      'h264 sub',
      'h265 main',
      'h265 sub',
    ]);
    expect(seen(({ sets }) => sets)).toEqual(['band', 'both', 'sdp']);
  });

  test('have two groups of pictures of two seconds, and their parameter sets', () => {
    for (const clip of clips) {
      expect(clip.pictures.length).toBe(pictures);
      clip.pictures.forEach(({ key }, place) => {
        expect(key).toBe(place % gop === 0);
      });
      expect(clip.parameterSets.length).toBe(clip.codec === 'h264' ? 2 : 3);
      expect(clip.damagedKeys.map(({ nals }) => nals.map(({ length }) => length))).toEqual(
        keysOf(clip).map(({ nals }) => nals.map(({ length }) => length)),
      );
    }
  });

  test("hold the benchmark's stream, whose key frames have 46 KB within a tenth", () => {
    const clip = clips.find(({ name }) => name === benchmarkClip)!;
    for (const { nals } of keysOf(clip)) {
      const size = nals.reduce((sum, { length }) => sum + length, 0);
      expect(size).toBeGreaterThan(46_000 * 0.9);
      expect(size).toBeLessThan(46_000 * 1.1);
    }
  });

  test('decode from end to end without a warning', () => {
    for (const clip of clips) expect(decode(clip, clip.pictures, ['-err_detect', 'explode']).stderr).toBe('');
  });

  test('have damaged doubles, each of which ffmpeg refuses when strict and complains of when not', () => {
    for (const clip of clips) {
      for (const key of clip.damagedKeys) {
        const strict = decode(clip, [key], ['-threads', '1', '-err_detect', 'explode']);
        expect([clip.name, strict.status === 0]).toEqual([clip.name, false]);
        expect(decode(clip, [key]).stderr).not.toBe('');
      }
    }
  });

  test('are made once, even where two processes ask at the same time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'xunjian-clips-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const [one, other] = await Promise.all([loadClips(directory), loadClips(directory)]);
    expect(one).toEqual(clips);
    expect(other).toEqual(clips);
    expect((await readdir(directory)).length).toBe(2 * clips.length);
    const told: string[] = [];
    vi.stubEnv('PATH', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    await loadClips(directory, (done, total, name) => told.push(`${done}/${total} ${name}`));
    expect(told.length).toBe(clips.length);
    expect(told[0]).toBe(`1/${clips.length} crossroads-main-h264`);
  });

  test('cannot be made without ffmpeg, which is said with the remedy', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'xunjian-clips-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    vi.stubEnv('PATH', directory);
    onTestFinished(() => void vi.unstubAllEnvs());
    const failed = await loadClips(directory).catch((cause: unknown) => cause);
    expect(failed).toBeInstanceOf(Sentence);
    expect((failed as Sentence).zh).toContain('apt-get install ffmpeg');
  });
});
