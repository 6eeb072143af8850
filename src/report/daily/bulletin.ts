import type { Verdict } from '../../verdict/rates.ts';
import type { Against, FrozenContent, UnitFigures } from '../content.ts';
import { changeWords, type Fraction, rateWords } from '../words/fraction.ts';
import { clockWords, dayWords } from '../words/local-time.ts';
import { office } from '../words/office.ts';
import { standingWords } from '../words/standing.ts';
import { isFailing, stateOf } from './camera-state.ts';
import { dayOf } from './issue.ts';

export type Metric = 'online' | 'image';

type Counted = { readonly assessed: number } & Readonly<Record<Metric, number>>;

export const fractionOf = (counts: Counted, metric: Metric): Fraction => ({ yes: counts[metric], of: counts.assessed });

/** What a rate is compared with: the city's, or that of one unit; null where there is nothing of then. */
export const earlier = (
  { comparisons }: Pick<FrozenContent, 'comparisons'>,
  against: Against,
  unit: string | null,
  metric: Metric,
): Fraction | null => {
  const comparison = comparisons.find((one) => one.against === against);
  const then = unit === null ? comparison?.city : comparison?.units.find(({ code }) => code === unit);
  return then === undefined ? null : fractionOf(then, metric);
};

const than: readonly (readonly [Against, string])[] = [
  ['yesterday', '昨日'],
  ['last_week', '上周同日'],
  ['last_month', '上月同日'],
];

/** "，较昨日上升0.12个百分点，与上周同日持平"; what there is nothing of is left out. */
export const changesOf = (content: FrozenContent, unit: string | null, now: Fraction, metric: Metric): string =>
  than
    .map(([against, word]) => changeWords(word, now, earlier(content, against, unit, metric)))
    .map((words) => (words === null ? '' : `，${words}`))
    .join('');

/** Those whose rate is of enough answers to be told beside others: nobody trails because of what we do not know. */
export const comparable = (units: readonly UnitFigures[], metric: Metric): UnitFigures[] =>
  units.filter(({ classes: { total } }) => total.verdict[metric] === 'met' || total.verdict[metric] === 'missed');

const standing = (units: readonly UnitFigures[], metric: Metric, word: string): string =>
  standingWords(
    word,
    comparable(units, metric).map(({ name, classes: { total } }) => ({ name, rate: fractionOf(total, metric) })),
  );

/** Offline, online without a picture, and with a picture that shows nothing; of judged classes, without the exempt. */
export const troubleOf = (content: Pick<FrozenContent, 'cameras'>, unit: string | null) => {
  const count = { offline: 0, no_image: 0, abnormal: 0 };
  for (const camera of content.cameras) {
    if (!isFailing(camera) || (unit !== null && camera.unit !== unit)) continue;
    count[stateOf(camera) as keyof typeof count] += 1;
  }
  return count;
};

const verdicts = (units: readonly UnitFigures[]): string => {
  const those = (verdict: Verdict | null): UnitFigures[] => units.filter((unit) => unit.verdict === verdict);
  const listed = (word: string, found: readonly UnitFigures[], why = ''): string =>
    found.length === 0 ? `${word}0个` : `${word}${found.length}个${why}（${found.map(({ name }) => name).join('、')}）`;
  const untold = those('undetermined');
  const parts = [
    `达标${those('met').length}个`,
    listed('未达标', those('missed')),
    untold.length === 0 ? '待定0个' : listed('待定', untold, '，有效应答不足'),
  ];
  const empty = those(null);
  if (empty.length > 0) parts.push(listed('无点位可评', empty));
  return `考核单位${units.length}个，${parts.join('，')}。`;
};

/** How the day went, in one paragraph, as an office reads it out. Every rate stands with its numerator and denominator. */
export const bulletinText = (content: FrozenContent): string => {
  const { inspection, city, units } = content;
  const { total, skynet, social, household } = city;
  const online = fractionOf(total, 'online');
  const image = fractionOf(total, 'image');
  const trouble = troubleOf(content, null);
  const whom = inspection.unit === null ? `全市${units.length}个考核单位` : (units[0]?.name ?? inspection.unit);
  return [
    `${dayWords(dayOf(content))}${clockWords(inspection.startedAt)}至${clockWords(inspection.cutoffAt)}，${office.centre}对`,
    `${whom}的公共安全视频监控点位开展巡检。在册点位${total.roster}个，其中天网点位${skynet.roster}个、社会面点位`,
    `${social.roster}个；经批准报备${total.exempt}个，未知${total.unknown}个，应评${total.assessed}个。`,
    `在线率${rateWords(online)}${changesOf(content, null, online, 'online')}；`,
    `出图率${rateWords(image)}${changesOf(content, null, image, 'image')}。`,
    `原始（报备前）在线率${rateWords(fractionOf(total.raw, 'online'))}，出图率${rateWords(fractionOf(total.raw, 'image'))}。`,
    `离线${trouble.offline}个，在线无图${trouble.no_image}个，图像异常${trouble.abnormal}个。`,
    standing(units, 'online', '在线率'),
    standing(units, 'image', '出图率'),
    verdicts(units),
    household.roster === 0 ? '' : `另有平安家园点位${household.roster}个，不纳入考核。`,
  ].join('');
};
