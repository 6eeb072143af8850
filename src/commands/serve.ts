import { startAll } from '../roles/all-in-one.ts';
import { startApi } from '../roles/api.ts';
import type { Ground } from '../roles/ground.ts';
import { startMaintenance } from '../roles/maintenance.ts';
import { startNotifier } from '../roles/notifier.ts';
import { startScheduler } from '../roles/scheduler.ts';
import { type Role, startWorker } from '../roles/worker.ts';
import { exit } from './exit.ts';
import { stopSignal } from './stop-signal.ts';

/** Runs one role, or all of them, until Ctrl-C or SIGTERM. */
const until = async (ground: Ground, start: () => Promise<Role>, told: (role: Role) => string): Promise<number> => {
  const stop = stopSignal();
  const role = await start();
  process.stderr.write(`${told(role)}\n`);
  try {
    await stop;
    return exit.ok;
  } finally {
    await role.stop();
    ground.log.debug('stopped');
  }
};

const at = (role: Role): string => ('url' in role && typeof role.url === 'string' ? role.url : '');

export const serve = (ground: Ground): Promise<number> =>
  until(
    ground,
    () => startAll(ground, true),
    (role) => `服务已启动：${at(role)}/；按 Ctrl-C 结束 / serving at ${at(role)}/; Ctrl-C ends it`,
  );

export const api = (ground: Ground): Promise<number> =>
  until(
    ground,
    () => startApi(ground),
    (role) => `接口已启动：${at(role)}/api/docs / the API listens at ${at(role)}/api/docs`,
  );

export const worker = (ground: Ground, sites: readonly string[]): Promise<number> =>
  until(
    ground,
    () => startWorker(ground, sites),
    () => `探测进程已启动：站点 ${sites.join('、')} / the worker runs for site ${sites.join(', ')}`,
  );

/** The tick, the housekeeping and the messages: one process of it in a city. */
export const scheduler = (ground: Ground): Promise<number> =>
  until(
    ground,
    async () => {
      const roles = [startMaintenance(ground), await startNotifier(ground), startScheduler(ground)];
      return {
        async stop() {
          for (const role of roles.reverse()) await role.stop();
        },
      };
    },
    () => '调度进程已启动 / the scheduler runs',
  );
