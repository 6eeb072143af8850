import { type Command, Option } from 'commander';
import { end, onGround } from './run.ts';
import { json } from './values.ts';

/** The keys that camera passwords are sealed under. */
export const keyLines = (program: Command): void => {
  const key = program
    .command('key')
    .description('点位密码的密钥：查看、更换 / the keys of the camera passwords: look, change');

  key
    .command('status')
    .description(
      '主密钥与各单位的数据密钥；缺密钥时退出码为 3 / which keys there are; exit code 3 where one is missing',
    )
    .option(...json)
    .action(async (options) => {
      const { status } = await import('../key.ts');
      end(await onGround((ground) => status(ground, options)));
    });

  key
    .command('add')
    .description('在密钥文件首行加入新的主密钥 / put a fresh master key in front of the key file')
    .option(...json)
    .action(async (options) => {
      const { add } = await import('../key.ts');
      end(await onGround((ground) => add(ground, options)));
    });

  key
    .command('rotate')
    .description(
      '不停机更换数据密钥并重新加密；中断后再次运行即接续 / new data keys, and all logins sealed anew, while everything runs; once more goes on after an interruption',
    )
    .option('--unit <code>', '只换一个考核单位 / of one unit only')
    .addOption(
      new Option(
        '--master',
        '改由首行主密钥包裹全部数据密钥 / wrap all data keys by the first master key instead',
      ).conflicts('unit'),
    )
    .option(...json)
    .action(async (options) => {
      const { rotate } = await import('../key.ts');
      end(await onGround((ground) => rotate(ground, options)));
    });

  key
    .command('forget')
    .description(
      '从密钥文件去掉不再使用的主密钥 / take master keys out of the file that nothing is wrapped by any more',
    )
    .option(...json)
    .action(async (options) => {
      const { forget } = await import('../key.ts');
      end(await onGround((ground) => forget(ground, options)));
    });

  key
    .command('weak')
    .description(
      '弱口令与出厂口令：与名单比对，不向设备试登录 / weak and default passwords, by comparing, never by trying',
    )
    .option('--unit <code>', '只看一个考核单位 / of one unit only')
    .option(...json)
    .action(async (options) => {
      const { weak } = await import('../key.ts');
      end(await onGround((ground) => weak(ground, options)));
    });
};
