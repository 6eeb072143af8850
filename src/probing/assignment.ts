import { parseRtspUrl, type Target } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import { allowList } from '../inventory/site.ts';
import type { Vault } from '../inventory/vault.ts';
import type { ProbeJob } from '../schedule/enqueue.ts';
import type { HostLogin } from './login-book.ts';

/** One camera to probe, for one slot. */
export type Assignment = {
  readonly camera: number;
  readonly code: string;
  /** null: of a sweep. */
  readonly inspection: number | null;
  readonly attempt: number | null;
  readonly slot: Date;
  readonly site: string;
  readonly pictureDue: boolean;
  readonly evidence: boolean;
  readonly host: string;
  /** Set where this service cannot probe it: its sealed login does not open. */
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

type Row = {
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
  networks: string[];
  authorities: string | null;
  version: number | null;
  sealed: Buffer | null;
  basic_allowed: boolean | null;
  renewed_at: Date | null;
};

const workOf = (db: Queryable, job: ProbeJob): Promise<Work | null> =>
  'batch' in job
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
       s.networks::text[] as networks, s.authorities, cr.version, cr.sealed, cr.basic_allowed, cr.renewed_at
     from unnest($1::integer[]) with ordinality as a (camera, position)
     join camera c on c.id = a.camera
     join site s on s.code = c.site
     left join roster ro on ro.inspection = $2 and ro.camera = c.id
     left join credential cr on cr.camera = c.id
     where not exists (select from result r where r.camera = c.id and r.slot = $3)
     order by a.position`,
    [work.cameras, work.inspection, work.slot, work.pictures],
  );
  const allowed = new Map<string, (address: string) => boolean>();
  return rows.map((row) => {
    const key = row.networks.join();
    const allow = allowed.get(key) ?? allowList(row.networks);
    allowed.set(key, allow);
    // Whether a device answers is asked without a login, but for a recorder's channel: nothing is opened for it.
    const needed = row.picture_due || row.shared || work.device_facts;
    const login = needed ? loginOf(row, vault) : null;
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
      fault: login === 'sealed' ? 'the sealed login does not open with this key' : null,
      login:
        login === null || login === 'sealed'
          ? null
          : { host, fingerprint: vault.fingerprint(login), renewedAt: row.renewed_at },
      target: {
        url: row.rtsp_url,
        ...(row.onvif_url === null ? {} : { onvifUrl: row.onvif_url }),
        ...(row.snapshot_url === null ? {} : { snapshotUrl: row.snapshot_url }),
        login: login === 'sealed' ? null : login,
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

/** One seal that does not open costs its own camera an answer, and nobody else. */
const loginOf = (row: Row, vault: Vault): Target['login'] | 'sealed' => {
  if (row.sealed === null || row.version === null) return null;
  try {
    return { ...vault.open(row.sealed, row.code, row.version), basicAllowed: row.basic_allowed === true };
  } catch {
    return 'sealed';
  }
};
