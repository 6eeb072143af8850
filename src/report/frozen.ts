import type { Queryable } from '../db/pool.ts';
import type { Inspection } from '../schedule/inspection.ts';
import type { Policy } from '../schedule/policy.ts';
import type { RateClass } from '../verdict/rates.ts';
import type { Answer, ClassFigures, FrozenAttempt, FrozenCamera, FrozenContent, UnitFigures } from './content.ts';
import { comparisonsOf } from './frozen-comparisons.ts';

type Header = Pick<FrozenContent, 'revision' | 'formula'>;

/**
 * The content of an inspection's first revision, from what its closing has just written: roster, outcomes, rates. Reads
 * the inspection's results, which are some 16,610 and their retries: in the snapshot in which the outcomes were made.
 */
export const frozenContent = async (
  tx: Queryable,
  inspection: Inspection & { readonly completed_at: Date },
  policy: Policy,
  units: readonly UnitFigures[],
  { revision, formula }: Header,
): Promise<FrozenContent> => ({
  format: 'xunjian-inspection/1',
  inspection: {
    id: inspection.id,
    day: inspection.day,
    unit: inspection.unit,
    startedAt: inspection.started_at.toISOString(),
    cutoffAt: inspection.cutoff_at.toISOString(),
    completedAt: inspection.completed_at.toISOString(),
  },
  revision,
  formula,
  policy: {
    ...policy,
    valid_from: policy.valid_from.toISOString(),
  },
  units,
  city: cityOf(units),
  comparisons: await comparisonsOf(tx, inspection.day),
  cameras: await frozenCameras(tx, inspection),
});

/**
 * The content of a further revision: the first one's cameras, with what this one judges otherwise, and its own figures.
 * Nothing of it is read anew but what it is compared with: results may be gone, and cameras have other names.
 */
export const revisedContent = async (
  tx: Queryable,
  first: FrozenContent,
  units: readonly UnitFigures[],
  adjusted: ReadonlyMap<string, AdjustedCamera>,
  { revision, formula }: Header,
): Promise<FrozenContent> => ({
  ...first,
  revision,
  formula,
  // The same units, which may have other names and another order in the city since.
  units: first.units.map(({ code, name }) => ({ ...units.find((unit) => unit.code === code)!, name })),
  city: cityOf(units),
  comparisons: await comparisonsOf(tx, first.inspection.day),
  cameras: first.cameras.map((camera) => revisedCamera(camera, adjusted.get(camera.code))),
});

/** As a revision judges a camera; `exempt` null: it is counted, `appeal` null: as it was found. */
export type AdjustedCamera = {
  readonly code: string;
  readonly exempt: FrozenCamera['exempt'];
  readonly online: boolean | null;
  readonly image: boolean | null;
  readonly appeal: number | null;
};

const answer = (value: boolean | null): Answer => (value === null ? 'unknown' : value ? 'yes' : 'no');

const revisedCamera = (found: FrozenCamera, adjusted: AdjustedCamera | undefined): FrozenCamera => {
  if (adjusted === undefined) return found;
  const { exempt, appeal } = adjusted;
  if (appeal === null) return { ...found, exempt };
  const [online, image] = [answer(adjusted.online), answer(adjusted.image)];
  const sound = online === 'yes' && (image === 'yes' || !found.pictureDue);
  return {
    ...found,
    exempt,
    online,
    image,
    ...(sound ? { failure: null, step: null, detail: null } : {}),
    appeal: { appeal, online: found.online, image: found.image },
  };
};

/** The revision's adjustments as the content tells them: by codes and words in place of numbers. */
export const adjustedCameras = async (
  tx: Queryable,
  inspection: number,
  revision: number,
): Promise<Map<string, AdjustedCamera>> => {
  const rows = await tx.many<Omit<AdjustedCamera, 'exempt'> & ExemptColumns>(
    `select ro.code, a.online, a.image, a.appeal, ${exemptColumns}
     from adjustment a
     join roster ro using (inspection, camera)
     left join exemption e on e.id = a.exemption
     left join exemption_reason x on x.code = e.reason
     where a.inspection = $1 and a.revision = $2`,
    [inspection, revision],
  );
  return new Map(rows.map((row) => [row.code, { ...row, exempt: exemptOf(row) }]));
};

type ExemptColumns = { readonly exemption: number | null; readonly reason: string | null; readonly until: Date | null };
/** Of exemption e with its reason x, in the words of the unit whose camera of the roster ro it is: of another one's, from before it moved, the reason alone. */
const exemptColumns = `e.id as exemption, concat_ws('：', x.zh, case when e.unit = ro.unit then e.text end) as reason,
  e.ends_at as until`;
const exemptOf = ({ exemption, reason, until }: ExemptColumns): FrozenCamera['exempt'] =>
  exemption === null ? null : { exemption, reason: reason!, until: until!.toISOString() };

const classes: readonly RateClass[] = ['total', 'skynet', 'social', 'household'];
const nothing: ClassFigures = {
  roster: 0,
  exempt: 0,
  unknown: 0,
  assessed: 0,
  online: 0,
  image: 0,
  raw: { assessed: 0, online: 0, image: 0 },
  verdict: { online: null, image: null },
};

const cityOf = (units: readonly UnitFigures[]): Record<RateClass, ClassFigures> =>
  Object.fromEntries(
    classes.map((name) => [name, units.map((unit) => unit.classes[name]).reduce(plus, nothing)]),
  ) as Record<RateClass, ClassFigures>;

const plus = (a: ClassFigures, b: ClassFigures): ClassFigures => ({
  roster: a.roster + b.roster,
  exempt: a.exempt + b.exempt,
  unknown: a.unknown + b.unknown,
  assessed: a.assessed + b.assessed,
  online: a.online + b.online,
  image: a.image + b.image,
  raw: {
    assessed: a.raw.assessed + b.raw.assessed,
    online: a.raw.online + b.raw.online,
    image: a.raw.image + b.raw.image,
  },
  verdict: a.verdict,
});

type CameraRow = ExemptColumns & {
  readonly camera: number;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly class: FrozenCamera['class'];
  readonly site: string;
  readonly picture_due: boolean;
  readonly online: boolean | null;
  readonly image: boolean | null;
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  readonly managing_unit: string | null;
  readonly maintaining_unit: string | null;
  readonly maintaining_contact: string | null;
  readonly maintaining_phone: string | null;
  readonly recorder: string | null;
  readonly pole: string | null;
  readonly onu: string | null;
  readonly power: string | null;
  readonly carrier: string | null;
  readonly host: string | null;
};

type AttemptRow = {
  readonly camera: number;
  readonly attempt: number;
  readonly slot: Date;
  readonly observed_at: Date;
  readonly online: boolean | null;
  readonly image: boolean | null;
  readonly failure: string | null;
  readonly step: string | null;
  readonly detail: string | null;
  readonly took: number;
  readonly faults: readonly string[] | null;
};

/** Joined here: the database would take three times as long to write them out as JSON. */
const frozenCameras = async (
  tx: Queryable,
  { id, started_at, cutoff_at }: Pick<Inspection, 'id' | 'started_at' | 'cutoff_at'>,
): Promise<FrozenCamera[]> => {
  const attempts = Map.groupBy(
    await tx.many<AttemptRow>(
      `select camera, attempt, slot,
         coalesce(observed_at, slot + observed_after * interval '1 millisecond') as observed_at,
         online, image, failure, step, detail, took, faults
       from result where inspection = $1 and slot between $2 and $3 order by camera, slot`,
      [id, started_at, cutoff_at],
    ),
    ({ camera }) => camera,
  );
  const rows = await tx.many<CameraRow>(
    `select ro.camera, ro.code, ro.name, ro.unit, ro.class, ro.site, ro.picture_due, ${exemptColumns},
       o.online, o.image, o.failure, o.step, o.detail,
       a.managing_unit, a.maintaining_unit, a.maintaining_contact, a.maintaining_phone,
       -- Several cameras of one host are channels of one recorder. Private networks use the same addresses: of one site.
       case when a.recorder is null and count(*) over (partition by c.host, ro.site) > 1
         then c.host || '@' || ro.site end as host,
       a.recorder, a.pole, a.onu, a.power, a.carrier
     from roster ro
     join outcome o using (inspection, camera)
     join camera c on c.id = ro.camera
     left join archive a on a.camera = ro.camera
     left join exemption e on e.id = ro.exemption
     left join exemption_reason x on x.code = e.reason
     where ro.inspection = $1
     order by ro.code`,
    [id],
  );
  return rows.map((row) => frozenCamera(row, attempts.get(row.camera) ?? []));
};

const frozenCamera = (row: CameraRow, attempts: readonly AttemptRow[]): FrozenCamera => ({
  code: row.code,
  name: row.name,
  unit: row.unit,
  class: row.class,
  site: row.site,
  pictureDue: row.picture_due,
  exempt: exemptOf(row),
  online: answer(row.online),
  image: answer(row.image),
  failure: row.failure,
  step: row.step,
  detail: row.detail,
  // Of the picture that counts: the last that came.
  faults: row.picture_due ? (attempts.findLast(({ image }) => image)?.faults ?? []) : [],
  attempts: attempts.map(frozenAttempt),
  appeal: null,
  party:
    (row.managing_unit ?? row.maintaining_unit ?? row.maintaining_contact ?? row.maintaining_phone) === null
      ? null
      : {
          managingUnit: row.managing_unit,
          maintainingUnit: row.maintaining_unit,
          maintainingContact: row.maintaining_contact,
          maintainingPhone: row.maintaining_phone,
        },
  shares: {
    recorder: row.recorder,
    pole: row.pole,
    onu: row.onu,
    power: row.power,
    carrier: row.carrier,
    host: row.host,
  },
});

const frozenAttempt = (row: AttemptRow): FrozenAttempt => ({
  attempt: row.attempt,
  slot: row.slot.toISOString(),
  observedAt: row.observed_at.toISOString(),
  online: answer(row.online),
  image: answer(row.image),
  failure: row.failure,
  step: row.step,
  detail: row.detail,
  took: row.took,
});
