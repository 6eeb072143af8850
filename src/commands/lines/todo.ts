import type { Command } from 'commander';
import { end, onGround } from './run.ts';
import { json, whole } from './values.ts';

/** What to do about what an inspection found. */
export const todoLines = (program: Command): void => {
  program
    .command('todo')
    .description('各单位的余量、最少修复与今日预测 / what each unit may lose, must repair, and where today is heading')
    .option('--unit <code>', '只看一个考核单位 / one unit only')
    .option(
      '--inspection <n>',
      '第几次巡检，默认最近一次 / number of the inspection, by default the newest',
      whole(1, Number.MAX_SAFE_INTEGER),
    )
    .option(...json)
    .action(async (options) => {
      const { todo } = await import('../todo.ts');
      end(await onGround((ground) => todo(ground, options)));
    });
};
