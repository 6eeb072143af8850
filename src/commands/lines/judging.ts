import { type Command, Option } from 'commander';
import { statuses } from '../../schedule/exemption.ts';
import { moment } from '../moment-option.ts';
import { end, onGround } from './run.ts';
import { day, json, whole } from './values.ts';

const number = whole(1, Number.MAX_SAFE_INTEGER);
const inspection = ['--inspection <n>', '第几次巡检 / number of the inspection', number] as const;
const date = ['--date <day>', '哪一天的日巡检 / or the day of the daily one', day] as const;
const by = ['--by <name>', '经办人 / who decides'] as const;

/** What is decided about inspections: exemptions, appeals, corrections, publication. */
export const judgingLines = (program: Command): void => {
  exemptLines(program);
  appealLines(program);

  program
    .command('revise')
    .description('更正一次巡检：按已批准的报备与成立的申诉另出一版 / correct an inspection by a new revision')
    .option(...inspection)
    .option(...date)
    .requiredOption(...by)
    .requiredOption('--why <text>', '更正理由 / why it is corrected')
    .option(...json)
    .action(async (options) => {
      const { revise } = await import('../revise.ts');
      end(await onGround((ground) => revise(ground, options)));
    });

  program
    .command('revisions')
    .description('列出一次巡检的各版次及其差异 / the revisions of an inspection, and what each says otherwise')
    .option(...inspection)
    .option(...date)
    .option(...json)
    .action(async (options) => {
      const { revisions } = await import('../revisions.ts');
      end(await onGround((ground) => revisions(ground, options)));
    });

  program
    .command('publish')
    .description('发布一次巡检的最新版次 / publish the newest revision of an inspection')
    .option(...inspection)
    .option(...date)
    .requiredOption(...by)
    .option(
      '--revision <n>',
      '核对过的版次；已有更新的则不发布 / the one that was looked at; refused where there is a newer one',
      number,
    )
    .option(...json)
    .action(async (options) => {
      const { publish } = await import('../publish.ts');
      end(await onGround((ground) => publish(ground, options)));
    });
};

const exemptLines = (program: Command): void => {
  const exempt = program.command('exempt').description('报备：提交、审批、结束、查看 / exemptions');

  exempt
    .command('submit')
    .description('提交报备，待审批 / submit one; it waits for a decision')
    .requiredOption('--unit <code>', '考核单位 / unit')
    .requiredOption('--applicant <name>', '申请人 / who applies')
    .requiredOption('--phone <number>', '联系电话 / phone')
    .requiredOption('--reason <code>', '原因，例如 power_cut 停电 / reason, from the list')
    .option('--text <text>', '说明 / in words')
    .requiredOption('--from <time>', '起（北京时间）/ when it begins', moment)
    .requiredOption('--until <time>', '止（北京时间）/ when it ends', moment)
    .option('--camera <code...>', '点位编码，可多个 / codes of cameras')
    .option('--list <file>', '点位编码清单，每行一个 / a file with one code a line')
    .option('--site <code>', '该单位在此站点的全部点位 / all of the unit at this site')
    .option('--whole-unit', '该单位的全部点位 / all of the unit')
    .option('--attachment <file>', '附件，最大 10 MB / a document that goes with it')
    .option(...json)
    .action(async (options) => {
      const { submitExempt } = await import('../exempt.ts');
      end(await onGround((ground) => submitExempt(ground, options)));
    });

  exempt
    .command('list')
    .description('列出报备，新的在前 / list them, newest first')
    .option('--unit <code>', '只列一个考核单位 / of one unit')
    .addOption(new Option('--status <status>', '只列一种状态 / of one status').choices([...statuses]))
    .option(...json)
    .action(async (options) => {
      const { listExempt } = await import('../exempt.ts');
      end(await onGround((ground) => listExempt(ground, options)));
    });

  exempt
    .command('show')
    .description('查看一项报备及其点位 / one of them, with its cameras')
    .argument('<id>', '报备编号 / its number', number)
    .option('--attachment <file>', '把附件写入文件 / write what was attached to a file')
    .option(...json)
    .action(async (id, options) => {
      const { showExempt } = await import('../exempt.ts');
      end(await onGround((ground) => showExempt(ground, id, options)));
    });

  for (const [name, decision, words] of [
    ['approve', 'approved', '批准 / approve'],
    ['refuse', 'refused', '不予批准，须写明理由 / refuse, with the reason'],
  ] as const) {
    exempt
      .command(name)
      .description(words)
      .argument('<id>', '报备编号 / its number', number)
      .requiredOption(...by)
      .option('--note <text>', '意见 / note')
      .option(...json)
      .action(async (id, options) => {
        const { decideExempt } = await import('../exempt.ts');
        end(await onGround((ground) => decideExempt(ground, id, decision, options)));
      });
  }

  exempt
    .command('end')
    .description('提前结束已批准的报备 / end an approved one early')
    .argument('<id>', '报备编号 / its number', number)
    .requiredOption(...by)
    .option(...json)
    .action(async (id, options) => {
      const { endExempt } = await import('../exempt.ts');
      end(await onGround((ground) => endExempt(ground, id, options)));
    });
};

const appealLines = (program: Command): void => {
  const appeal = program.command('appeal').description('申诉：提交、认定、查看 / appeals against one camera’s outcome');

  appeal
    .command('submit')
    .description('对一个点位的巡检结果提出申诉 / appeal against what a camera came to')
    .option(...inspection)
    .option(...date)
    .requiredOption('--camera <code>', '点位编码 / the camera')
    .addOption(
      new Option('--claim <what>', '称其在线，或已出图 / that it was online, or had a picture')
        .choices(['online', 'image'])
        .makeOptionMandatory(),
    )
    .requiredOption('--applicant <name>', '申请人 / who appeals')
    .requiredOption('--phone <number>', '联系电话 / phone')
    .requiredOption('--text <text>', '理由 / why')
    .option('--attachment <file>', '附件，最大 10 MB / a document that goes with it')
    .option(...json)
    .action(async (options) => {
      const { submit } = await import('../appeal.ts');
      end(await onGround((ground) => submit(ground, options)));
    });

  appeal
    .command('list')
    .description('列出申诉，新的在前 / list them, newest first')
    .option(...inspection)
    .option(...json)
    .action(async (options) => {
      const { list } = await import('../appeal.ts');
      end(await onGround((ground) => list(ground, options)));
    });

  appeal
    .command('show')
    .description('查看一项申诉及其探测记录 / one of them, with the attempts')
    .argument('<id>', '申诉编号 / its number', number)
    .option('--frame <file>', '把画面写入文件（JPEG）/ write its picture to a file')
    .option('--attachment <file>', '把附件写入文件 / write what was attached to a file')
    .option(...json)
    .action(async (id, options) => {
      const { show } = await import('../appeal.ts');
      end(await onGround((ground) => show(ground, id, options)));
    });

  for (const [name, words] of [
    ['grant', '认定成立，并另出一版 / grant it, which makes a new revision'],
    ['refuse', '驳回 / refuse it'],
  ] as const) {
    appeal
      .command(name)
      .description(words)
      .argument('<id>', '申诉编号 / its number', number)
      .requiredOption(...by)
      .requiredOption('--note <text>', '理由 / why')
      .option(...json)
      .action(async (id, options) => {
        const commands = await import('../appeal.ts');
        end(await onGround((ground) => commands[name](ground, id, options)));
      });
  }
};
