import { judgedClasses } from '../../verdict/budget.ts';
import type { Cause, SharedKind } from '../../verdict/causes.ts';
import type { Repair, RepairPlan } from '../../verdict/repairs.ts';
import type { Cell, Column, Table } from '../print/paper.ts';

const column = (head: string, width: number, align: Column['align'] = 'right'): Column => ({ head, width, align });

export const classNames = { total: '合计', skynet: '天网', social: '社会面' } as const;
const metrics = ['online', 'image'] as const;
const metricNames = { online: '在线率', image: '出图率' } as const;

/** How far each rate is from its target, in cameras. */
export const budgetTable = ({ budget }: Pick<RepairPlan, 'budget'>): Table => ({
  columns: [
    column('点位类别', 34, 'center'),
    column('指标', 30, 'center'),
    column('目标', 26),
    column('应评', 30),
    column('现有', 30),
    column('达标至少', 30),
    column('还可减少', 32),
    column('尚须恢复', 32),
  ],
  rows: judgedClasses.flatMap((name) =>
    metrics.flatMap((metric): Cell[][] => {
      const room = budget[name][metric];
      if (room === null) return [];
      const { target, assessed, yes, needed, spare, short } = room;
      return [[classNames[name], metricNames[metric], `${target}%`, assessed, yes, needed, spare, short]];
    }),
  ),
  total: false,
});

const causeNames: Readonly<Record<SharedKind | 'camera', string>> = {
  onu: '光猫',
  power: '取电点',
  recorder: '录像机',
  pole: '杆件',
  site: '站点网络',
  carrier: '运营商线路',
  camera: '单个点位',
};

const symptomNames: Readonly<Record<Cause['symptom'], string>> = { offline: '离线', no_picture: '在线无图' };

/** What to repair, the most cameras first: one thing a line. */
export const repairTable = (repairs: readonly Repair[]): Table => ({
  columns: [
    column('序号', 12, 'center'),
    column('共同原因', 24, 'center'),
    column('标识', 54, 'left'),
    column('现象', 20, 'center'),
    column('点位数', 16),
    column('天网', 14),
    column('社会面', 16),
    column('点位编码', 93, 'left'),
  ],
  rows: repairs.map(({ kind, key, symptom, cameras, brings }, index) => [
    index + 1,
    causeNames[kind],
    kind === 'camera' ? '—' : key,
    symptomNames[symptom],
    cameras.length,
    brings.skynet.image,
    brings.social.image,
    cameras.map(({ code }) => code).join('、'),
  ]),
  total: false,
});
