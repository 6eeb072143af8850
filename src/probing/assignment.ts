import type { Target } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import { allowList } from '../inventory/site.ts';
import type { Vault } from '../inventory/vault.ts';

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
  /** Of its credentials; what a refusal is bound to. */
  readonly version: number | null;
  readonly target: Target;
};

type Row = {
  camera: number;
  code: string;
  inspection: number;
  attempt: number;
  slot: Date;
  picture_due: boolean;
  evidence: boolean;
  deadline: number;
  rtsp_url: string;
  onvif_url: string | null;
  networks: string[];
  version: number | null;
  sealed: Buffer | null;
  basic_allowed: boolean | null;
  refused: string | null;
};

/**
 * What is left to do of a batch: its cameras without a result in its slot. A batch that a worker died over is taken up
 * where it stands; one whose inspection is over gives nothing. Passwords are opened here and live as long as the probe.
 */
export const assignmentsOf = async (db: Queryable, vault: Vault, batch: number): Promise<Assignment[]> => {
  const rows = await db.many<Row>(
    `select c.id as camera, c.code, b.inspection, b.attempt, b.slot, ro.picture_due, p.evidence, p.deadline,
       c.rtsp_url, c.onvif_url, s.networks::text[] as networks, cr.version, cr.sealed, cr.basic_allowed,
       lr.detail as refused
     from batch b
     join inspection i on i.id = b.inspection and i.completed_at is null
     join policy p on p.version = i.policy
     cross join unnest(b.cameras) with ordinality as a (camera, position)
     join camera c on c.id = a.camera
     join site s on s.code = c.site
     join roster ro on ro.inspection = b.inspection and ro.camera = c.id
     left join credential cr on cr.camera = c.id
     left join login_refusal lr on lr.camera = c.id and lr.version = cr.version
     where b.id = $1 and not exists (select from result r where r.camera = c.id and r.slot = b.slot)
     order by a.position`,
    [batch],
  );
  const allowed = new Map<string, (address: string) => boolean>();
  return rows.map((row) => {
    const key = row.networks.join();
    const allow = allowed.get(key) ?? allowList(row.networks);
    allowed.set(key, allow);
    return {
      camera: row.camera,
      code: row.code,
      inspection: row.inspection,
      attempt: row.attempt,
      slot: row.slot,
      pictureDue: row.picture_due,
      evidence: row.evidence,
      host: URL.parse(row.rtsp_url)?.hostname ?? row.rtsp_url,
      version: row.version,
      target: {
        url: row.rtsp_url,
        ...(row.onvif_url === null ? {} : { onvifUrl: row.onvif_url }),
        login: loginOf(row, vault),
        deadlineMs: row.deadline,
        allow,
      },
    };
  });
};

const loginOf = (row: Row, vault: Vault): Target['login'] => {
  if (row.sealed === null || row.version === null) return null;
  if (row.refused !== null) return { refused: row.refused };
  return { ...vault.open(row.sealed, row.code, row.version), basicAllowed: row.basic_allowed === true };
};

/** Writes down that a device refused a login, at once and before anything else: nobody tries this version again. */
export const noteRefusal = (
  db: Queryable,
  camera: number,
  version: number,
  at: Date,
  detail: string,
): Promise<number> =>
  db.run(
    'insert into login_refusal (camera, version, refused_at, detail) values ($1, $2, $3, $4) on conflict do nothing',
    [camera, version, at, detail],
  );
