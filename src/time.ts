/** Asia/Shanghai is UTC+8, without summer time since 1992. */
const shanghaiMs = 8 * 60 * 60_000;

/** As a clock in the city shows it: YYYY-MM-DD HH:MM:SS */
export const localTime = (at: Date): string =>
  new Date(at.getTime() + shanghaiMs).toISOString().slice(0, 19).replace('T', ' ');

/**
 * The moment that a text names in the city: a day (its first instant), or a day with a time; or any moment in ISO 8601
 * with its zone. null where it is none.
 */
export const momentOf = (text: string): Date | null => {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?))?$/.exec(text.trim()) ?? [];
  if (day !== undefined) {
    const at = new Date(`${day}T${time ?? '00:00'}+08:00`);
    // 30 February is a day in March to Date.
    return Number.isNaN(at.getTime()) || !localTime(at).startsWith(day) ? null : at;
  }
  const [, zonedDay] =
    /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.exec(text.trim()) ?? [];
  if (zonedDay === undefined || momentOf(zonedDay) === null) return null;
  const at = new Date(text.trim());
  return Number.isNaN(at.getTime()) ? null : at;
};
