import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgedUnits } from '../../../src/report/judged.ts';
import { freezeOutcomes } from '../../../src/rollup/outcome.ts';
import { decidePolicy, policyOf } from '../../../src/schedule/policy.ts';
import type { Targets } from '../../../src/verdict/rates.ts';
import { saveVerdicts } from '../../../src/verdict/save.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { type Answer, answerOf, type Inspected, toldOfUnit } from '../../unit/verdict/oracle.ts';
import { type RandomCity, randomCity } from '../../unit/verdict/random-city.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());

const known = (answer: Answer): boolean | null => (answer === 'unknown' ? null : answer === 'yes');
const policyOfTargets = ({ total, skynet, social, coverage }: Targets) => ({
  ...{ total_online: total.online, total_image: total.image },
  ...{ skynet_online: skynet.online, skynet_image: skynet.image },
  ...{ social_online: social.online, social_image: social.image },
  coverage,
});

/** A city as an inspection: its cameras are those of the inventory from the first on, one after the other. */
type Held = {
  readonly id: number;
  readonly city: RandomCity;
  readonly cameras: readonly (Inspected & { unit: string })[];
};

/** The store costs more than the arithmetic: 300 of them are some 20,000 cameras. */
const smallCity = randomCity.filter(({ units }) => [...units.values()].flat().length <= 160);

/** Puts 300 cities into the store, each as an inspection of its own with a roster and results of up to three attempts. */
const put = async (cities: readonly RandomCity[]): Promise<Held[]> => {
  const { db } = ground;
  const camerasOf = ({ units }: RandomCity) =>
    [...units].flatMap(([unit, all]) => all.map((one) => ({ ...one, unit })));
  const most = Math.max(...cities.map((city) => camerasOf(city).length));
  const ids = await putCameras(
    db,
    Array.from({ length: most }, (_, nth) => ({ serial: nth + 1 })),
  );
  const held: Held[] = [];
  for (const [nth, city] of cities.entries()) {
    const policy = await decidePolicy(
      db,
      new Date(Date.UTC(2026, 0, 1 + nth)),
      `city ${nth}`,
      policyOfTargets(city.targets),
    );
    const { id } = await db.one<{ id: number }>(
      `insert into inspection (started_at, cutoff_at, policy)
       values ($1, $1::timestamptz + interval '15 minutes', $2) returning id`,
      [new Date(Date.UTC(2026, 9, 1) + nth * 301_000 + 500), policy],
    );
    held.push({ id, city, cameras: camerasOf(city) });
  }
  const roster = held.flatMap(({ id, cameras }) =>
    cameras.map((camera, nth) => ({
      ...{ inspection: id, camera: ids.get(nth + 1), code: codeOf(nth + 1), unit: camera.unit, class: camera.class },
      ...{ exempt: camera.exempt, picture_due: camera.pictureDue },
    })),
  );
  await db.run(
    `insert into roster (inspection, camera, code, name, unit, class, site, exempt, picture_due)
     select inspection, camera, code, code, unit, class, 'north', exempt, picture_due
     from jsonb_to_recordset($1::jsonb) as r (inspection bigint, camera integer, code text, unit text, class text,
       exempt boolean, picture_due boolean)`,
    [JSON.stringify(roster)],
  );
  const results = held.flatMap(({ id, cameras }) =>
    cameras.flatMap(({ attempts }, nth) =>
      attempts.map(({ online, image }, which) => ({
        ...{ inspection: id, camera: ids.get(nth + 1), attempt: which + 1 },
        ...{ online: known(online), image: known(image) },
      })),
    ),
  );
  await db.run(
    `insert into result (slot, camera, inspection, attempt, observed_at, online, image, took)
     select slot, camera, inspection, attempt, slot, online, image, 5
     from (
       select r.*, i.started_at + make_interval(mins => 5 * (attempt - 1)) as slot
       from jsonb_to_recordset($1::jsonb) as r (inspection bigint, camera integer, attempt integer, online boolean,
         image boolean)
       join inspection i on i.id = r.inspection
     ) r`,
    [JSON.stringify(results)],
  );
  return held;
};

it('what the database counts and judges of 300 cities is what the definitions say of their cameras, to the camera', async () => {
  const { db } = ground;
  const seed = 20_261_123;
  const held = await put(fc.sample(smallCity, { seed, numRuns: 300 }));
  for (const { id, city, cameras } of held) {
    if (cameras.length === 0) continue;
    await db.transaction(async (tx) => {
      await freezeOutcomes(tx, id);
      const { policy } = await tx.one<{ policy: number }>('select policy from inspection where id = $1', [id]);
      const judged = await judgedUnits(tx, id, 1, await policyOf(tx, policy));
      expect(
        judged.map(({ unit, rates: { verdict } }) => [unit, verdict]),
        `inspection ${id} of seed ${seed}`,
      ).toEqual(
        [...city.units]
          .filter(([, all]) => all.length > 0)
          .map(([unit, all]) => [unit, toldOfUnit(all, city.targets).verdict]),
      );
      await saveVerdicts(tx, id, 1, judged);
    });
  }

  // Camera by camera.
  const outcomes = Map.groupBy(
    await db.many<{
      inspection: number;
      code: string;
      online: boolean | null;
      image: boolean | null;
      attempts: number;
    }>(
      `select o.inspection, ro.code, o.online, o.image, o.attempts
       from outcome o join roster ro using (inspection, camera) order by o.inspection, ro.code`,
    ),
    ({ inspection }) => inspection,
  );
  // Figure by figure, the total's and the raw ones among them.
  const rates = Map.groupBy(
    await db.many<Record<string, unknown> & { inspection: number; unit: string; class: string }>('select * from rate'),
    ({ inspection }) => inspection,
  );
  let classes = 0;
  for (const { id, city, cameras } of held) {
    const told = cameras.map((camera, nth) => ({
      ...{ inspection: id, code: codeOf(nth + 1), online: known(answerOf(camera, 'online')) },
      ...{ image: camera.pictureDue ? known(answerOf(camera, 'image')) : null, attempts: camera.attempts.length },
    }));
    expect(outcomes.get(id) ?? [], `outcomes of inspection ${id} of seed ${seed}`).toEqual(told);
    for (const [unit, all] of city.units) {
      const figures = toldOfUnit(all, city.targets).classes;
      for (const name of ['total', 'skynet', 'social', 'household'] as const) {
        const rate = rates.get(id)?.find((row) => row.unit === unit && row.class === name);
        if (all.length === 0) {
          expect(rate).toBeUndefined();
          continue;
        }
        classes += 1;
        const { raw, verdict, ...counts } = figures[name];
        expect(rate, `${name} of ${unit} in inspection ${id} of seed ${seed}`).toMatchObject({
          ...counts,
          ...{ raw_assessed: raw.assessed, raw_online: raw.online, raw_image: raw.image },
          ...{ online_verdict: verdict.online, image_verdict: verdict.image },
        });
      }
    }
  }
  expect(classes).toBeGreaterThan(1_000);
});
