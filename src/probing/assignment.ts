import type { Target } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import { allowList } from '../inventory/site.ts';
import type { Vault } from '../inventory/vault.ts';
import { storable } from './storable.ts';

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
  /** Of its credentials; what a refusal is bound to. */
  readonly version: number | null;
  readonly target: Target;
};

type Batch = {
  inspection: number;
  attempt: number;
  slot: Date;
  cameras: number[];
  evidence: boolean;
  deadline: number;
};

type Row = {
  camera: number;
  code: string;
  picture_due: boolean;
  rtsp_url: string;
  onvif_url: string | null;
  networks: string[];
  version: number | null;
  sealed: Buffer | null;
  basic_allowed: boolean | null;
  refused: string | null;
  refused_as: 'unauthorized' | 'forbidden' | null;
};

/**
 * What is left to do of a batch: its cameras without a result in its slot. A batch that a worker died over is taken up
 * where it stands; one whose inspection is over gives nothing. Passwords are opened here and live as long as the probe.
 */
export const assignmentsOf = async (db: Queryable, vault: Vault, id: number): Promise<Assignment[]> => {
  const batch = await db.maybeOne<Batch>(
    `select b.inspection, b.attempt, b.slot, b.cameras, p.evidence, p.deadline
     from batch b
     join inspection i on i.id = b.inspection and i.completed_at is null
     join policy p on p.version = i.policy
     where b.id = $1`,
    [id],
  );
  if (batch === null) return [];
  // The slot as a parameter: joined to the batch, every chunk of the history would be read (235 ms at 60 days).
  const rows = await db.many<Row>(
    `select c.id as camera, c.code, ro.picture_due, c.rtsp_url, c.onvif_url, s.networks::text[] as networks,
       cr.version, cr.sealed, cr.basic_allowed, lr.detail as refused, lr.kind as refused_as
     from unnest($1::integer[]) with ordinality as a (camera, position)
     join camera c on c.id = a.camera
     join site s on s.code = c.site
     join roster ro on ro.inspection = $2 and ro.camera = c.id
     left join credential cr on cr.camera = c.id
     left join login_refusal lr on lr.camera = c.id and lr.version = cr.version
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
    return {
      camera: row.camera,
      code: row.code,
      inspection: batch.inspection,
      attempt: batch.attempt,
      slot: batch.slot,
      pictureDue: row.picture_due,
      evidence: batch.evidence,
      host: URL.parse(row.rtsp_url)?.hostname ?? row.rtsp_url,
      fault: login === 'sealed' ? 'the sealed login does not open with this key' : null,
      version: row.version,
      target: {
        url: row.rtsp_url,
        ...(row.onvif_url === null ? {} : { onvifUrl: row.onvif_url }),
        login: login === 'sealed' ? null : login,
        deadlineMs: batch.deadline,
        allow,
      },
    };
  });
};

/** One seal that does not open costs its own camera an answer, and nobody else. */
const loginOf = (row: Row, vault: Vault): Target['login'] | 'sealed' => {
  if (row.sealed === null || row.version === null) return null;
  if (row.refused !== null) return { refused: row.refused, as: row.refused_as ?? 'unauthorized' };
  try {
    return { ...vault.open(row.sealed, row.code, row.version), basicAllowed: row.basic_allowed === true };
  } catch {
    return 'sealed';
  }
};

/** Writes down that a device refused a login, at once and before anything else: nobody tries this version again. */
export const noteRefusal = (
  db: Queryable,
  camera: number,
  version: number,
  at: Date,
  kind: 'unauthorized' | 'forbidden',
  detail: string,
): Promise<number> =>
  db.run(
    'insert into login_refusal (camera, version, refused_at, kind, detail) values ($1, $2, $3, $4, $5) on conflict do nothing',
    [camera, version, at, kind, storable(detail)],
  );
