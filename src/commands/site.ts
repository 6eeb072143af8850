import { putSite, putWorkers, sites } from '../inventory/site.ts';
import { workersOf } from '../probing/presence.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { changing } from './audited.ts';
import { exit } from './exit.ts';
import { readOption } from './read-option.ts';

export type SiteOptions = {
  readonly name?: string;
  readonly networks?: string;
  readonly caFile?: string;
  /** null: no limit. */
  readonly sockets?: number | null;
  readonly megabits?: number | null;
  /** Logins of the database, all that its workers have. */
  readonly workers?: readonly string[];
  readonly json?: true;
};

/** Registers or changes a site, and shows all of them with the workers that serve them now. */
export const site = async ({ db, redis }: Ground, code: string | undefined, options: SiteOptions): Promise<number> => {
  if (code !== undefined) {
    const known = (await sites(db)).find((one) => one.code === code);
    const networks = options.networks?.split(',').map((n) => n.trim()) ?? known?.networks;
    if (networks === undefined) {
      throw new Sentence(
        '缺少 --networks：该站点可探测的网段，例如 10.20.0.0/16,10.21.0.0/16',
        '--networks is missing: the networks that may be probed from this site, such as 10.20.0.0/16,10.21.0.0/16',
      );
    }
    const authorities = options.caFile === undefined ? null : await readOption('--ca-file', options.caFile);
    const limits = {
      ...(options.sockets === undefined ? {} : { sockets: options.sockets }),
      ...(options.megabits === undefined ? {} : { megabits: options.megabits }),
    };
    const logins = options.workers;
    const detail = { name: options.name, networks, caFile: options.caFile, ...limits, workers: logins };
    await changing(db, { action: 'site.put', kind: 'site', on: code, detail }, () =>
      db.transaction(async (tx) => {
        await putSite(tx, { code, name: options.name, networks, authorities, ...limits });
        if (logins !== undefined) await putWorkers(tx, code, logins);
      }),
    );
  }
  const registered = await sites(db);
  const workers = await workersOf(
    redis,
    registered.map((one) => one.code),
  );
  const all = registered.map((one) => ({ ...one, workers: workers.get(one.code) ?? 0 }));
  const line = (one: (typeof all)[number]): string =>
    [
      ...[one.code, one.name, one.networks.join(',')],
      ...(one.sockets === null ? [] : [`${one.sockets} 连接 sockets`]),
      ...(one.megabits === null ? [] : [`${one.megabits} Mbit/s`]),
      one.workers === 0 ? '无探测进程 no worker' : `${one.workers} 个探测进程 workers`,
    ].join('  ');
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ sites: all })}\n`
      : `${all.map(line).join('\n') || '（尚无站点 / no site yet）'}\n`,
  );
  return exit.ok;
};
