/** A timer that comes so much too late says that this process was not listening, ms. */
export const stall = 250;

/**
 * Calls `late` when `ms` have passed, unless it is called off by what it gives back. What has arrived by then is heard
 * first: timers run before the sockets are read, and after a pause of this process every answer would seem missing.
 * `stalled` is true where the pause was ours: then nothing can be laid to the device.
 */
export const deadline = (ms: number, now: () => number, late: (stalled: boolean) => void): (() => void) => {
  const wait = Math.max(0, ms);
  const due = now() + wait;
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    const stalled = now() - due > stall;
    reading = setImmediate(() => late(stalled));
  }, wait);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
};
