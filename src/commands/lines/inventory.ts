import type { Command } from 'commander';
import { end, onGround } from './run.ts';
import { json, limit, logins } from './values.ts';

/** What there is to inspect, and from where. */
export const inventoryLines = (program: Command): void => {
  program
    .command('import')
    .description(
      '导入点位档案（xlsx，或 CSV：UTF-8、GB18030、UTF-16）；先显示将作的更改 / import the inventory; shows first what will change',
    )
    .argument('<file>', 'xlsx 或 CSV，按内容识别 / xlsx or CSV, told by its content')
    .option('--dry-run', '只检查并显示更改，不写入 / check and show only, write nothing')
    .option(
      '--complete',
      '文件是其中各单位的全部点位：缺少的标为拆除 / the file is all there is of its units: what is missing becomes removed',
    )
    .option('--unit <code>', '文件只属于这个考核单位 / the file is of this unit alone')
    .option('--yes', '不再询问 / do not ask')
    .option('--by <name>', '导入人 / who imports; the account by default')
    .option('--note <text>', '说明，例如文号 / a note, such as the number of a document')
    .option(...json)
    .action(async (file, options) => {
      const { importFile } = await import('../import.ts');
      end(await onGround((ground) => importFile(ground, file, options)));
    });

  program
    .command('export')
    .description('导出点位档案，不含密码，可再导入 / export the inventory, without logins, as it can be imported again')
    .argument('<file>', '新文件，.csv 或 .xlsx / a new file, .csv or .xlsx')
    .option('--unit <code>', '只导出一个考核单位 / one unit only')
    .option(...json)
    .action(async (file, options) => {
      const { exportFile } = await import('../export.ts');
      end(await onGround((ground) => exportFile(ground, file, options)));
    });

  program
    .command('camera')
    .description('一个点位的档案（一机一档）、照片与历史 / what is on file of one camera, its photos and its history')
    .argument('<code>', '20 位点位编码 / its 20-digit code')
    .option('--photo <file>', '添加一张照片，JPEG 或 PNG，至多 10 MB / put a photo to it, 10 MB at most')
    .option('--save <sha256>', '取出一张照片 / take a photo out')
    .option('--to <file>', '取出到哪个文件 / into which file')
    .option('--by <name>', '添加人 / who adds it; the account by default')
    .option('--note <text>', '照片说明 / a note to the photo')
    .option('--history', '每次更改 / every change')
    .option(...json)
    .action(async (code, options) => {
      const { camera } = await import('../camera.ts');
      end(await onGround((ground) => camera(ground, code, options)));
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
    .option(
      '--workers <login,...|none>',
      '该站点探测进程的数据库登录，只能读本站点的密码（见 docker/init-service.sql）/ database logins of its workers, which read its passwords alone',
      logins,
    )
    .option(...json)
    .action(async (code, options) => {
      const { site } = await import('../site.ts');
      end(await onGround((ground) => site(ground, code, options)));
    });
};
