import { type FailureKind, failures } from '../../probes/index.ts';
import type { Ground } from '../roles/ground.ts';
import { causes, meanTimeToRepair, outages as outagesOf, repeatOffenders, together } from '../rollup/outage-figures.ts';
import { spanOf } from '../rollup/period-figures.ts';
import { exit } from './exit.ts';
import {
  classWords,
  duration,
  localMinute,
  type OverTimeOptions,
  periodAsked,
  scopeAsked,
  table,
} from './over-time.ts';

export type OutagesOptions = OverTimeOptions & {
  /** Outages in the period from which on a camera is a repeat offender. */
  readonly repeated: number;
};

const cause = (kind: string): string => failures[kind as FailureKind]?.zh ?? kind;

/** Every outage that touches the days, how long repairs took in the mean, and who was down again and again. */
export const outages = async ({ db }: Ground, options: OutagesOptions): Promise<number> => {
  const now = new Date();
  const period = periodAsked(options, now);
  const span = spanOf(period, now);
  const scope = await scopeAsked(db, options);
  const list = await outagesOf(db, scope, span);
  const byCause = await causes(db, scope, span);
  const offenders = await repeatOffenders(db, scope, span, options.repeated);
  const all = together(byCause);
  if (options.json === true) {
    const written = {
      from: span.from.toISOString(),
      until: span.until.toISOString(),
      total: { ...all, meanTimeToRepair: meanTimeToRepair(all) },
      causes: byCause,
      repeatOffenders: offenders,
      outages: list.map(({ began_at, ended_at, ...rest }) => ({ ...rest, beganAt: began_at, endedAt: ended_at })),
    };
    process.stdout.write(`${JSON.stringify(written)}\n`);
    return exit.ok;
  }
  const rows = list.map((one) => [
    one.code,
    one.name,
    classWords[one.class],
    localMinute(one.began_at),
    one.ended_at === null ? '未恢复' : localMinute(one.ended_at),
    one.seconds === null ? '—' : duration(one.seconds),
    cause(one.kind),
  ]);
  const mean = meanTimeToRepair(all);
  const says = [
    table(['编码', '名称', '类别', '开始', '恢复', '时长', '原因'], rows, 5),
    `期内发生 ${all.began} 次，恢复 ${all.ended} 次，未恢复 ${all.open} 次；` +
      `平均修复时长 ${mean === null ? '—' : duration(mean)}，最长 ${duration(all.longest)}。`,
    `${all.began} began, ${all.ended} ended, ${all.open} open; mean time to repair ` +
      `${mean === null ? '—' : `${mean} s`}, longest ${all.longest} s.`,
    ...(options.class === undefined && options.camera === undefined && list.some((one) => one.class === 'household')
      ? ['平安家园点位只列出，不计入以上数字。/ Household cameras are listed, and not in these figures.']
      : []),
    ...(offenders.length === 0
      ? []
      : [
          `${options.repeated} 次及以上 / ${options.repeated} or more:`,
          table(
            ['编码', '名称', '次数', '时长', '原因'],
            offenders.map((one) => [one.code, one.name, String(one.outages), duration(one.seconds), cause(one.kind)]),
            2,
          ),
        ]),
  ];
  process.stdout.write(`${says.join('\n')}\n`);
  return exit.ok;
};
