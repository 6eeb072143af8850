import { putSite, sites } from '../inventory/site.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { exit } from './exit.ts';
import { readOption } from './read-option.ts';

export type SiteOptions = {
  readonly name?: string;
  readonly networks?: string;
  readonly caFile?: string;
  readonly json?: true;
};

/** Registers or changes a site, and shows all of them. */
export const site = async ({ db }: Ground, code: string | undefined, options: SiteOptions): Promise<number> => {
  if (code !== undefined) {
    if (options.networks === undefined) {
      throw new Sentence(
        '缺少 --networks：该站点可探测的网段，例如 10.20.0.0/16,10.21.0.0/16',
        '--networks is missing: the networks that may be probed from this site, such as 10.20.0.0/16,10.21.0.0/16',
      );
    }
    await putSite(db, {
      code,
      name: options.name,
      networks: options.networks.split(',').map((n) => n.trim()),
      authorities: options.caFile === undefined ? null : await readOption('--ca-file', options.caFile),
    });
  }
  const all = await sites(db);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ sites: all })}\n`
      : `${all.map(({ code: c, name, networks }) => `${c}  ${name}  ${networks.join(',')}`).join('\n') || '（尚无站点 / no site yet）'}\n`,
  );
  return exit.ok;
};
