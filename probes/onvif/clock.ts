import { type Element, textAt } from './xml.ts';

/**
 * Device time minus `now`, ms, from a GetSystemDateAndTimeResponse; `null` where it gives no UTC time
 * (agsh/onvif#65) or one that is none: an offset made of local time and a zone such as "MoroccoStandardTime0" would be a
 * guess. Devices that give their local time as UTC (OpenIPC#292) are hours off, and compare a login by that same clock.
 */
export const clockSkewOf = (response: Element, now: number): number | null => {
  const at = (...path: string[]): number => {
    const text = textAt(response, 'SystemDateAndTime', 'UTCDateTime', ...path);
    return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  };
  const time = Date.UTC(
    at('Date', 'Year'),
    at('Date', 'Month') - 1,
    at('Date', 'Day'),
    at('Time', 'Hour'),
    at('Time', 'Minute'),
    at('Time', 'Second'),
  );
  return Number.isNaN(time) ? null : time - now;
};
