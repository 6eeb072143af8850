import { type Command, InvalidArgumentError, Option } from 'commander';
import { outcomes } from '../../audit/record.ts';
import type { Anchor } from '../audit.ts';
import { moment } from '../moment-option.ts';
import { end, onGround } from './run.ts';
import { json, whole } from './values.ts';

const anchor = (value: string): Anchor => {
  const [, number, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(value) ?? [];
  if (number !== undefined) return { number: Number(number), hash: hash!.toLowerCase() };
  throw new InvalidArgumentError(
    '应为 xunjian audit head 给出的 序号:哈希 / must be NUMBER:HASH as xunjian audit head prints it.',
  );
};

/** Who did what, and that nobody has changed a word of it. */
export const auditLines = (program: Command): void => {
  const audit = program.command('audit').description('审计：查看、核验 / the audit: read it, verify it');

  audit
    .command('list')
    .description('列出最近的记录，新的在后 / the newest rows, the newest last')
    .option('--action <action>', '何事，例如 exemption.decide / what was done')
    .option('--actor <name>', '何人 / who did it')
    .option('--on <id>', '何物，例如点位编码 / on which thing')
    .option('--request <id>', '请求号 / the number of a request')
    .addOption(new Option('--outcome <outcome>', '结果 / what came of it').choices([...outcomes]))
    .option(
      '--open',
      '已开始而无结果：正在办理，或进程中断；不给 --from 时为最近 31 天 / begun without an end: under way, or killed over; without --from of the last 31 days',
    )
    .option('--from <time>', '自何时起（北京时间）/ from when on', moment)
    .option('--until <time>', '至何时止，不含 / until when, exclusive', moment)
    .option('--limit <n>', '至多几条 / how many at most', whole(1, 100_000), 100)
    .option('--json', '每行一条 JSON / a line of JSON each')
    .action(async (options) => {
      const { list } = await import('../audit.ts');
      end(await onGround((ground) => list(ground, options)));
    });

  audit
    .command('verify')
    .description(
      '逐条核验，指出被改动、删除或插入之处；有则退出码为 1 / name what was altered, removed or put in; exit code 1 then',
    )
    .option('--from <n>', '从第几条起 / the first row', whole(1, Number.MAX_SAFE_INTEGER))
    .option('--anchor <number:hash>', '另行保存的链尾 / an end of the chain that was kept elsewhere', anchor)
    .option(...json)
    .action(async (options) => {
      const { verify } = await import('../audit.ts');
      end(await onGround((ground) => verify(ground, options)));
    });

  audit
    .command('head')
    .description('链的末尾，供另行保存 / the end of the chain, to be kept elsewhere')
    .option(...json)
    .action(async (options) => {
      const { head } = await import('../audit.ts');
      end(await onGround((ground) => head(ground, options)));
    });
};
