import type { Queryable } from '../db/pool.ts';
import { held, reachOf } from './availability-held.ts';

const hourMs = 3_600_000;

export const hourOf = (at: Date): Date => new Date(Math.floor(at.getTime() / hourMs) * hourMs);
export const hoursAfter = (at: Date, hours: number): Date => new Date(at.getTime() + hours * hourMs);

/**
 * The seconds for which each camera of the relation `judged` (camera, class) was online and offline from $1 up to $2, out of
 * the probes of the sweeps since $3: `seconds` (camera, online, offline), without the cameras of which nothing was heard.
 * A state holds from its probe's slot to the next one's, for at most two intervals. Inspections are not asked: they look
 * again only at what failed, and whenever somebody wants one, so that a camera's time would depend on who looked.
 */
export const secondsOf = `seconds as (
    select j.camera, r.online, r.offline
    from judged j
    cross join lateral (
      select sum(date_part('epoch', until - since)) filter (where online)::integer as online,
        sum(date_part('epoch', until - since)) filter (where not online)::integer as offline
      from (
        select p.online, greatest(p.slot, $1) as since,
          least(p.next, p.slot + make_interval(secs => h.hold), $2) as until
        from (
          select slot, online, lead(slot) over (order by slot) as next
          from result
          where camera = j.camera and slot >= $3 and slot < $2 and inspection is null
        ) p
        join held h on h.class = j.class and p.slot >= h.since and p.slot < h.until
        where p.online is not null and h.hold is not null
      ) held
      where until > since
    ) r
    where r.online is not null or r.offline is not null
  )`;

/**
 * Adds up the hour that begins at `hour`, of all cameras or of these. Done again it gives the same, and with results that
 * came late what it would have given with them at once; unit, class and site stay as they were first written down. A
 * camera in use of which nothing was heard has an hour of unknown, unless its class is not swept. One statement; reads the
 * cameras' results by their index. Gives the number of rows that are new or other than before.
 */
export const addUpHour = async (tx: Queryable, hour: Date, cameras: readonly number[] | null): Promise<number> => {
  const end = hoursAfter(hour, 1);
  return tx.run(
    `with ${held},
     judged as (
       select c.id as camera, coalesce(b.unit, c.unit) as unit, coalesce(b.class, c.class) as class,
         coalesce(b.site, c.site) as site, c.in_use
       from camera c left join availability_hour b on b.camera = c.id and b.hour = $1
       where $4::integer[] is null or c.id = any($4)
     ),
     ${secondsOf}
     insert into availability_hour as a (hour, camera, unit, class, site, online, offline, unknown)
     select $1, j.camera, j.unit, j.class, j.site, coalesce(s.online, 0), coalesce(s.offline, 0),
       3600 - coalesce(s.online, 0) - coalesce(s.offline, 0)
     from judged j left join seconds s using (camera)
     where s.camera is not null or (j.in_use and exists (
       select from held where held.class = j.class and held.hold is not null and held.since < $2 and held.until > $1
     ))
     on conflict (camera, hour) do update
       set online = excluded.online, offline = excluded.offline, unknown = excluded.unknown
       where (a.online, a.offline) is distinct from (excluded.online, excluded.offline)`,
    [hour, end, await reachOf(tx, hour, end), cameras],
  );
};
