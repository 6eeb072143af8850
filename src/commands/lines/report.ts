import { type Command, Option } from 'commander';
import { formats, type ReportKind } from '../../report/format.ts';
import { end, onGround } from './run.ts';
import { json, whole } from './values.ts';

const kinds: readonly { readonly kind: ReportKind; readonly words: string; readonly date: string }[] = [
  { kind: 'daily', words: '日通报 / the bulletin of a day', date: '哪一天，例如 2026-11-22 / the day' },
  { kind: 'monthly', words: '月通报 / the report of a month', date: '哪个月，例如 2026-11 / the month' },
  { kind: 'yearly', words: '年通报 / the report of a year', date: '哪一年，例如 2026 / the year' },
];

/** The documents of a day, a month and a year. */
export const reportLines = (program: Command): void => {
  const report = program.command('report').description('生成通报文书 / make the documents of a day, a month or a year');
  for (const { kind, words, date } of kinds) {
    const line = report
      .command(kind)
      .description(words)
      .requiredOption('--date <date>', date)
      .option('--unit <code>', '只出一个考核单位的 / of one unit only')
      .addOption(
        new Option(
          '--format <format>',
          '格式；csv 供程序读取，Excel 请用 xlsx，直接打开 csv 会丢失编码末几位 / csv is for programs: Excel cuts 20-digit codes, take xlsx for it',
        )
          .choices(formats)
          .default('docx'),
      )
      .option('--out <file>', '写到何处；- 为标准输出（csv、json）/ where to; - for stdout')
      .option(...json);
    if (kind === 'daily') line.option('--revision <n>', '第几版，默认最新 / which revision', whole(1, 100_000));
    line.action(async (options) => {
      const { report: make } = await import('../report.ts');
      end(await onGround((ground) => make(ground, kind, options)));
    });
  }
};
