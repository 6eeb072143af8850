import type { Database } from '../db/pool.ts';
import { archiveColumns } from './columns.ts';
import { noCamera, type Photo } from './photo.ts';
import type { Archive } from './row.ts';

/** What there is on file of one camera; no login, only whether there is one. */
export type CameraFile = {
  readonly camera: {
    readonly code: string;
    readonly name: string;
    readonly unit: string;
    readonly unitName: string;
    readonly class: string;
    readonly site: string;
    readonly rtspUrl: string;
    readonly onvifUrl: string | null;
    readonly snapshotUrl: string | null;
    readonly state: string;
    readonly login: boolean;
    readonly changedAt: Date;
  };
  /** Every column; null: not known. */
  readonly archive: Archive;
  readonly photos: readonly Photo[];
};

/** One value that an import changed. Of a login, `***` stands for any. */
export type Happened = {
  readonly at: Date;
  readonly import: number;
  readonly by: string;
  readonly file: string | null;
  readonly note: string | null;
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
};

/** A Sentence where there is no such camera. */
export const cameraFile = async (db: Database, code: string): Promise<CameraFile> => {
  const row = await db.maybeOne<CameraFile['camera'] & { readonly id: number; readonly archive: Archive }>(
    `select c.id, c.code, c.name, c.unit, u.name as "unitName", c.class, c.site, c.rtsp_url as "rtspUrl",
       c.onvif_url as "onvifUrl", c.snapshot_url as "snapshotUrl", c.state, cr.camera is not null as login,
       c.changed_at as "changedAt",
       json_build_object(${archiveColumns.map((name) => `'${name}', a.${name}::text`).join(', ')}) as archive
     from camera c join unit u on u.code = c.unit
     left join archive a on a.camera = c.id
     left join credential cr on cr.camera = c.id
     where c.code = $1`,
    [code],
  );
  if (row === null) throw noCamera(code);
  const { id, archive, ...camera } = row;
  const photos = await db.many<Photo>(
    `select encode(p.sha256, 'hex') as sha256, p.media, p.width, p.height, octet_length(p.bytes) as bytes, cp.at, cp.by, cp.note
     from camera_photo cp join photo p using (sha256) where cp.camera = $1 order by cp.at, p.sha256`,
    [id],
  );
  return { camera, archive, photos };
};

/** What imports changed of a camera, the latest first. */
export const historyOf = (db: Database, code: string): Promise<Happened[]> =>
  db.many<Happened>(
    `select i.at, ch.import, i.by, i.file, i.note, f.field, f.change ->> 0 as old, f.change ->> 1 as new
     from camera_change ch join camera c on c.id = ch.camera join import i on i.id = ch.import
     cross join jsonb_each(ch.changes) as f (field, change)
     where c.code = $1 order by ch.import desc, f.field`,
    [code],
  );
