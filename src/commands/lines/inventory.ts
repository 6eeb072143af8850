import type { Command } from 'commander';
import { end, onGround } from './run.ts';
import { json, limit } from './values.ts';

/** What there is to inspect, and from where. */
export const inventoryLines = (program: Command): void => {
  program
    .command('import')
    .description('导入点位档案（CSV，UTF-8 或 GB18030）/ import the inventory')
    .argument('<file>', 'CSV')
    .option('--dry-run', '只检查，不写入 / check only, write nothing')
    .option(...json)
    .action(async (file, options) => {
      const { importFile } = await import('../import.ts');
      end(await onGround((ground) => importFile(ground, file, options)));
    });

  program
    .command('site')
    .description(
      '登记探测站点、网段与上限；不带参数则列出 / register a site, its networks and limits; lists them without one',
    )
    .argument('[code]', '站点代码 / code')
    .option('--name <name>', '名称 / name')
    .option('--networks <cidr,...>', '允许探测的网段 / networks that may be probed')
    .option('--ca-file <file>', '该站点设备的 CA 证书（PEM）/ certificates of the authorities of its cameras')
    .option('--sockets <n|none>', '同时探测数上限，全部进程合计 / probes at once, over all its workers', limit)
    .option('--megabits <n|none>', '取图带宽上限，兆比特每秒 / what pictures may take of its line', limit)
    .option(...json)
    .action(async (code, options) => {
      const { site } = await import('../site.ts');
      end(await onGround((ground) => site(ground, code, options)));
    });
};
