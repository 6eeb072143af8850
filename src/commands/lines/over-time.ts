import { type Command, InvalidArgumentError, Option } from 'commander';
import { end, onGround } from './run.ts';
import { day, json, whole } from './values.ts';

/** A month that exists, as YYYY-MM; of this century, as the database knows no year 0. */
const month = (value: string): string => {
  if (/^20\d{2}-(0[1-9]|1[0-2])$/.test(value)) return value;
  throw new InvalidArgumentError('应为月份，例如 2026-11 / must be a month such as 2026-11.');
};

const asked = (program: Command, name: string, description: string): Command =>
  program
    .command(name)
    .description(description)
    .requiredOption('--from <day>', '第一天 / first day', day)
    .requiredOption('--until <day>', '最后一天（含）/ last day, included', day)
    .option('--camera <code>', '点位编码 / code of a camera')
    .option('--site <code>', '站点代码 / code of a site')
    .option('--unit <code>', '考核单位代码 / code of a unit')
    .addOption(new Option('--class <class>', '点位类别 / class').choices(['skynet', 'social', 'household']))
    .option(...json);

/** What the sweeps say over days and months. */
export const overTimeLines = (program: Command): void => {
  asked(program, 'availability', '一段日期的可用率 / availability over days, from the sweeps').action(
    async (options) => {
      const { availability } = await import('../availability.ts');
      end(await onGround((ground) => availability(ground, options)));
    },
  );

  asked(program, 'outages', '一段日期的离线故障 / outages over days: begin, end, length and cause')
    .option('--repeated <n>', '列出离线达到该次数的点位 / list cameras with so many outages', whole(2, 1_000), 3)
    .action(async (options) => {
      const { outages } = await import('../outages.ts');
      end(await onGround((ground) => outages(ground, options)));
    });

  program
    .command('ranking')
    .description('考核单位某月的排名 / ranking of the units over a month')
    .requiredOption('--month <month>', '月份，例如 2026-11 / month, such as 2026-11', month)
    .option(...json)
    .action(async (options) => {
      const { ranking } = await import('../ranking.ts');
      end(await onGround((ground) => ranking(ground, options)));
    });
};
