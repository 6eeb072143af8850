import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sentence } from '../sentence.ts';
import { type AccessUnit, joinNals, parseStream } from './annexb.ts';
import { damagedCandidates } from './damage.ts';
import { encoderArgs, type Filming, filmings, pictures, type Recipe } from './scenes.ts';

/** A scene as a camera sends it: four seconds in two groups of pictures, to be repeated. */
export type Clip = Recipe & {
  /** H.264: SPS, PPS. H.265: VPS, SPS, PPS. */
  readonly parameterSets: readonly Buffer[];
  /** Without parameter sets. */
  readonly pictures: readonly AccessUnit[];
  /** A damaged double of each key frame, in their order; libavcodec refuses each of them. */
  readonly damagedKeys: readonly AccessUnit[];
};

export type ClipProgress = (done: number, total: number, name: string) => void;

const elementary = { h264: 'h264', h265: 'hevc' } as const;

type Ended = { readonly status: number; readonly words: string };

/** Runs ffmpeg to its end. Throws a Sentence where it is not installed. */
const ffmpeg = (args: readonly string[], input?: Buffer): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn('ffmpeg', ['-hide_banner', '-nostdin', ...args], {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      words += chunk;
    });
    child.on('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'ENOENT'
          ? new Sentence(
              '未找到 ffmpeg，模拟摄像机需要它来生成视频。请安装：apt-get install ffmpeg',
              'ffmpeg was not found; the simulated cameras need it to make their video. Install it: apt-get install ffmpeg',
            )
          : cause,
      ),
    );
    // ffmpeg may end before it has read all of a damaged picture.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    child.on('close', (status) => resolve({ status: status ?? -1, words }));
  });

/** Another process may make the same file at the same time: both write the same bytes, and the rename is atomic. */
const writeWhole = async (path: string, bytes: Buffer): Promise<void> => {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, bytes);
  await rename(draft, path);
};

const maybeRead = async (path: string): Promise<Buffer | null> => {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
};

const pathOf = (directory: string, filming: Filming, recipe: Recipe): string => {
  const made = JSON.stringify([filming.graph, encoderArgs(recipe), pictures]);
  return join(directory, `${recipe.name}-${createHash('sha256').update(made).digest('hex').slice(0, 16)}`);
};

const shoot = async (directory: string, filming: Filming): Promise<void> => {
  const outputs = filming.recipes.map((recipe) => ({
    recipe,
    path: pathOf(directory, filming, recipe),
    draft: join(directory, `${recipe.name}.${randomUUID()}`),
  }));
  const { status, words } = await ffmpeg([
    ...['-v', 'error', '-y', '-filter_complex', filming.graph],
    ...outputs.flatMap(({ recipe, draft }) => [
      ...['-map', `[${recipe.codec}]`, '-frames:v', `${pictures}`],
      ...encoderArgs(recipe),
      draft,
    ]),
  ]);
  if (status !== 0)
    throw new Sentence(
      `ffmpeg 未能生成模拟视频（需要 libx264、libx265、drawtext）：${words.trim().slice(-300)}`,
      `ffmpeg could not make the simulated video (it needs libx264, libx265 and drawtext): ${words.trim().slice(-300)}`,
    );
  for (const { path, draft } of outputs) await rename(draft, path);
};

/** A decoder that must notice: one that stops at errors, and one that only warns; alone and with threads. */
const witnesses = [
  { explode: true, args: ['-threads', '1', '-err_detect', 'explode'] },
  { explode: false, args: ['-threads', '1'] },
  { explode: false, args: [] },
];

/** What each witness says of a picture: whether all of them notice damage. */
const noticed = async (recipe: Recipe, bytes: Buffer): Promise<boolean> => {
  for (const { explode, args } of witnesses) {
    const input = [...args, '-f', elementary[recipe.codec], '-i', 'pipe:0', '-frames:v', '1', '-f', 'null', '-'];
    const { status, words } = await ffmpeg(['-v', 'warning', ...input], bytes);
    if (explode ? status === 0 : words === '') return false;
  }
  return true;
};

/**
 * Noise alone is not always noticed: about one try in three ends an H.265 slice early, without a word from ffmpeg 5.1.
 * So each candidate is shown to ffmpeg, and the first that it refuses is taken.
 */
const damage = async (recipe: Recipe, sets: readonly Buffer[], key: AccessUnit): Promise<AccessUnit> => {
  for (const candidate of damagedCandidates(key))
    if (await noticed(recipe, joinNals([...sets, ...candidate.nals]))) return candidate;
  throw new Error(`no damage of a key frame of ${recipe.name} was noticed by ffmpeg`);
};

const load = async (directory: string, filming: Filming, recipe: Recipe): Promise<Clip> => {
  const path = pathOf(directory, filming, recipe);
  const stream = parseStream(recipe.codec, await readFile(path));
  const keys = stream.pictures.filter(({ key }) => key);
  const damagedPath = `${path}-damaged`;
  let damaged = await maybeRead(damagedPath);
  if (damaged === null) {
    const made = await Promise.all(keys.map((key) => damage(recipe, stream.sets, key)));
    damaged = joinNals(made.flatMap(({ nals }) => nals));
    await writeWhole(damagedPath, damaged);
  }
  return {
    ...recipe,
    parameterSets: stream.sets,
    pictures: stream.pictures,
    damagedKeys: parseStream(recipe.codec, damaged).pictures,
  };
};

/**
 * All clips, made by ffmpeg where `directory` does not hold them yet (some 15 s on two cores), else read from there.
 * Throws a Sentence where ffmpeg is missing or cannot encode.
 */
export const loadClips = async (directory: string, onProgress?: ClipProgress): Promise<readonly Clip[]> => {
  await mkdir(directory, { recursive: true });
  const clips: Clip[] = [];
  const total = filmings.length * 2;
  for (const filming of filmings) {
    const held = await Promise.all(filming.recipes.map((recipe) => maybeRead(pathOf(directory, filming, recipe))));
    if (held.includes(null)) await shoot(directory, filming);
    for (const recipe of filming.recipes) {
      clips.push(await load(directory, filming, recipe));
      onProgress?.(clips.length, total, recipe.name);
    }
  }
  return clips;
};
