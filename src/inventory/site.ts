import net from 'node:net';
import { StatementFailed } from '../db/errors.ts';
import type { Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { requireCertificates } from './certificates.ts';

export type Site = {
  readonly code: string;
  readonly name: string;
  readonly networks: readonly string[];
  /** PEM of the authorities that the site's cameras are believed by, over TLS; null: those of the machine. */
  readonly authorities: string | null;
  /** Over all workers of the site: probes under way at once, and megabits a second of pictures; null: no limit. */
  readonly sockets: number | null;
  readonly megabits: number | null;
};

/** Registers a site, or changes its networks, and its name and authorities where they are given. A Sentence where a network is no CIDR, a code is malformed or a PEM holds no certificate. */
export const putSite = async (
  db: Queryable,
  site: Pick<Site, 'code' | 'networks'> & {
    readonly name?: string | undefined;
    readonly authorities?: string | null;
    /** Not given: as they were. */
    readonly sockets?: number | null;
    readonly megabits?: number | null;
  },
): Promise<void> => {
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(site.code)) {
    throw new Sentence(
      `站点代码 ${site.code}：只能用字母、数字、_ 和 -，至多 40 个`,
      `site code ${site.code}: letters, digits, _ and - only, 40 at most`,
    );
  }
  allowList(site.networks);
  if (site.authorities != null) requireCertificates(site.authorities);
  try {
    await db.run(
      `insert into site (code, name, networks, authorities, sockets, megabits)
       values ($1, $2, $3::cidr[], $4, $6::integer, $7::integer)
       on conflict (code) do update set name = coalesce($5, site.name), networks = excluded.networks,
         authorities = coalesce(excluded.authorities, site.authorities),
         sockets = case when $8 then excluded.sockets else site.sockets end,
         megabits = case when $9 then excluded.megabits else site.megabits end`,
      [
        ...[site.code, site.name ?? site.code, site.networks, site.authorities ?? null, site.name ?? null],
        ...[site.sockets ?? null, site.megabits ?? null, site.sockets !== undefined, site.megabits !== undefined],
      ],
    );
  } catch (error) {
    if (!(error instanceof StatementFailed && error.sqlState === notANetwork)) throw error;
    const list = site.networks.join(', ');
    throw new Sentence(
      `网段 ${list}：掩码以外的位应为 0，例如 10.20.0.0/16 而非 10.20.30.40/16`,
      `networks ${list}: the bits outside the mask must be 0, such as 10.20.0.0/16 and not 10.20.30.40/16`,
    );
  }
};

/** SQLSTATE of a text that is no cidr. */
const notANetwork = '22P02';

/**
 * Which logins of the database the site's workers have, all of them: those read its cameras' passwords, where they belong
 * to the group xunjian_worker, and no other site's. A Sentence where the database has no such login.
 */
export const putWorkers = async (db: Queryable, site: string, logins: readonly string[]): Promise<void> => {
  const known = await db.many<{ login: string }>(
    `select rolname::text as login from pg_roles where rolname = any ($1) and pg_has_role(oid, 'xunjian_worker', 'member')`,
    [logins],
  );
  const stranger = logins.find((login) => !known.some((one) => one.login === login));
  if (stranger !== undefined) {
    throw new Sentence(
      `数据库登录 ${stranger}：不存在或不属于 xunjian_worker；请先由数据库管理员执行 create role … login; grant xunjian_worker to …`,
      `database login ${stranger}: there is none, or it does not belong to xunjian_worker; have an administrator run first: create role … login; grant xunjian_worker to …`,
    );
  }
  await db.run(
    `with gone as (delete from worker_site where site = $1 and login <> all ($2::name[]))
     insert into worker_site (login, site) select login, $1 from unnest($2::name[]) as login on conflict do nothing`,
    [site, logins],
  );
};

export const sites = (db: Queryable): Promise<Site[]> =>
  db.many<Site>(
    'select code, name, networks::text[] as networks, authorities, sockets, megabits from site order by code',
  );

/** Codes of the sites that cameras in use are probed from, of one unit or of all. */
export const sitesInUse = async (db: Queryable, unit: string | null): Promise<string[]> => {
  const rows = await db.many<{ site: string }>(
    'select distinct site from camera where in_use and ($1::text is null or unit = $1) order by site',
    [unit],
  );
  return rows.map(({ site }) => site);
};

/** Whether an address lies in one of the networks (CIDR, IPv4 or IPv6). Throws a Sentence for what is no network. */
export const allowList = (networks: readonly string[]): ((address: string) => boolean) => {
  const list = new net.BlockList();
  for (const network of networks) {
    const match = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(network);
    const family = net.isIP(match?.[1] ?? '');
    const bits = Number(match?.[2]);
    if (family === 0 || bits > (family === 4 ? 32 : 128)) {
      throw new Sentence(`网段 ${network}：应形如 10.20.0.0/16`, `network ${network}: must look like 10.20.0.0/16`);
    }
    list.addSubnet(match![1]!, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => list.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');
};
