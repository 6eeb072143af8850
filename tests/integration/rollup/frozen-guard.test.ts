import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StatementFailed } from '../../../src/db/errors.ts';
import type { Database } from '../../../src/db/pool.ts';
import { grantAppeal, revise } from '../../../src/report/correction.ts';
import { frozenOf, publish } from '../../../src/report/revision.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { startWorker } from '../../../src/roles/worker.ts';
import { submitAppeal } from '../../../src/rollup/appeal.ts';
import { addUp } from '../../../src/rollup/refresh.ts';
import { decideExemption, endExemption } from '../../../src/schedule/exemption-decide.ts';
import { submitExemption } from '../../../src/schedule/exemption-submit.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { planSweeps, siteSizes } from '../../../src/schedule/sweep.ts';
import { endSweeps } from '../../../src/schedule/sweep-end.ts';
import { insert } from '../../../src/store/writer.ts';
import { asLogin } from '../../support/as-login.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { answerOf } from '../../support/results.ts';
import { codeOf, putCameras } from '../schedule/roster.ts';
import { down, requestOf } from './frozen-round.ts';

let ground: TestGround;
let service: Database;
let inspection: number;

const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** A whole round, and all that is decided about it, with the service's rights: cameras that refuse, at once. */
beforeAll(async () => {
  ground = await startGround();
  service = asLogin(ground.db, 'xunjian_service');
  await putCameras(
    ground.db,
    // Where surely nobody listens: at 554 another file's server may.
    [1, 2, 3, 4].map((serial) => ({ serial, url: `rtsp://127.0.0.${serial}:1/` })),
  );
  await decidePolicy(service, new Date('2026-01-01T00:00:00Z'), '一次 / one', { attempts: [0], daily_at: null });
  const now = new Date();
  const period = { beginsAt: new Date(now.getTime() - 60_000), endsAt: new Date(now.getTime() + 86_400_000) };
  for (const serial of [1, 2, 3]) await submitExemption(service, now, requestOf([serial], period));
  await decideExemption(service, 1, 'approved', '黄某', null, now);
  const roles = { ...ground, db: service };
  const running = [await startWorker(roles, null), startScheduler(roles)];
  inspection = (await openInspection(service, new Date(), null)).id;
  await until(async () => (await frozenOf(service, inspection, null)) !== null);
  for (const role of running) await role.stop();
  await decideExemption(service, 2, 'approved', '黄某', null, new Date());
  await revise(service, inspection, '黄某', '补批', new Date());
  const appeal = {
    ...{ inspection, revision: 2, code: codeOf(3), applicant: '覃某', phone: '0772-2825111', claim: 'image' as const },
    ...{ text: '正常', attachment: null, trace: [] },
  };
  await grantAppeal(service, await submitAppeal(service, new Date(), appeal), '黄某', '属实', new Date());
  await submitAppeal(service, new Date(), { ...appeal, revision: 3, code: codeOf(4) });
  await publish(service, inspection, '黄某', new Date());
  await endExemption(service, 2, '黄某', new Date());
  await putCameras(ground.db, [{ serial: 5 }]);
  await openInspection(service, new Date(), null);
});
afterAll(() => ground.close());

it('a whole round is held, corrected and published with the rights of the service alone', async () => {
  const { content, published } = (await frozenOf(ground.db, inspection, null))!;
  expect(content.revision.number).toBe(3);
  expect(published).toMatchObject({ by: '黄某' });
  expect(content.cameras.map(({ exempt, online, failure }) => [exempt?.exemption, online, failure])).toEqual([
    [1, 'no', 'refused'],
    [2, 'no', 'refused'],
    [undefined, 'yes', null],
    [undefined, 'no', 'refused'],
  ]);
});

it('the cameras are swept with the rights of the service alone', async () => {
  const [sizes, now] = [await siteSizes(service), Date.now()];
  for (const minutes of [0, 6, 30]) {
    const at = new Date(now + minutes * 60_000);
    await planSweeps(service, at, sizes);
    await endSweeps(service, at);
  }
  const { planned } = await ground.db.one<{ planned: number }>(
    'select sum(cameras)::integer as planned from sweep_skipped',
  );
  expect(planned).toBeGreaterThanOrEqual(5);
});

it('what the sweeps found is added up with the rights of the service alone', async () => {
  const hour = Math.floor(Date.now() / 3_600_000 - 3) * 3_600_000;
  const { id } = await service.one<{ id: number }>('select id from camera where code = $1', [codeOf(1)]);
  const failed = [0, 5, 10].map((minutes) => answerOf(id, new Date(hour + minutes * 60_000), down));
  await insert(service, failed);
  expect(await addUp(service, new Date(hour + 2 * 3_600_000))).toBeGreaterThan(0);
  expect(await service.many('select kind from outage where camera = $1', [id])).toEqual([{ kind: 'unreachable' }]);
});

/** Runs it to its end and takes it back; gives why it was refused. */
const attempt = async (sql: string, role: string | null): Promise<StatementFailed> => {
  const done = new Error('it was done');
  const refused = await ground.db
    .transaction(async (tx) => {
      if (role !== null) await tx.run(`set local role ${role}`);
      await tx.run(sql);
      // What is asked only at the end of a transaction is asked now.
      await tx.run('set constraints all immediate');
      throw done;
    })
    .catch((error: unknown) => error);
  expect(refused, sql).toBeInstanceOf(StatementFailed);
  return refused as StatementFailed;
};

const hash = 'a'.repeat(64);
const exemptionLike = `insert into exemption (unit, applicant, phone, reason, selected_by, cameras, begins_at, ends_at, submitted_at)
  values ('450202', 'x', '1', 'other', 'cameras', 2, now(), now() + interval '1 day', now())`;

/** What would change a judgement: refused to everybody, the owner of the tables included. */
const changes: readonly string[] = [
  'update outcome set online = true',
  'delete from outcome where not online',
  'truncate outcome',
  `insert into outcome (inspection, camera, attempts) select 1, max(id) + 1, 0 from camera`,
  `with gone as (delete from outcome returning camera) select * from gone`,
  'merge into outcome o using camera c on c.id = o.camera when matched then update set online = true',
  'insert into outcome select * from outcome on conflict (inspection, camera) do update set online = true',
  'update roster set exempt = true where inspection = 1',
  'update roster set inspection = 1 where inspection = 2 and camera = 5',
  "update roster set name = 'x' where inspection = 1",
  'delete from roster where inspection = 1 and camera = 1',
  'truncate roster cascade',
  `insert into roster (inspection, camera, code, name, unit, class, site, exempt, picture_due)
   select 1, id, code, name, unit, class, site, true, true from camera where id = 5`,
  'update inspection set completed_at = null where id = 1',
  'update inspection set policy = 1 where id = 1',
  'delete from inspection where id = 1',
  'truncate inspection cascade',
  'update rate set online = roster',
  'delete from rate where revision = 1',
  'truncate rate',
  `insert into rate select inspection, '450203', class, roster, exempt, unknown, assessed, online, image, raw_assessed,
     raw_online, raw_image, online_verdict, image_verdict, formula, revision from rate`,
  "update unit_verdict set verdict = 'met'",
  'delete from unit_verdict',
  'truncate unit_verdict',
  "insert into unit_verdict (inspection, revision, unit, verdict) values (1, 3, '450203', 'met')",
  'update adjustment set online = true',
  'delete from adjustment',
  'truncate adjustment',
  'insert into adjustment (inspection, revision, camera) select 1, 3, camera from roster where inspection = 1 limit 1',
  // Of revisions that nobody made: they would be the newest figures, or stand in the way of the next revision.
  "insert into unit_verdict (inspection, revision, unit, verdict) values (1, 99, '450202', 'met')",
  `insert into rate select inspection, unit, class, roster, exempt, unknown, assessed, roster, roster, raw_assessed,
     raw_online, raw_image, online_verdict, image_verdict, formula, 4 from rate where revision = 3`,
  'insert into adjustment (inspection, revision, camera, online) select 1, 4, camera, true from roster where inspection = 1',
  "update revision set why = 'x'",
  "update revision set content = ''",
  'delete from revision where number = 3',
  'truncate revision cascade',
  `insert into revision (inspection, number, made_at, made_by, why, formula, content, sha256, previous_sha256)
   values (1, 4, now(), 'x', 'x', 'x', '', '${hash}', '${hash}')`,
  `insert into revision (inspection, number, made_at, made_by, why, formula, content, sha256, previous_sha256)
   select 1, 5, now(), 'x', 'x', 'x', '', '${hash}', sha256 from revision where number = 3`,
  `insert into revision (inspection, number, made_at, made_by, why, formula, content, sha256)
   values (2, 1, now(), 'x', 'x', 'x', '', '${hash}')`,
  "update publication set published_by = 'x'",
  'delete from publication',
  'truncate publication',
  'update policy set total_online = 1',
  'delete from policy where version = 1',
  'truncate policy cascade',
  "update exemption set ends_at = ends_at + interval '1 year' where id = 3",
  "update exemption set unit = '450203' where decision = 'approved'",
  "update exemption set decision = 'refused' where id = 1",
  'update exemption set decision = null, decided_at = null, decided_by = null where id = 1',
  "update exemption set ended_at = now(), ended_by = 'x' where id = 2",
  "update exemption set decision = 'approved', decided_at = now(), decided_by = 'x', ended_at = now(), ended_by = 'x' where id = 3",
  'delete from exemption where id = 3',
  'truncate exemption cascade',
  'insert into exemption_camera select 1, id from camera on conflict do nothing',
  'update exemption_camera set exemption = 1',
  'delete from exemption_camera where exemption = 3',
  'truncate exemption_camera',
  exemptionLike,
  "update appeal set decision = 'refused' where id = 1",
  "update appeal set claim = 'online' where id = 2",
  'delete from appeal where id = 2',
  'truncate appeal cascade',
];

/** Ways round the guards: refused to the service. */
const detours: readonly string[] = [
  ...['outcome', 'roster', 'revision', 'rate', 'policy', 'inspection'].flatMap((table) => [
    `alter table ${table} disable trigger all`,
    `alter table ${table} disable trigger user`,
    `drop table ${table} cascade`,
    `alter table ${table} rename to old`,
  ]),
  'drop trigger read_only on revision',
  'drop trigger frozen_update on roster',
  'set local session_replication_role = replica',
  "select set_config('session_replication_role', 'replica', true)",
  `create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'`,
  'drop function refuse_change() cascade',
  'alter function refuse_once_frozen() set search_path = pg_temp',
  'create function mine() returns integer language sql as $$ select 1 $$',
  'create rule mine as on insert to outcome do instead nothing',
  'create or replace view inspection_rate as select 1 as one',
  'drop view inspection_rate',
  'alter table outcome owner to xunjian_service',
  'create trigger mine before insert on rate for each row execute function refuse_change()',
  'grant update on outcome to xunjian_service; update outcome set online = true',
  'alter role xunjian_service superuser',
  'update pg_trigger set tgenabled = $$D$$',
  'delete from pg_depend',
  "copy outcome from '/dev/null'",
  "copy outcome from program 'true'",
  'delete from public.schema_migration',
  'update exemption_reason set text_needed = false',
  "update unit set name = 'x'",
  // A table of one's own by the guard's name is not what the guard looks into.
  `create temporary table revision (inspection bigint, number integer);
   insert into outcome (inspection, camera, attempts) select 1, max(id) + 1, 0 from camera`,
  `create temporary table revision (inspection bigint, number integer, sha256 text);
   insert into public.revision (inspection, number, made_at, made_by, why, formula, content, sha256)
   values (2, 1, now(), 'x', 'x', 'x', '', '${hash}')`,
  // A round that runs may be completed and nothing else, and none is made that is complete from the start.
  "update inspection set cutoff_at = cutoff_at + interval '1 day' where id = 2",
  'insert into inspection (started_at, cutoff_at, policy, completed_at) select started_at + interval $$1 day$$, cutoff_at, policy, now() from inspection',
];

describe('what was judged', () => {
  it.each(changes)('is changed by nobody, not even the owner: %s', async (sql) => {
    const refused = await attempt(sql, null);
    // Refused by a guard, and not because the statement is wrong.
    expect(refused.sqlState, refused.message).toBe('23001');
  });

  it.each([...changes, ...detours])('is out of the reach of the service: %s', async (sql) => {
    const { sqlState, message } = await attempt(sql, 'xunjian_service');
    // restrict_violation of a guard, insufficient_privilege.
    expect(['23001', '42501'], message).toContain(sqlState);
  });
});

describe('the service', () => {
  it('has all rights on rows of what is not judged, and owns nothing', async () => {
    const kept = ['policy', 'outcome', 'rate', 'unit_verdict', 'adjustment', 'revision', 'publication'];
    const some = [
      'camera_change',
      'exemption_camera',
      'inspection',
      'roster',
      'exemption',
      'appeal',
      'unit',
      'exemption_reason',
      'audit',
      'audit_head',
      'data_key',
      'round_event',
      'account',
      'account_identity',
      'token',
    ];
    const rows = await ground.db.many<{ name: string }>(
      `select c.relname as name from pg_class c
       where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
         and not (has_table_privilege('xunjian_service', c.oid, 'select')
           and has_table_privilege('xunjian_service', c.oid, 'insert')
           and has_table_privilege('xunjian_service', c.oid, 'update')
           and has_table_privilege('xunjian_service', c.oid, 'delete'))
       order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([...kept, ...some, 'schema_migration'].sort());
    const owned = await ground.db.many(
      "select relname from pg_class where relowner = (select oid from pg_roles where rolname = 'xunjian_service')",
    );
    expect(owned).toEqual([]);
    const [role] = await ground.db.many("select * from pg_roles where rolname = 'xunjian_service'");
    expect(role).toMatchObject({ rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolcanlogin: false });
  });

  it('may truncate nothing, and make no trigger and no reference', async () => {
    for (const right of ['truncate', 'trigger', 'references']) {
      const rows = await ground.db.many(
        `select c.relname from pg_class c
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v')
           and has_table_privilege('xunjian_service', c.oid, $1)`,
        [right],
      );
      expect(rows).toEqual([]);
    }
  });
});
