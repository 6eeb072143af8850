import { parseRtspUrl, type Target } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import { allowList } from '../inventory/site.ts';
import type { Vault } from '../inventory/vault.ts';
import type { HostLogin } from './login-book.ts';

/** One camera to probe, for one slot. */
export type Assignment = {
  readonly camera: number;
  readonly code: string;
  readonly inspection: number;
  readonly attempt: number;
  readonly slot: Date;
  readonly pictureDue: boolean;
  readonly evidence: boolean;
  readonly host: string;
  /** Set where this service cannot probe it: its sealed login does not open. */
  readonly fault: string | null;
  /** Which login on which host; null where it has none, or one that does not open. */
  readonly login: HostLogin | null;
  readonly snapshotProves: boolean;
  /** Also ask over ONVIF who the device is. */
  readonly deviceFacts: boolean;
  readonly target: Target;
};

type Batch = {
  inspection: number;
  attempt: number;
  slot: Date;
  cameras: number[];
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

/**
 * What is left to do of a batch: its cameras without a result in its slot. A batch that a worker died over is taken up
 * where it stands; one whose inspection is over gives nothing. Passwords are opened here and live as long as the probe.
 */
export const assignmentsOf = async (db: Queryable, vault: Vault, id: number): Promise<Assignment[]> => {
  const batch = await db.maybeOne<Batch>(
    `select b.inspection, b.attempt, b.slot, b.cameras, p.evidence, p.deadline, p.snapshot_proves, p.device_facts
     from batch b
     join inspection i on i.id = b.inspection and i.completed_at is null
     join policy p on p.version = i.policy
     where b.id = $1`,
    [id],
  );
  if (batch === null) return [];
  // The slot as a parameter: joined to the batch, every chunk of the history would be read (235 ms at 60 days).
  const rows = await db.many<Row>(
    `select c.id as camera, c.code, ro.picture_due, c.rtsp_url, c.onvif_url, c.snapshot_url, c.transport,
       c.certificate, c.deadline,
       -- By host and port: cameras behind one router have a port each.
       exists (select from camera o where o.host = c.host and o.id <> c.id and o.in_use
         and split_part(o.rtsp_url, '/', 3) = split_part(c.rtsp_url, '/', 3)) as shared,
        s.networks::text[] as networks, s.authorities, cr.version, cr.sealed,
       cr.basic_allowed, cr.renewed_at
     from unnest($1::integer[]) with ordinality as a (camera, position)
     join camera c on c.id = a.camera
     join site s on s.code = c.site
     join roster ro on ro.inspection = $2 and ro.camera = c.id
     left join credential cr on cr.camera = c.id
     where not exists (select from result r where r.camera = c.id and r.slot = $3)
     order by a.position`,
    [batch.cameras, batch.inspection, batch.slot],
  );
  const allowed = new Map<string, (address: string) => boolean>();
  return rows.map((row) => {
    const key = row.networks.join();
    const allow = allowed.get(key) ?? allowList(row.networks);
    allowed.set(key, allow);
    const login = loginOf(row, vault);
    const host = hostOf(row.rtsp_url);
    const { certificate, authorities } = row;
    return {
      camera: row.camera,
      code: row.code,
      inspection: batch.inspection,
      attempt: batch.attempt,
      slot: batch.slot,
      pictureDue: row.picture_due,
      evidence: batch.evidence,
      snapshotProves: batch.snapshot_proves,
      deviceFacts: batch.device_facts && batch.attempt === 1,
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
        deadlineMs: row.deadline ?? batch.deadline,
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
