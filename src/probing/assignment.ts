import { parseRtspUrl, type Target } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import { KeyUnavailable } from '../inventory/master-keys.ts';
import { SealBroken } from '../inventory/seal.ts';
import { allowList } from '../inventory/site.ts';
import { type KeyColumns, keyColumns, keyOf } from '../inventory/stored-login.ts';
import type { Vault } from '../inventory/vault.ts';
import type { ProbeJob } from '../schedule/enqueue.ts';
import { ofNoInspection } from '../schedule/probe-request.ts';
import type { HostLogin } from './login-book.ts';

/** One camera to probe, for one slot. */
export type Assignment = {
  readonly camera: number;
  readonly code: string;
  /** null: of a sweep; 0: of neither, somebody asked for it. */
  readonly inspection: number | null;
  readonly attempt: number | null;
  readonly slot: Date;
  readonly site: string;
  readonly pictureDue: boolean;
  readonly evidence: boolean;
  readonly host: string;
  /** Set where this service cannot probe it: its sealed login may not be read or does not open, or it was moved to another site. */
  readonly fault: string | null;
  /** Which login on which host; null where it has none, one that does not open, or where no probe of it needs one. */
  readonly login: HostLogin | null;
  readonly snapshotProves: boolean;
  /** Also ask over ONVIF who the device is. */
  readonly deviceFacts: boolean;
  readonly target: Target;
};

/** A job's cameras, and what is to be found out of them. */
type Work = {
  inspection: number | null;
  attempt: number | null;
  slot: Date;
  /** Whose workers do it; a camera may have been moved since. */
  site: string;
  cameras: number[];
  /** Of a sweep; in an inspection the roster says it of each camera. */
  pictures: boolean;
  evidence: boolean;
  deadline: number;
  snapshot_proves: boolean;
  device_facts: boolean;
};

type Row = KeyColumns & {
  camera: number;
  code: string;
  picture_due: boolean;
  rtsp_url: string;
  onvif_url: string | null;
  snapshot_url: string | null;
  transport: 'tcp' | 'udp';
  certificate: string | null;
  deadline: number | null;
  shared: boolean;
  moved: boolean;
  hidden: boolean;
  networks: string[];
  authorities: string | null;
  version: number | null;
  sealed: Buffer | null;
  fingerprint: Buffer | null;
  basic_allowed: boolean | null;
  renewed_at: Date | null;
};

const workOf = (db: Queryable, job: ProbeJob): Promise<Work | null> => {
  if ('request' in job) {
    // A camera that was taken out of use since is left alone.
    return db.maybeOne<Work>(
      `select ${ofNoInspection}::bigint as inspection, null::smallint as attempt, q.slot, q.site, array[q.camera] as cameras,
         q.want = 'picture' as pictures, p.evidence, p.deadline, p.snapshot_proves, false as device_facts
       from probe_request q
       join camera c on c.id = q.camera and c.in_use
       join policy p on p.version = q.policy
       where q.id = $1 and q.done_at is null and q.expired is null`,
      [job.request],
    );
  }
  return 'batch' in job
    ? db.maybeOne<Work>(
        `select b.inspection, b.attempt, b.slot, b.site, b.cameras, false as pictures, p.evidence, p.deadline, p.snapshot_proves,
           p.device_facts and b.attempt = 1 as device_facts
         from batch b
         join inspection i on i.id = b.inspection and i.completed_at is null
         join policy p on p.version = i.policy
         where b.id = $1`,
        [job.batch],
      )
    : db.maybeOne<Work>(
        `select null::bigint as inspection, null::smallint as attempt, s.slot, s.site, s.cameras, s.want = 'picture' as pictures,
           p.evidence, p.deadline, p.snapshot_proves, false as device_facts
         from sweep s join policy p on p.version = s.policy
         where s.slot = $1 and s.site = $2 and s.want = $3 and s.part = $4`,
        [new Date(job.sweep.slot), job.sweep.site, job.sweep.want, job.sweep.part],
      );
};

/**
 * What is left to do of a job: its cameras without a result in its slot. One that a worker died over is taken up where
 * it stands; a batch whose inspection is over gives nothing. Passwords are opened here and live as long as the probe.
 */
export const assignmentsOf = async (db: Queryable, vault: Vault, job: ProbeJob): Promise<Assignment[]> => {
  const work = await workOf(db, job);
  if (work === null) return [];
  // The slot as a parameter: joined to the batch, every chunk of the history would be read (235 ms at 60 days).
  const rows = await db.many<Row>(
    `select c.id as camera, c.code, coalesce(ro.picture_due, $4) as picture_due, c.rtsp_url, c.onvif_url, c.snapshot_url,
       c.transport, c.certificate, c.deadline,
       -- By host and port: cameras behind one router have a port each.
       exists (select from camera o where o.host = c.host and o.id <> c.id and o.in_use
         and split_part(o.rtsp_url, '/', 3) = split_part(c.rtsp_url, '/', 3)) as shared,
       s.networks::text[] as networks, s.authorities, c.site <> $5 as moved,
       -- A login that may not be read looks like none (migrations/repeatable/workers.sql).
       row_security_active('credential') and not pg_has_role('xunjian_service', 'usage') and not exists (
         select from worker_site w where w.site = c.site and w.login = current_user
       ) as hidden,
       cr.version, cr.sealed, cr.fingerprint, cr.basic_allowed, cr.renewed_at, ${keyColumns}
     from unnest($1::integer[]) with ordinality as a (camera, position)
     join camera c on c.id = a.camera
     join site s on s.code = c.site
     left join roster ro on ro.inspection = $2 and ro.camera = c.id
     -- A worker gets the logins of its own site alone, whatever cameras its job names.
     left join credential cr on cr.camera = c.id and c.site = $5
     left join data_key k on k.id = cr.data_key
     where not exists (select from result r where r.camera = c.id and r.slot = $3)
     order by a.position`,
    [work.cameras, work.inspection, work.slot, work.pictures, work.site],
  );
  // Whether a device answers is asked without a login, but for a recorder's channel: nothing is opened for it.
  const isNeeded = (row: Row): boolean => row.picture_due || row.shared || work.device_facts;
  await vault.hold(rows.filter(isNeeded).map(keyOf));
  const allowed = new Map<string, (address: string) => boolean>();
  return rows.map((row) => {
    const key = row.networks.join();
    const allow = allowed.get(key) ?? allowList(row.networks);
    allowed.set(key, allow);
    const { login, fault } = isNeeded(row) ? loginOf(row, vault) : noLogin;
    const host = hostOf(row.rtsp_url);
    const { certificate, authorities } = row;
    return {
      camera: row.camera,
      code: row.code,
      inspection: work.inspection,
      attempt: work.attempt,
      slot: work.slot,
      site: work.site,
      pictureDue: row.picture_due,
      evidence: work.evidence,
      snapshotProves: work.snapshot_proves,
      deviceFacts: work.device_facts,
      host,
      fault: row.moved ? 'the camera was moved to another site since' : fault,
      login: login === null ? null : { host, fingerprint: row.fingerprint!, renewedAt: row.renewed_at },
      target: {
        url: row.rtsp_url,
        ...(row.onvif_url === null ? {} : { onvifUrl: row.onvif_url }),
        ...(row.snapshot_url === null ? {} : { snapshotUrl: row.snapshot_url }),
        login,
        transport: row.transport,
        recorder: row.shared,
        ...(certificate === 'unverified'
          ? { trust: { by: 'nothing' } }
          : certificate !== null
            ? { trust: { by: 'pin', sha256: certificate } }
            : authorities !== null
              ? { trust: { by: 'ca', pem: authorities } }
              : {}),
        deadlineMs: row.deadline ?? work.deadline,
        allow,
      },
    };
  });
};

/** Whose turn and whose login it is. The same device by another spelling of its address would be two hosts. */
export const hostOf = (rtspUrl: string): string => {
  const host = parseRtspUrl(rtspUrl)?.host;
  if (host === undefined) return rtspUrl;
  return URL.parse(`http://${host.includes(':') ? `[${host}]` : host}/`)?.hostname ?? host;
};

type Opened = { readonly login: Target['login']; readonly fault: string | null };

const noLogin: Opened = { login: null, fault: null };

/** One seal that does not open costs its own camera an answer, and nobody else. */
const loginOf = (row: Row, vault: Vault): Opened => {
  const { code, version, sealed } = row;
  if (row.hidden) return { login: null, fault: 'the login of this worker may not read those of its site' };
  if (sealed === null || version === null) return noLogin;
  try {
    const credentials = vault.open({ code, version, sealed, key: keyOf(row) });
    return { login: { ...credentials, basicAllowed: row.basic_allowed === true }, fault: null };
  } catch (error) {
    // Ours, and no wrong password: nothing is tried.
    if (error instanceof KeyUnavailable) return { login: null, fault: 'no key at hand opens the sealed login' };
    if (error instanceof SealBroken) return { login: null, fault: 'the sealed login is not of this camera' };
    throw error;
  }
};
