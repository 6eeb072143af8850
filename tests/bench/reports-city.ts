import type { Database } from '../../src/db/pool.ts';

/** Liuzhou's public-security cameras, probed every five minutes, with a picture every hour. */
export const cameras = 16_610;
export const perDay = 288;
/** A chunk of results: `migrations/0011_result_bytes.sql`. */
export const chunkDays = 3;
/** Where a chunk begins: days since 1970 that three divide. */
export const start = new Date(Date.UTC(2026, 6, 3));
export const dayAt = (nth: number): Date => new Date(start.getTime() + nth * 86_400_000);

/** Cameras over the twelve units, a fifth of them Skynet points, a site a unit; and what will be the matter with them. */
export const putCity = async (db: Database, days: number): Promise<void> => {
  await db.run("insert into site (code, name) select 's' || code, name from unit");
  await db.run(
    `insert into camera (code, name, unit, class, site, rtsp_url)
     select '45020200001310' || lpad(nth::text, 6, '0'), '点位 ' || nth, u.code,
       case when nth % 5 = 0 then 'skynet' else 'social' end, 's' || u.code,
       'rtsp://10.' || (nth >> 8) || '.' || (nth & 255) || '.7/'
     from generate_series(1, ${cameras}) as nth join unit u on u.position = 1 + nth % 12`,
  );
  // In ten days each camera has an outage with 12 %: most of some minutes to hours, a tenth of days; one in ten is a gap in
  // which nobody could tell (online is null).
  await db.run('create table fault (camera integer, began timestamptz, ended timestamptz, online boolean, kind text)');
  await db.run('select setseed(0.5)');
  await db.run(
    `insert into fault
     select camera, at,
       at + make_interval(secs => case when length < 0.6 then 600 + 6000 * random()
         when length < 0.9 then 7200 + 80000 * random() else 86400 + 160000 * random() end),
       case when what < 0.9 then false end,
       case when what < 0.6 then 'unreachable' when what < 0.75 then 'timeout' when what < 0.9 then 'refused'
         else 'no_route' end
     from (
       select camera, $1::timestamptz + make_interval(days => tenth * 10, secs => random() * 604800) as at,
         random() as length, random() as what, random() as has
       from generate_series(1, ${cameras}) as camera, generate_series(0, $2 / 10) as tenth offset 0
     ) x
     where has < 0.12`,
    [start, days],
  );
  await db.run('analyze fault; analyze camera');
};

/**
 * The results of `days` days from the `first` on, camera by camera as they are compressed, made by the database itself: each
 * waits for its turn for up to two seconds, half a second in the mean; one of a thousand fails by chance, one of two thousand
 * is unknown; a picture every hour, of a camera that answers. Gives the number of rows.
 */
export const putResults = async (db: Database, first: number, days: number): Promise<number> => {
  await db.run('select setseed($1)', [first / 1000]);
  return db.patient.run(
    `insert into result (slot, camera, observed_after, online, image, failure, step, detail, took, codec, width, height,
       keyframe_bytes, mean_luma, contrast, sharpness, faults, proved_by)
     select slot, camera, took + (random() * random() * 2000)::integer, online, case when due then sound end,
       case when not sound then coalesce(kind, 'unreachable') end, case when not sound then 'connect' end,
       case when not sound then '10.' || (camera >> 8) || '.' || (camera & 255) || '.7:554: connection refused' end, took,
       case when seen then 'h264' end, case when seen then 704 end, case when seen then 576 end,
       case when seen then 14000 + (random() * 5000)::integer end, case when seen then 60 + random() * 80 end,
       case when seen then 30 + random() * 30 end, case when seen then 2 + random() * 10 end,
       null, case when seen then 'stream' end
     from (
       select s.camera, slot, due, f.kind, f.camera is null and chance >= 0.0015 as sound,
         due and f.camera is null and chance >= 0.0015 as seen,
         case when f.camera is not null then f.online when chance < 0.001 then false when chance < 0.0015 then null
           else true end as online,
         case when f.camera is null and chance >= 0.0015 then usual + (noise * usual * 0.6)::integer else 5000 end as took
       from (
         select camera, nth % 12 = camera % 12 as due, 5 + camera % 40 as usual, random() as chance, random() as noise,
           $1::timestamptz + make_interval(secs => nth * 300 + camera % 60 * 5) as slot
         from generate_series(1, ${cameras}) as camera, generate_series($2::integer * ${perDay} - 1, 0, -1) as nth
         offset 0
       ) s
       left join fault f on f.camera = s.camera and s.slot >= f.began and s.slot < f.ended
       offset 0
     ) x`,
    [dayAt(first), days],
  );
};

/**
 * A daily inspection that is complete, at 08:00 in Liuzhou of each of the days from `first` on, with the rates of each unit
 * and class.
 */
export const putInspections = async (db: Database, days: number, first = start): Promise<void> => {
  await db.run(
    `insert into inspection (started_at, cutoff_at, completed_at, policy, day)
     select at, at + interval '1 hour', at + interval '20 minutes', 1, (at at time zone 'Asia/Shanghai')::date
     from generate_series(0, $2::integer - 1) as nth,
       lateral (select $1::timestamptz + make_interval(days => nth, secs => 0.5) as at) x`,
    [first, days],
  );
  await db.run(
    `insert into rate (inspection, revision, unit, class, roster, exempt, unknown, assessed, online, image, raw_assessed,
       raw_online, raw_image, online_verdict, image_verdict, formula)
     select i.id, 1, c.unit, c.class, c.n, 3, 2, c.n - 5, c.n - 5 - off, c.n - 5 - off - 4, c.n - 2, c.n - 2 - off,
       c.n - 2 - off - 4, 'met', 'met', 'xunjian-rates/1'
     from inspection i
     cross join (
       select unit, coalesce(class, 'total') as class, count(*) as n from camera group by unit, grouping sets ((class), ())
     ) c
     cross join lateral (select (hashint8(i.id * 100 + c.unit::integer) & 31) as off) x`,
  );
  await db.run(
    `insert into unit_verdict (inspection, revision, unit, verdict)
     select id, 1, code, case when (id + code::integer) % 4 = 0 then 'missed' else 'met' end from inspection, unit`,
  );
};
