import type { Log } from '../log.ts';
import { patienceMs, within } from './patience.ts';
import { sayOnce } from './say-once.ts';

/**
 * Does `step` again and again, `everyMs` after it ended; one that throws is told and tried again. Stopped, it waits for
 * the step under way, within bounds: a neighbour may be away for good.
 */
export const startLoop = (
  name: string,
  everyMs: number,
  step: () => Promise<void>,
  log: Log,
): { stop(): Promise<void> } => {
  let stopped = false;
  let timer: NodeJS.Timeout;
  let running = Promise.resolve();
  const quietly = sayOnce((error) =>
    log.error({ error: error.message, stack: error.stack }, `${name}: failed, tried again`),
  );
  const next = (): void => {
    running = step()
      .catch(quietly)
      .then(() => {
        if (!stopped) timer = setTimeout(next, everyMs);
      });
  };
  next();
  return {
    async stop() {
      stopped = true;
      await within(patienceMs, running, () => log.warn({}, `${name} does not end: left behind`));
      clearTimeout(timer);
    },
  };
};
