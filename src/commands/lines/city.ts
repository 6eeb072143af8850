import type { Command } from 'commander';
import { config, end } from './run.ts';
import { json, whole } from './values.ts';

/** A simulated city: for a first look, tests and trials. */
export const cityLines = (program: Command): void => {
  program
    .command('demo')
    .description('模拟一座城市并巡检一次 / simulate a city and inspect it once')
    .option('--cameras <n>', '点位数 / cameras', whole(1, 60_000), 2_000)
    .option('--seed <n>', '随机种子 / seed', whole(0, 4_294_967_295), 1)
    .option('--truth <file>', '写出真实状态（JSON）/ write the ground truth')
    .option('--once', '巡检一次后退出 / end after one inspection')
    .option(...json)
    .action(async (options) => end(await (await import('../demo.ts')).demo(config(), options)));

  program
    .command('simulate')
    .description('运行模拟城市，直到 Ctrl-C / run a simulated city until Ctrl-C')
    .option('--cameras <n>', '点位数 / cameras', whole(1, 200_000), 2_000)
    .option('--seed <n>', '随机种子 / seed', whole(0, 4_294_967_295), 1)
    .option('--household <percent>', '平安家园所占百分比 / household cameras, percent', whole(0, 100), 0)
    .option('--recorders <percent>', '录像机通道所占百分比 / channels of recorders, percent', whole(0, 100), 0)
    .option('--inventory <file>', '写出档案（CSV，含密码）/ write the inventory, with passwords', 'inventory.csv')
    .option('--truth <file>', '写出真实状态（JSON）/ write the ground truth')
    .option(...json)
    .action(async (options) => end(await (await import('../simulate.ts')).simulate(config(), options)));
};
