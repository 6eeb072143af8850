import type { Command } from 'commander';
import { config, end, onGround } from './run.ts';
import { json } from './values.ts';

/** The roles, and the chore before them. */
export const rolesLines = (program: Command): void => {
  program
    .command('migrate')
    .description('更新数据库结构 / bring the database to the current schema')
    .option(...json)
    .action(async (options) => end(await (await import('../migrate.ts')).migrate(config(), options)));

  program
    .command('serve')
    .description('在一个进程里运行全部角色 / run all roles in one process')
    .action(async () => {
      const { serve } = await import('../serve.ts');
      end(await onGround(serve));
    });

  program
    .command('api')
    .description('只运行接口 / run the API only')
    .action(async () => {
      const { api } = await import('../serve.ts');
      end(await onGround(api));
    });

  program
    .command('worker')
    .description('在一个站点运行探测 / probe from a site')
    .requiredOption('--site <code...>', '站点代码，可多个 / codes of sites')
    .action(async (options: { site: string[] }) => {
      const { worker } = await import('../serve.ts');
      end(await onGround((ground) => worker(ground, options.site)));
    });

  program
    .command('scheduler')
    .description('只运行调度、维护与消息 / run schedule, housekeeping and messages')
    .action(async () => {
      const { scheduler } = await import('../serve.ts');
      end(await onGround(scheduler));
    });
};
