import type { Database } from '../../src/db/pool.ts';
import { refreshDays } from '../../src/rollup/refresh.ts';
import { cameras, putCity, putInspections } from './reports-city.ts';

const dayMs = 86_400_000;
/** Roads, and what stands at them, so that names are told apart as a city's are. */
const roads = `{解放北路,五一路,屏山大道,东环大道,文昌路,潭中中路,桂中大道,航生路,柳石路,飞鹅路,鹅山路,白云路,水南路,蟠龙路,驾鹤路,
  箭盘路,学院路,荣军路,西江路,官塘大道,滨江东路,胜利路,北雀路,雅儒路,红光路,广场路,三中路,景行路,曙光路,中山中路}`;
const places = `{路口,小学门口,菜市场,公交站,加油站,派出所门前,地下通道,立交桥下,医院东门,社区入口,停车场,桥头,广场南侧,公园西门}`;
const makers = `{海康威视,大华,宇视,华为,天地伟业,科达}`;

/**
 * The city of the reports with an archive of each camera, and `days` days behind it: days of every camera, outages, daily
 * inspections; of the last day its hours, of the two hours before `now` the probes, one in fifty of which failed.
 */
export const putApiCity = async (
  db: Database,
  days: number,
  now: Date,
  told: (line: string) => void,
): Promise<void> => {
  await putCity(db, days);
  await db.run(
    `update camera c set name = u.name || (${quoted(roads)}::text[])[1 + id % 30] || (id % 400) || '号'
       || (${quoted(places)}::text[])[1 + id / 30 % 14]
     from unit u where u.code = c.unit`,
  );
  await db.run(
    `insert into archive (camera, kind, manufacturer, model, serial, address, longitude, latitude, power, carrier, onu,
       recorder, pole, box, managing_unit, maintaining_unit, maintaining_contact, maintaining_phone, project, built_on,
       retention_days)
     select c.id, (array['bullet', 'dome', 'half_dome', 'checkpoint'])[1 + c.id % 4],
       (${quoted(makers)}::text[])[1 + c.id % 6], 'DS-2CD' || c.id % 37, 'SN' || md5(c.code), c.name || '向南',
       109.4 + c.id % 100 / 1000.0, 24.3 + c.id % 90 / 1000.0, '取电点' || c.id / 12, (array['电信', '移动', '联通'])[1 + c.id % 3],
       'ONU-' || c.id / 8, null, 'GAN-' || c.id / 3, 'XIANG-' || c.id / 6, u.name || '公安局', '运维公司' || c.id % 9,
       '张工', '13800000000', '雪亮工程' || c.id % 5 || '期', '2021-06-01', 30
     from camera c join unit u on u.code = c.unit`,
  );
  told('api: the archive is there');
  const hour = new Date(Math.floor(now.getTime() / 3_600_000) * 3_600_000);
  const midnight = new Date(Math.floor((hour.getTime() + dayMs / 3) / dayMs) * dayMs - dayMs / 3);
  const first = new Date(midnight.getTime() - days * dayMs);
  // A day's 24 hours in one row: days are sums of hours, and are read as such.
  for (let nth = 0; nth < days - 1; nth += 10) {
    await db.patient.run(
      `insert into availability_hour (hour, camera, unit, class, site, online, offline, unknown)
       select $1::timestamptz + make_interval(days => nth), id, unit, class, site, 86400 - down - id % 60, down, id % 60
       from generate_series($2::integer, $3::integer - 1) as nth, camera,
         lateral (select case when (id * 31 + nth) % 97 = 0 then 7200 else 0 end as down) x`,
      [first, nth, Math.min(nth + 10, days - 1)],
    );
  }
  const lastDay = new Date(midnight.getTime() - dayMs);
  await db.patient.run(
    `insert into availability_hour (hour, camera, unit, class, site, online, offline, unknown)
     select hour, id, unit, class, site, 3600, 0, 0
     from generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') as hour, camera`,
    [lastDay, hour],
  );
  await db.run('insert into rollup_clock (hours_until, stale_from, stale_until) values ($1, $2, $3)', [
    hour,
    first,
    hour,
  ]);
  await refreshDays(db);
  told('api: the days are there');
  await db.run(
    `insert into outage (camera, began_at, confirmed_at, ended_at, end_confirmed_at, unknown, kind, step, detail, unit, class,
       site)
     select c.id, at, at + interval '10 minutes', ended, ended + interval '5 minutes', case when ended is not null then 0 end,
       'unreachable', 'connect', 'connection refused', c.unit, c.class, c.site
     from generate_series(0, $2::integer - 1) as nth, camera c,
       lateral (select $1::timestamptz + make_interval(days => nth, secs => c.id % 86400) as at) x,
       lateral (select case when nth < $2 - 1 then at + interval '2 hours' end as ended) y
     where (c.id * 31 + nth) % 97 = 0`,
    [first, days],
  );
  await putInspections(db, days, first);
  for (let ago = 24; ago > 0; ago -= 1) {
    await db.run(
      `insert into result (slot, camera, observed_after, online, image, failure, step, detail, took, codec, width, height,
         keyframe_bytes, mean_luma, contrast, sharpness)
       select $1::timestamptz + make_interval(secs => id % 60 * 5), id, 120, up, case when seen then true end,
         case when not up then 'unreachable' end, case when not up then 'connect' end,
         case when not up then 'connection refused' end, 90, case when seen then 'h265' end, case when seen then 2560 end,
         case when seen then 1440 end, case when seen then 46000 end, case when seen then 101.5 end,
         case when seen then 40 end, case when seen then 3.5 end
       from camera, lateral (select id % 50 <> 7 as up) x, lateral (select up and id % 12 = $2::integer % 12 as seen) y`,
      [new Date(Math.floor(now.getTime() / 1000) * 1000 - ago * 300_000), ago],
    );
  }
  await db.patient.run('analyze');
  const { count } = await db.one<{ count: number }>('select count(*) as count from camera');
  if (count !== cameras) throw new Error(`${count} cameras where there must be ${cameras}`);
};

const quoted = (literal: string): string => `'${literal.replaceAll(/\s/g, '')}'`;
