import type { Database } from '../../../src/db/pool.ts';
import { completeInspection } from '../../../src/report/completion.ts';
import { decideExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { type Inspection, openInspection } from '../../../src/schedule/inspection.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

type Part = {
  readonly count: number;
  readonly unit?: '450203';
  readonly class?: 'skynet' | 'household';
  readonly site?: 'south';
  readonly url?: string;
  readonly archive?: Readonly<Record<string, string>>;
  readonly found?: 'offline' | 'no_picture' | 'unknown';
  readonly exempt?: true;
};

const recorder = 'rtsp://10.0.0.9/';
const repairers = (name: string, phone: string) => ({
  ...{ maintaining_unit: name, maintaining_contact: '韦工', maintaining_phone: phone },
});

/**
 * Two units that can be checked in the head. 城中区: Skynet 38 of 40 online and with a picture; social 100 of 104 online and
 * 96 with a picture, one exempt. 鱼峰区: all sound, with a pole and a recorder of the same names as in 城中区.
 */
const parts: readonly Part[] = [
  { count: 96 },
  { count: 38, class: 'skynet' },
  { count: 4, found: 'offline', archive: { onu: 'O-1', ...repairers('电信维护站', '0772-2825110') } },
  { count: 1, found: 'offline', exempt: true, archive: { onu: 'O-1' } },
  { count: 1, found: 'unknown', class: 'household', archive: { onu: 'O-1' } },
  {
    count: 2,
    found: 'offline',
    class: 'skynet',
    archive: { pole: '3', onu: 'O-2', ...repairers('路灯所', '0772-2800000') },
  },
  { count: 1, found: 'offline', class: 'household', archive: { onu: 'O-2' } },
  { count: 3, found: 'no_picture', url: recorder },
  { count: 1, found: 'no_picture', archive: { pole: '3' } },
  { count: 30, unit: '450203' },
  { count: 2, unit: '450203', archive: { pole: '3' } },
  { count: 2, unit: '450203', site: 'south', url: recorder },
];

export const inspectedAt = new Date('2026-10-01T00:00:00Z');

/** Puts the city and one inspection of it that is complete; gives it, and the codes of each part. */
export const putTodoCity = async (db: Database): Promise<{ inspection: Inspection; codes: string[][] }> => {
  const cameras = parts.flatMap((part, nth) => Array.from({ length: part.count }, () => ({ ...part, part: nth })));
  const ids = await putCameras(
    db,
    cameras.map(({ unit, class: name, site, url }, nth) => ({
      ...{
        serial: nth + 1,
        ...(unit && { unit }),
        ...(name && { class: name }),
        ...(site && { site }),
        ...(url && { url }),
      },
    })),
  );
  await db.run(
    `insert into archive (camera, onu, pole, maintaining_unit, maintaining_contact, maintaining_phone)
     select * from jsonb_to_recordset($1::jsonb) as a (camera integer, onu text, pole text, maintaining_unit text,
       maintaining_contact text, maintaining_phone text)`,
    [
      JSON.stringify(
        cameras.flatMap(({ archive }, nth) => (archive ? [{ camera: ids.get(nth + 1), ...archive }] : [])),
      ),
    ],
  );
  const { id } = await submitExemption(db, new Date(inspectedAt.getTime() - 3_600_000), {
    ...{ unit: '450202', applicant: '覃工', phone: '0772-2825110', reason: 'power_cut', text: null, attachment: null },
    selection: { by: 'list', codes: cameras.flatMap(({ exempt }, nth) => (exempt ? [codeOf(nth + 1)] : [])) },
    ...{ beginsAt: inspectedAt, endsAt: new Date(inspectedAt.getTime() + 86_400_000) },
  });
  await decideExemption(db, id, 'approved', '中心', null, inspectedAt);
  const inspection = await openInspection(db, inspectedAt, null);
  const results = cameras.map(({ found }, nth) => ({
    camera: ids.get(nth + 1),
    online: found === 'unknown' ? null : found !== 'offline',
    image: found === 'unknown' ? null : found === undefined,
    failure: { offline: 'unreachable', no_picture: 'no_keyframe', unknown: 'local_limit', sound: null }[
      found ?? 'sound'
    ],
  }));
  await db.run(
    `insert into result (slot, camera, inspection, attempt, observed_at, online, image, failure, took)
     select $2, camera, $3, 1, $2, online, image, failure, 5
     from jsonb_to_recordset($1::jsonb) as r (camera integer, online boolean, image boolean, failure text)`,
    [JSON.stringify(results), inspection.started_at, inspection.id],
  );
  await completeInspection(db, inspection, new Date(inspectedAt.getTime() + 1_200_000));
  const codes = parts.map((_, nth) => cameras.flatMap(({ part }, at) => (part === nth ? [codeOf(at + 1)] : [])));
  return { inspection, codes };
};
