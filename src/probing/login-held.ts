import type { Queryable } from '../db/pool.ts';
import { hostOf } from './assignment.ts';

export type HeldLogin = {
  readonly code: string;
  readonly name: string;
  readonly host: string;
  readonly service: string;
  /** `unauthorized` and `forbidden` were said by the device; `trying` was sent by a worker that died over it. */
  readonly kind: 'unauthorized' | 'forbidden' | 'trying';
  readonly at: Date;
  readonly detail: string | null;
};

type Stored = { code: string; name: string; rtsp_url: string; fingerprint: Buffer; renewed_at: Date | null };

/** Every camera whose present login is not tried any more. Reads every login in use: for a person, not for a tick. */
export const heldLogins = async (db: Queryable): Promise<HeldLogin[]> => {
  const rows = await db.many<{
    host: string;
    fingerprint: Buffer;
    service: string;
    kind: HeldLogin['kind'];
    at: Date;
    detail: string | null;
  }>(
    `select host, fingerprint, coalesce(refused_by, trying) as service, coalesce(refused_kind, 'trying') as kind,
       coalesce(refused_at, tried_at) as at, refused_detail as detail
     from login where refused_by is not null or trying is not null order by at`,
  );
  if (rows.length === 0) return [];
  const cameras = await db.many<Stored>(
    `select c.code, c.name, c.rtsp_url, cr.fingerprint, cr.renewed_at
     from camera c join credential cr on cr.camera = c.id where c.in_use order by c.code`,
  );
  const byLogin = Map.groupBy(
    cameras,
    (camera) => `${hostOf(camera.rtsp_url)} ${camera.fingerprint.toString('base64')}`,
  );
  return rows.flatMap(({ host, fingerprint, ...row }) =>
    (byLogin.get(`${host} ${fingerprint.toString('base64')}`) ?? [])
      // What came of it before its password was changed, and changed back, holds nobody up.
      .filter(({ renewed_at }) => renewed_at === null || renewed_at <= row.at)
      .map(({ code, name }) => ({ code, name, host, ...row })),
  );
};

/** Lets every login go on over which a worker died, all at once; gives their number. The outcome of each is unknown. */
export const releaseInterrupted = (db: Queryable): Promise<number> =>
  db.run('update login set trying = null, tried_at = null, trial = null where trying is not null');

/** How many logins wait for a person because a worker died over them. */
export const interruptedLogins = async (db: Queryable): Promise<number> =>
  (await db.one<{ count: number }>('select count(*) as count from login where trying is not null')).count;

/** Forgets what came of a camera's login, so that it is tried once more: on the word of a person who has verified it. */
export const releaseLogin = async (db: Queryable, code: string): Promise<'released' | 'no camera'> => {
  const camera = await db.maybeOne<Pick<Stored, 'rtsp_url' | 'fingerprint'>>(
    `select c.rtsp_url, cr.fingerprint from camera c join credential cr on cr.camera = c.id where c.code = $1`,
    [code],
  );
  if (camera === null) return 'no camera';
  await db.run('delete from login where host = $1 and fingerprint = $2', [hostOf(camera.rtsp_url), camera.fingerprint]);
  return 'released';
};
