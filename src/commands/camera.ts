import { readFile, writeFile } from 'node:fs/promises';
import { type CameraFile, cameraFile, type Happened, historyOf } from '../inventory/camera-file.ts';
import { titleOf } from '../inventory/columns.ts';
import { addPhoto, photoBytes } from '../inventory/photo.ts';
import { worded } from '../inventory/values.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import { changing, looking } from './audited.ts';
import { exit } from './exit.ts';
import { shown } from './import-plan.ts';
import { whoever } from './whoever.ts';

export type CameraOptions = {
  /** A file to be put to its photos. */
  readonly photo?: string;
  /** SHA-256 of one of its photos, or as much of its beginning as tells it from the others. */
  readonly save?: string;
  /** Where it goes. */
  readonly to?: string;
  readonly by?: string;
  readonly note?: string;
  readonly history?: true;
  readonly json?: true;
};

/** Shows what is on file of one camera; puts a photo to it, or takes one out into a file. */
export const camera = async ({ db }: Ground, code: string, options: CameraOptions): Promise<number> => {
  requireWith(options.photo, '--photo', { '--by': options.by, '--note': options.note });
  requireWith(options.save, '--save', { '--to': options.to });
  if (options.photo !== undefined) {
    const who = whoever(options);
    const bytes = await readFile(options.photo).catch((error: NodeJS.ErrnoException) => {
      throw new Sentence(
        `--photo ${options.photo}：无法读取（${error.code}）`,
        `--photo ${options.photo}: cannot be read (${error.code})`,
      );
    });
    const acting = { action: 'photo.add', kind: 'camera', on: code, by: who.by, why: who.note } as const;
    await changing(db, acting, async (note) => {
      const { sha256, added } = await addPhoto(db, code, bytes, who);
      note({ detail: { sha256, added } });
    });
  }
  const file = await cameraFile(db, code);
  if (options.save !== undefined) await save(db, file, options.save, options.to);
  const history = options.history === true ? await historyOf(db, code) : null;
  process.stdout.write(
    options.json === true ? `${JSON.stringify(history === null ? file : { ...file, history })}\n` : text(file, history),
  );
  return exit.ok;
};

/** What would say nothing by itself is not passed over. */
const requireWith = (
  main: string | undefined,
  name: string,
  others: Readonly<Record<string, string | undefined>>,
): void => {
  const idle = Object.keys(others).find((option) => others[option] !== undefined);
  if (main !== undefined || idle === undefined) return;
  throw new Sentence(`${idle} 须与 ${name} 同用`, `${idle} goes with ${name}`);
};

const save = async (db: Ground['db'], file: CameraFile, beginning: string, to: string | undefined): Promise<void> => {
  const meant = file.photos.filter(({ sha256 }) => sha256.startsWith(beginning.toLowerCase()));
  if (meant.length !== 1) {
    throw new Sentence(
      `--save ${beginning}：该点位有 ${meant.length} 张照片以此开头；请给出照片的 SHA-256`,
      `--save ${beginning}: ${meant.length} photos of this camera begin so; give the SHA-256 of one`,
    );
  }
  const { sha256, media } = meant[0]!;
  const path = to ?? `${file.camera.code}-${sha256.slice(0, 12)}.${media === 'image/png' ? 'png' : 'jpg'}`;
  const photo = await photoBytes(db, file.camera.code, sha256);
  const { code, unit } = file.camera;
  await looking(db, { action: 'photo.look', kind: 'camera', on: code, unit, detail: { sha256, file: path } });
  await writeFile(path, photo!.bytes, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new Sentence(`${path}：无法写入（${error.code}）`, `${path}: cannot be written (${error.code})`);
  });
};

const value = (field: string, given: string | null): string => (given === null ? '—' : shown(worded(field, given)));

const text = ({ camera: one, archive, photos }: CameraFile, history: readonly Happened[] | null): string => {
  const facts: [string, string | null][] = [
    [titleOf('code'), one.code],
    [titleOf('name'), one.name],
    [titleOf('unit'), `${one.unit} ${one.unitName}`],
    [titleOf('class'), worded('class', one.class)],
    [titleOf('site'), one.site],
    [titleOf('state'), worded('state', one.state)],
    [titleOf('rtsp_url'), one.rtspUrl],
    [titleOf('onvif_url'), one.onvifUrl],
    [titleOf('snapshot_url'), one.snapshotUrl],
    ['登录信息', one.login ? '已登记 on file' : '无 none'],
    ...Object.entries(archive).map(([name, value]): [string, string | null] => [
      titleOf(name),
      value == null ? null : worded(name, value),
    ]),
  ];
  const lines = facts.map(([title, value]) => `${title}：${value === null ? '—' : shown(value)}`);
  lines.push(`照片 photos：${photos.length}`);
  for (const { sha256, media, width, height, bytes, at, by, note } of photos) {
    lines.push(
      `  ${sha256}  ${media}  ${width}×${height}  ${bytes} B  ${localTime(at)}  ${shown(by)}  ${shown(note ?? '')}`.trimEnd(),
    );
  }
  if (history !== null) {
    lines.push(`历史 history：${history.length}`);
    for (const { at, import: id, by, field, old, new: next } of history) {
      const change = field === 'login' ? '已更改 changed' : `${value(field, old)} → ${value(field, next)}`;
      lines.push(
        `  ${localTime(at)}  #${id}  ${shown(by)}  ${field === 'login' ? '登录信息 login' : titleOf(field)}：${change}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
};
