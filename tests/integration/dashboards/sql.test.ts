import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { failures } from '../../../probes/failure.ts';
import { migrate } from '../../../src/db/migrate.ts';
import type { Database } from '../../../src/db/pool.ts';
import { migrationsFolder } from '../../../src/roles/ground.ts';
import { type Pair, startPair } from '../../support/pair.ts';
import { cameraCode, fillCity } from './city.ts';
import { type Chosen, dashboardsFolder, expand, type Mapping, readDashboard } from './grafana.ts';

type Row = Record<string, unknown>;

const files = readdirSync(dashboardsFolder).filter((name) => name.endsWith('.json'));
const dashboard = readDashboard('inspection.json');
const { panels } = dashboard;
const variables = dashboard.templating.list;
const targets = panels.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ panel, target, name: `${panel.title} ${target.refId}` })),
);
const sqls = [
  ...variables.map(({ name, query }) => ({ name: `variable ${name}`, sql: query })),
  ...targets.map(({ name, target }) => ({ name, sql: target.rawSql })),
];

let pair: Pair;
let db: Database;

beforeAll(async () => {
  pair = await startPair();
  db = pair.db;
  await migrate(db, migrationsFolder);
  await db.run(readFileSync(join(dashboardsFolder, '../docker/init-reader.sql'), 'utf8'));
  await fillCity(db);
});
afterAll(() => pair.stop());

const both = ['450202', '450203'];
const first: Chosen = {
  from: new Date('2026-09-25T00:00:00Z'),
  to: new Date('2026-10-05T00:00:00Z'),
  variables: { inspection: ['1'], unit: both },
};

/** As the role of the dashboards, in a transaction that may not write. */
const ask = (sql: string, chosen: Chosen): Promise<Row[]> => asReader(expand(sql, chosen));

const asReader = (sql: string): Promise<Row[]> =>
  db.transaction(async (tx) => {
    await tx.run('set transaction read only');
    await tx.run('set local role xunjian_reader');
    return tx.many<Row>(sql);
  });

const panel = (title: string, chosen: Chosen = first, refId = 'A'): Promise<Row[]> => {
  const found = targets.find(({ panel, target }) => panel.title.startsWith(title) && target.refId === refId);
  if (found === undefined) throw new Error(`no panel ${title} ${refId}`);
  return ask(found.target.rawSql, chosen);
};

const mappingOf = (title: string, column: string): Record<string, string> => {
  const override = panels
    .find((found) => found.title.startsWith(title))!
    .fieldConfig.overrides.find(({ matcher }) => matcher.options === column)!;
  const [byValue] = override.properties.find(({ id }) => id === 'mappings')!.value as Mapping[];
  return Object.fromEntries(Object.entries(byValue!.options).map(([value, { text }]) => [value, text]));
};

describe('the JSON', () => {
  it('has fixed uids, each once, and one data source, which is the provisioned one', () => {
    const uids = files.map((file) => readDashboard(file).uid);
    expect(uids).toEqual(['xunjian-inspection']);
    const { datasources } = parse(
      readFileSync(join(dashboardsFolder, 'provisioning/datasources/xunjian.yaml'), 'utf8'),
    ) as { datasources: { type: string; uid: string }[] };
    const [{ type, uid }] = datasources as [{ type: string; uid: string }];
    const used = [...variables, ...panels, ...targets.map(({ target }) => target)].map(({ datasource }) => datasource);
    expect(used.filter((source) => source.type !== type || source.uid !== uid)).toEqual([]);
    expect({ type, uid }).toEqual({ type: 'grafana-postgresql-datasource', uid: 'xunjian-timescale' });
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it('has no panel without SQL', () => {
    const silent = panels.filter(
      (panel) => !panel.targets?.length || panel.targets.some(({ rawSql }) => rawSql === ''),
    );
    expect(silent.map(({ title }) => title)).toEqual([]);
  });

  it('says in Chinese and English every verdict and every failure of the closed list', () => {
    for (const column of ['online_verdict', 'image_verdict', 'unit_verdict']) {
      expect(mappingOf('各单位各类别', column)).toEqual({
        met: '达标 / Met',
        missed: '未达标 / Missed',
        undetermined: '待定 / Undetermined',
      });
    }
    const said = Object.fromEntries(Object.entries(failures).map(([kind, { zh }]) => [kind, zh]));
    for (const title of ['故障类型', '故障点位']) {
      expect(mappingOf(title, 'failure')).toEqual({ ...said, no_result: '没有探测结果 / No result' });
    }
  });
});

describe('every statement', () => {
  it.each(sqls)('is one that reads, and finds something: $name', async ({ sql }) => {
    expect(sql).not.toContain(';');
    expect(await ask(sql, first)).not.toHaveLength(0);
  });

  it.each(sqls)('bears a city that was never inspected: $name', async ({ sql }) => {
    await expect(ask(sql, { ...first, variables: { inspection: [''], unit: both } })).resolves.toBeInstanceOf(Array);
  });

  it.each(panels)('of "$title" gives every column that the panel dresses', async ({ title }) => {
    const given = new Set<unknown>();
    for (const { panel, target } of targets.filter(({ panel }) => panel.title === title)) {
      const rows = await ask(target.rawSql, first);
      for (const column of Object.keys(rows[0]!)) given.add(column);
      if (target.format === 'time_series') expect(Object.keys(rows[0]!)[0]).toBe('time');
      const dressed = panel.fieldConfig.overrides.map(({ matcher }) => matcher);
      expect(new Set(dressed.map(({ id }) => id))).toEqual(new Set(['byName']));
    }
    const named = panels.find((panel) => panel.title === title)!.fieldConfig.overrides;
    expect(named.map(({ matcher }) => matcher.options).filter((column) => !given.has(column))).toEqual([]);
  });
});

describe('the role of the dashboards', () => {
  it('may not write, and may not see sealed passwords or pictures', async () => {
    const asItself = (sql: string) =>
      db.transaction(async (tx) => {
        await tx.run('set local role xunjian_reader');
        await tx.run(sql);
      });
    await expect(asItself("insert into site values ('x', 'x')")).rejects.toThrow(/permission denied for table site/);
    await expect(asReader('select * from credential')).rejects.toThrow(/permission denied for table credential/);
    await expect(asReader('select * from evidence')).rejects.toThrow(/permission denied for table evidence/);
  });

  it.each(['account', 'session', 'token', 'recovery_code', 'browser', 'audit', 'idempotency', 'upload', 'exemption'])(
    'may not see who signs in by what, who did what, or what applicants brought: %s',
    async (table) => {
      await expect(asReader(`select * from ${table}`)).rejects.toThrow(`permission denied for table ${table}`);
    },
  );

  it('keeps to that when the tables are made after it was, as an upgrade makes them', async () => {
    await db.run('grant select on audit, account, idempotency to xunjian_reader');
    await db.run(readFileSync(join(migrationsFolder, 'repeatable/grants.sql'), 'utf8'));
    for (const table of ['audit', 'account', 'idempotency']) {
      await expect(asReader(`select * from ${table}`)).rejects.toThrow(`permission denied for table ${table}`);
    }
  });

  it('sees no table that nobody has thought of: a new one is named here, or taken away in init-reader.sql', async () => {
    const readable = await db.many<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
         and has_table_privilege('xunjian_reader', oid, 'select') order by 1`,
    );
    expect(readable.map(({ name }) => name)).toEqual([
      ...[
        'adjustment',
        'archive',
        'availability_hour',
        'batch',
        'camera',
        'camera_change',
        'camera_day',
        'camera_photo',
      ],
      ...['camera_touched', 'device', 'exemption_camera', 'exemption_reason', 'failing_camera', 'import', 'inspection'],
      ...['inspection_rate', 'inspection_revision_rate', 'late_result', 'outage', 'outbox', 'outcome', 'policy'],
      ...['probe_request', 'publication', 'rate', 'result', 'result_arrived', 'revision', 'rollup_clock', 'roster'],
      ...['round_event', 'schema_migration', 'site', 'sweep', 'sweep_clock', 'sweep_skipped', 'unit', 'unit_day'],
      'unit_verdict',
    ]);
  });

  it('reads what later migrations make', async () => {
    await db.run('create table later as select 1 as one');
    expect(await asReader('select one from later')).toEqual([{ one: 1 }]);
    await db.run('drop table later');
  });
});

describe('the choice', () => {
  it('offers the inspections that are over, the latest first', async () => {
    expect(await ask(variables[0]!.query, first)).toEqual([
      { __value: '3', __text: '第 3 次 2026-10-02 10:00 城中区' },
      { __value: '2', __text: '第 2 次 2026-10-02 02:00' },
      { __value: '1', __text: '第 1 次 2026-10-01 10:00' },
    ]);
  });

  it('offers all units in the order of the city', async () => {
    const offered = await ask(variables[1]!.query, first);
    expect(offered).toHaveLength(12);
    expect(offered[0]).toEqual({ __value: '450202', __text: '城中区' });
  });
});

describe('the figures of an inspection', () => {
  const cityRate = ([row]: Row[]) => [Number(row!.rate), row!.counts];

  it('add the units up for the city, rounded down, whatever units are chosen', async () => {
    const one = { ...first, variables: { inspection: ['1'], unit: ['450203'] } };
    // 2474 of 2600 is 95.15 %, 2425 of 2600 is 93.27 %.
    expect(cityRate(await panel('全市在线率', one))).toEqual([95.1, '2474 / 2600']);
    expect(cityRate(await panel('全市出图率', one))).toEqual([93.2, '2425 / 2600']);
    expect(await panel('点位', one)).toEqual([{ roster: 2720, exempt: 10, unknown: 110 }]);
    expect(await panel('单位结论', one)).toEqual([{ met: 0, missed: 1, undetermined: 1 }]);
  });

  it('carry their formula, their policy and when they were completed', async () => {
    expect(await panel('口径')).toEqual([
      {
        completed_at: new Date('2026-10-01T02:20:00Z'),
        formula: 'xunjian-rates/1',
        policy: 'v1 柳州市 2023 年考核口径 / Liuzhou 2023',
        scope: '全市 / Whole city',
      },
    ]);
    const third = await panel('口径', { ...first, variables: { inspection: ['3'], unit: both } });
    expect(third).toMatchObject([{ policy: 'v2 更严 / Stricter', scope: '城中区' }]);
  });

  it('stand beside the targets of its own policy, with the stored verdicts', async () => {
    const rows = await panel('各单位各类别');
    const seen = rows.map((row) => [
      row.unit_name,
      row.class,
      `${row.online}/${row.assessed}`,
      row.online_rate === null ? null : Number(row.online_rate),
      row.online_target,
      row.online_verdict,
      row.image,
      row.image_rate === null ? null : Number(row.image_rate),
      row.image_target,
      row.image_verdict,
      row.unit_verdict,
    ]);
    expect(seen).toEqual([
      ['城中区', 'total', '2374/2500', 94.9, 95, 'missed', 2375, 95, 95, 'met', 'missed'],
      ['城中区', 'skynet', '980/1000', 98, 98, 'met', 979, 97.9, 98, 'missed', 'missed'],
      ['城中区', 'social', '1394/1500', 92.9, 95, 'missed', 1425, 95, 95, 'met', 'missed'],
      // No picture is asked of household cameras: that is not a rate of 0 %.
      ['城中区', 'household', '40/50', 80, null, null, null, null, null, null, 'missed'],
      ['鱼峰区', 'total', '100/100', 100, 95, 'undetermined', 50, 50, 95, 'undetermined', 'undetermined'],
      ['鱼峰区', 'skynet', '0/0', null, 98, null, 0, null, 98, null, 'undetermined'],
      ['鱼峰区', 'social', '100/100', 100, 95, 'undetermined', 50, 50, 95, 'undetermined', 'undetermined'],
    ]);
    const third = await panel('各单位各类别', { ...first, variables: { inspection: ['3'], unit: both } });
    expect(third).toMatchObject([{ online_target: 96, image_target: 95 }]);
    const other = await panel('各单位各类别', { ...first, variables: { inspection: ['1'], unit: ['450203'] } });
    expect(other).toHaveLength(3);
  });

  it('name every camera that failed, with what was seen', async () => {
    const rows = await panel('故障点位');
    expect(rows.map(({ code, online, image, failure }) => [code, online, image, failure])).toEqual([
      [cameraCode(2), 'no', 'no', 'unreachable'],
      [cameraCode(3), 'yes', 'no', 'damaged_picture'],
      [cameraCode(4), 'no', 'no', 'unreachable'],
      [cameraCode(5), 'yes', 'unknown', 'busy'],
      [cameraCode(6), 'no', 'not_due', 'refused'],
      [cameraCode(7), 'unknown', 'unknown', 'no_result'],
    ]);
    expect(rows[1]).toMatchObject({
      name: '点位 3',
      unit_name: '城中区',
      class: 'social',
      step: 'decode',
      detail: '12 of 45 slices',
    });
    expect(await panel('故障类型')).toEqual([
      { unit_name: '城中区', failure: 'unreachable', cameras: 2 },
      { unit_name: '城中区', failure: 'damaged_picture', cameras: 1 },
      { unit_name: '鱼峰区', failure: 'busy', cameras: 1 },
      { unit_name: '鱼峰区', failure: 'no_result', cameras: 1 },
      { unit_name: '鱼峰区', failure: 'refused', cameras: 1 },
    ]);
  });
});

describe('the figures of a time range', () => {
  const october = (day: number) => new Date(Date.UTC(2026, 9, day - 1, 16));
  const plain = (rows: Row[]) => rows.map(({ time, metric, value }) => [time, metric, Number(value)]);

  it('put the inspections of one Beijing day together by their counts, not by their percentages', async () => {
    expect(plain(await panel('各单位在线率'))).toEqual([
      [october(1), '城中区', 94.9],
      [october(1), '鱼峰区', 100],
      [october(2), '城中区', 95.4],
    ]);
    expect(plain(await panel('各单位出图率'))).toEqual([
      [october(1), '城中区', 95],
      [october(1), '鱼峰区', 50],
      [october(2), '城中区', 86.3],
    ]);
  });

  it('have the target of the policy of their day', async () => {
    expect(await panel('各单位在线率', first, 'B')).toEqual([
      { time: october(1), target: 95 },
      { time: october(2), target: 96 },
    ]);
  });

  it('add up to the time range, and leave out what lies before it', async () => {
    const [row] = await panel('时段内合计');
    expect(row).toMatchObject({ unit_name: '城中区', inspections: 3, assessed: 3600, online: 3424, image: 3325 });
    expect([Number(row!.online_rate), Number(row!.image_rate)]).toEqual([95.1, 92.3]);
    const later = await panel('时段内合计', { ...first, from: new Date('2026-10-01T12:00:00Z') });
    expect(later).toMatchObject([{ inspections: 2, assessed: 1100, online: 1050 }]);
  });

  it('count the cameras of each hour: online at some time, only offline, or never told', async () => {
    expect(await panel('每小时在线点位')).toEqual([
      { time: new Date('2026-10-01T02:00:00Z'), online: 1, offline: 1, unknown: 5 },
      { time: new Date('2026-10-01T03:00:00Z'), online: 0, offline: 1, unknown: 6 },
    ]);
  });
});
