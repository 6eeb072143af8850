import type { Queryable } from '../db/pool.ts';
import type { Against, Comparison } from './content.ts';

/** The day so many days before; and the same one of the month before, which for the 31st may be its last. */
const daysBefore = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
export const monthBefore = (day: string): string => {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  // Day 0 of a month is the last of the one before.
  const last = new Date(Date.UTC(year, month - 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 2, Math.min(date, last))).toISOString().slice(0, 10);
};

type ComparedRow = {
  day: string;
  inspection: number;
  revision: number;
  sha256: string;
  unit: string;
  assessed: number;
  online: number;
  image: number;
};

/**
 * What a daily inspection is compared with: those of the day, the week and the month before, so far as there are any, by
 * their newest revisions now. None for an inspection that somebody asked for.
 */
export const comparisonsOf = async (tx: Queryable, day: string | null): Promise<Comparison[]> => {
  if (day === null) return [];
  const against: readonly (readonly [Against, string])[] = [
    ['yesterday', daysBefore(day, 1)],
    ['last_week', daysBefore(day, 7)],
    ['last_month', monthBefore(day)],
  ];
  const rows = await tx.many<ComparedRow>(
    `select i.day, i.id as inspection, v.number as revision, v.sha256, r.unit, r.assessed, r.online, r.image
     from inspection i
     cross join lateral (
       select number, sha256 from revision where inspection = i.id order by number desc limit 1
     ) v
     join rate r on r.inspection = i.id and r.revision = v.number and r.class = 'total'
     join unit u on u.code = r.unit
     where i.day = any ($1::date[])
     order by u.position`,
    [against.map(([, of]) => of)],
  );
  return against.flatMap(([name, of]) => {
    const units = rows.filter((row) => row.day === of);
    const [first] = units;
    if (first === undefined) return [];
    const sum = (key: 'assessed' | 'online' | 'image'): number => units.reduce((all, row) => all + row[key], 0);
    return {
      against: name,
      day: of,
      inspection: first.inspection,
      revision: first.revision,
      sha256: first.sha256,
      units: units.map(({ unit, assessed, online, image }) => ({ code: unit, assessed, online, image })),
      city: { assessed: sum('assessed'), online: sum('online'), image: sum('image') },
    };
  });
};
