import type { Queryable } from '../db/pool.ts';
import { held, runReachOf } from './availability-held.ts';
import { hourOf } from './availability-hours.ts';

/**
 * Works out what the probes of the sweeps from `from` up to `until` say of outages, of all cameras or of these. A camera is
 * down after so many failed probes in a row (policy.down_after), from the first of them, and up after so many good ones
 * (up_after), again from the first. A probe without an answer is passed over. Two probes are in a row only where the first
 * one's state held until the second (two intervals): what begins after a longer gap is a new run. An outage goes on
 * over a gap, but its unknown seconds are counted and belong to nobody. A run says something as soon as it is long enough for
 * the policy then in force; the cause is the most frequent kind of failure of the probes that made it an outage, of two alike the first: it does
 * not change while the outage lasts.
 *
 * What had been learnt by `from` stays; what was learnt since is worked out again, so that hours in any order and as often
 * as one likes come to what all of them at once come to, provided that `until` is where all that is added up ends. The hours
 * are added up before: only cameras with offline seconds, or with an outage that is open, are looked at.
 */
export const findOutages = async (
  tx: Queryable,
  from: Date,
  until: Date,
  cameras: readonly number[] | null,
): Promise<void> => {
  const reach = await runReachOf(tx, from, until);
  const found = await tx.one<{ cameras: number[] | null }>(
    `select array_agg(camera) as cameras from (
       select camera from availability_hour
       where hour >= $1 and hour < $2 and offline > 0 and ($4::integer[] is null or camera = any($4))
       union
       select camera from outage
       where greatest(confirmed_at, coalesce(end_confirmed_at, 'infinity')) >= $3
         and ($4::integer[] is null or camera = any($4))
     ) x`,
    [hourOf(reach), until, from, cameras],
  );
  if (found.cameras === null) return;
  await tx.run('delete from outage where camera = any($1) and confirmed_at >= $2', [found.cameras, from]);
  await tx.run(
    `update outage set ended_at = null, end_confirmed_at = null, unknown = null
     where camera = any($1) and end_confirmed_at >= $2`,
    [found.cameras, from],
  );
  await tx.run(
    `with ${held},
     known as (
       select p.*, h.hold, h.down_after, h.up_after,
         (p.online is distinct from lag(p.online) over w
           or p.slot > lag(p.slot) over w + make_interval(secs => lag(h.hold) over w))::integer as begins
       from (
         select of.camera, r.*, coalesce(a.unit, c.unit) as unit, coalesce(a.class, c.class) as class,
           coalesce(a.site, c.site) as site
         from unnest($1::integer[]) as of (camera)
         join camera c on c.id = of.camera
         cross join lateral (
           select slot, online, failure, step, detail from result
           where camera = of.camera and slot >= $4 and slot < $3 and inspection is null and online is not null
         ) r
         left join availability_hour a
           on a.camera = of.camera and a.hour = time_bucket('1 hour', r.slot) and a.hour >= $5 and a.hour < $3
       ) p
       join held h on h.class = p.class and p.slot >= h.since and p.slot < h.until and h.hold is not null
       window w as (partition by p.camera order by p.slot)
     ),
     run as (
       select *, sum(begins) over (partition by camera order by slot) as run from known
     ),
     counted as (
       select *, row_number() over w as nth, first_value(slot) over w as since,
         case when online then up_after else down_after end as needed
       from run window w as (partition by camera, run order by slot)
     ),
     -- The instant in which a run is long enough to say something, by the policy in force then.
     learnt as (
       select * from (
         select *, count(*) filter (where nth >= needed) over (partition by camera, run order by slot) as long
         from counted
       ) x
       where long = 1 and nth >= needed and slot >= $2
     ),
     turned as (
       select *, lead(since) over w as ended_at, lead(slot) over w as end_confirmed_at
       from (
         select l.*, lag(l.online) over (partition by l.camera order by l.slot) as was, o.camera is not null as was_down
         from learnt l left join outage o on o.camera = l.camera and o.ended_at is null
       ) x
       where online is distinct from coalesce(was, not was_down)
       window w as (partition by camera order by slot)
     ),
     over as (
       update outage o set ended_at = t.since, end_confirmed_at = t.slot, unknown = 0
       from (
         select distinct on (camera) camera, since, slot, online from turned order by camera, slot
       ) t
       where o.camera = t.camera and o.ended_at is null and t.online
     ),
     cause as (
       select distinct on (camera, run) camera, run, kind, step, detail
       from (
         select t.camera, t.run, coalesce(k.failure, 'unnamed') as kind, count(*) as probes, min(k.slot) as first,
           (array_agg(k.step order by k.slot))[1] as step, (array_agg(k.detail order by k.slot))[1] as detail
         from turned t join counted k on k.camera = t.camera and k.run = t.run and k.nth <= t.nth
         where not t.online group by t.camera, t.run, coalesce(k.failure, 'unnamed')
       ) x
       order by camera, run, probes desc, first
     )
     insert into outage (camera, began_at, confirmed_at, ended_at, end_confirmed_at, unknown, kind, step, detail, unit,
       class, site)
     select camera, t.since, t.slot, t.ended_at, t.end_confirmed_at, case when t.ended_at is not null then 0 end, c.kind,
       c.step, c.detail, t.unit, t.class, t.site
     from turned t join cause c using (camera, run)
     where not t.online`,
    [found.cameras, from, until, reach, hourOf(reach)],
  );
  await countUnknown(tx, from, found.cameras);
};

/**
 * The seconds of the outages that ended in what was worked out, in which nobody knew the state: by hours in the middle, from
 * the probes themselves in the hours of their beginning and end.
 */
const countUnknown = async (tx: Queryable, from: Date, cameras: readonly number[]): Promise<void> => {
  await tx.run(
    `with ${held},
     ended as (
       select camera, began_at, ended_at, class, time_bucket('1 hour', began_at + interval '1 hour') as first_full,
         time_bucket('1 hour', ended_at) as last_full
       from outage where camera = any($2) and end_confirmed_at >= $1
     ),
     edge as (
       select camera, began_at, class, began_at as low, least(ended_at, first_full) as high from ended
       union all
       select camera, began_at, class, last_full, ended_at from ended where last_full >= first_full
     ),
     known as (
       select e.camera, e.began_at, sum(r.seconds) as seconds
       from edge e
       cross join lateral (
         select date_part('epoch', least(p.next, p.slot + make_interval(secs => h.hold), e.high)
           - greatest(p.slot, e.low))::integer as seconds
         from (
           select slot, online, lead(slot) over (order by slot) as next from result
           where camera = e.camera and slot >= e.low - interval '2 days' and slot < e.high and inspection is null
         ) p
         join held h on h.class = e.class and p.slot >= h.since and p.slot < h.until
         where p.online is not null and h.hold is not null and least(p.next, p.slot + make_interval(secs => h.hold), e.high) > greatest(p.slot, e.low)
       ) r
       group by e.camera, e.began_at
     ),
     -- Hours in which it was out of use have no row: nobody knows of them either.
     middle as (
       select e.camera, e.began_at, sum(a.online + a.offline) as seconds
       from ended e join availability_hour a on a.camera = e.camera and a.hour >= e.first_full and a.hour < e.last_full
       group by e.camera, e.began_at
     )
     update outage o
     set unknown = date_part('epoch', e.ended_at - e.began_at)
       - coalesce((select seconds from known where known.camera = o.camera and known.began_at = o.began_at), 0)
       - coalesce((select seconds from middle where middle.camera = o.camera and middle.began_at = o.began_at), 0)
     from ended e where o.camera = e.camera and o.began_at = e.began_at`,
    [from, cameras],
  );
};
