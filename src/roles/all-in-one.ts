import { startApi } from './api.ts';
import type { Ground } from './ground.ts';
import { startMaintenance } from './maintenance.ts';
import { startNotifier } from './notifier.ts';
import { startScheduler } from './scheduler.ts';
import { type Role, startWorker } from './worker.ts';

/** Every role in one process: for a small city, the demo and a first look. */
export const startAll = async (ground: Ground, withApi: boolean): Promise<Role & { readonly url: string | null }> => {
  const roles: Role[] = [];
  const stop = async (): Promise<void> => {
    for (const role of roles.splice(0).reverse()) await role.stop();
  };
  try {
    roles.push(startMaintenance(ground), await startNotifier(ground), await startWorker(ground, null));
    roles.push(startScheduler(ground));
    const api = withApi ? await startApi(ground) : null;
    if (api !== null) roles.push(api);
    return { url: api?.url ?? null, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
