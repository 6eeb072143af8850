import { accountsTotal } from '../account/accounts.ts';
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

/** Where people reach it: behind a proxy that is not where it listens. */
const at = ({ config }: Ground, role: Role): string =>
  config.publicUrl ?? ('url' in role && typeof role.url === 'string' ? role.url : '');

/** A service that nobody can sign in to says how the first one can. */
const firstAccount = async ({ db }: Ground): Promise<string> => {
  const administrators = { role: 'administrator', unit: null, disabled: false, search: null } as const;
  if ((await accountsTotal(db, administrators)) > 0) return '';
  const command = 'npx xunjian user add --name admin --role administrator';
  return (
    `\n尚无管理员账号，无人可登录管理：请在另一终端运行 ${command}` +
    ` / there is no administrator yet: run ${command} in another terminal`
  );
};

export const serve = async (ground: Ground): Promise<number> => {
  const hint = await firstAccount(ground);
  return until(
    ground,
    () => startAll(ground, true),
    (role) =>
      `服务已启动：${at(ground, role)}/；按 Ctrl-C 结束 / serving at ${at(ground, role)}/; Ctrl-C ends it${hint}`,
  );
};

export const api = async (ground: Ground): Promise<number> => {
  const hint = await firstAccount(ground);
  return until(
    ground,
    () => startApi(ground),
    (role) => {
      const docs = `${at(ground, role)}/api/docs`;
      return `接口已启动：${docs} / the API listens at ${docs}${hint}`;
    },
  );
};

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
