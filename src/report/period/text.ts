import type { OutageFigures, Seconds, Sums, UnitPeriod } from '../../rollup/period.ts';
import { percent } from '../../verdict/rates.ts';
import { wordsOfFailure } from '../words/faults.ts';
import { changeWords, type Fraction, placeOf, rateWords } from '../words/fraction.ts';
import { dayWords, lengthWords, localTime } from '../words/local-time.ts';
import { office, renderer } from '../words/office.ts';
import { standingWords } from '../words/standing.ts';
import { beforeWord, type Compared, type PeriodContent, type PeriodIssue } from './content.ts';

export const meanOf = (sums: Pick<Sums, 'assessed' | 'online' | 'image'>, metric: 'online' | 'image'): Fraction => ({
  yes: sums[metric],
  of: sums.assessed,
});

/** Time online of the time that anything is known of. */
export const availabilityOf = ({ online, offline }: Seconds): Fraction => ({ yes: online, of: online + offline });

/** What a mean is compared with: the city's, or that of one unit; null where there is none. */
export const meanBefore = (
  { before }: Pick<PeriodContent, 'before'>,
  unit: string | null,
  metric: 'online' | 'image',
): Fraction | null => {
  const then: Compared | undefined = unit === null ? before?.city : before?.units.find(({ code }) => code === unit);
  return then === undefined ? null : meanOf(then, metric);
};

/** Mean time to repair; "—" where nothing has ended. */
export const repairWords = ({ ended, seconds }: Pick<OutageFigures, 'ended' | 'seconds'>): string =>
  ended === 0 ? '—' : lengthWords(Math.floor(seconds / ended));

const moved = (content: PeriodContent, unit: string | null, now: Fraction, metric: 'online' | 'image'): string => {
  const words = changeWords(beforeWord(content), now, meanBefore(content, unit, metric));
  return words === null ? '' : `，${words}`;
};

const means = (content: PeriodContent, unit: string | null, sums: Sums): string => {
  const [online, image] = [meanOf(sums, 'online'), meanOf(sums, 'image')];
  return (
    `平均在线率${rateWords(online)}${moved(content, unit, online, 'online')}；` +
    `平均出图率${rateWords(image)}${moved(content, unit, image, 'image')}。`
  );
};

const known = (seconds: Seconds): string => {
  const available = availabilityOf(seconds);
  const all = available.of + seconds.unknown;
  if (all === 0) return '本期没有巡测数据。';
  const unknown = `状态未知的时长占${percent(seconds.unknown, all)}，不计入可用率`;
  return available.of === 0
    ? `巡测：${unknown}。`
    : `按全天巡测，可用率${percent(available.yes, available.of)}（在线${lengthWords(available.yes)}／已知${lengthWords(available.of)}，各点位合计）；${unknown}。`;
};

/** Nothing where nobody looked: outages are known from the sweeps. */
const outages = ({ online, offline, unknown }: Seconds, figures: OutageFigures): string => {
  if (online + offline + unknown === 0 && figures.began + figures.ended + figures.open === 0) return '';
  const mended =
    figures.ended === 0 ? '' : `，平均修复时长${repairWords(figures)}，最长${lengthWords(figures.longest)}`;
  return `发生故障${figures.began}次，修复${figures.ended}次${mended}，期末未修复${figures.open}次。`;
};

const causeWords = ({ causes: [top] }: PeriodContent): string =>
  top === undefined ? '' : `故障原因以“${wordsOfFailure(top.kind)}”居多（${top.began}次）。`;

const standing = (units: readonly UnitPeriod[], metric: 'online' | 'image', word: string): string =>
  standingWords(
    word,
    units.map(({ name, classes }) => ({ name, rate: meanOf(classes.total, metric) })),
  );

const span = ({ period, through }: PeriodContent): string => `${dayWords(period.from)}至${dayWords(through)}`;

/** How a period went in the whole city, in one paragraph. */
export const periodText = (content: PeriodContent): string => {
  const { city, units, inspections, offenders, offends } = content;
  const always = units.filter(({ days }) => days.met > 0 && days.missed === 0 && days.undetermined === 0);
  return [
    `${span(content)}，${office.centre}对全市${units.length}个考核单位开展日巡检${inspections.length}次，`,
    `累计应评${city.classes.total.assessed}点次。`,
    means(content, null, city.classes.total),
    standing(units, 'online', '在线率'),
    standing(units, 'image', '出图率'),
    always.length === 0
      ? '没有单位每次巡检均达标。'
      : `每次巡检均达标的有${always.map(({ name }) => name).join('、')}。`,
    known(city.availability.total),
    outages(city.availability.total, city.outages),
    causeWords(content),
    `${offends}次以上反复故障的点位${offenders.length}个。`,
  ].join('');
};

/** The same of one unit, with its places among all. */
export const unitPeriodText = (content: PeriodContent, unit: UnitPeriod): string => {
  const { units, inspections, offenders, offends } = content;
  const place = (metric: 'online' | 'image'): string => {
    const found = placeOf(units, unit, ({ classes }) => meanOf(classes.total, metric));
    return found === null ? '无' : `第${found.place}位（共${found.among}个单位）`;
  };
  const { met, missed, undetermined } = unit.days;
  return [
    `${span(content)}，${office.centre}对${unit.name}开展日巡检${unit.classes.total.inspections}次（全市${inspections.length}次），`,
    `累计应评${unit.classes.total.assessed}点次。`,
    means(content, unit.code, unit.classes.total),
    `在线率居全市${place('online')}，出图率居全市${place('image')}。`,
    `达标${met}天，未达标${missed}天，待定${undetermined}天。`,
    known(unit.availability.total),
    outages(unit.availability.total, unit.outages),
    causeWords(content),
    `${offends}次以上反复故障的点位${offenders.filter((one) => one.unit === unit.code).length}个。`,
  ].join('');
};

/** The foot of a period's documents. */
export const periodNotes = ({ content, sha256 }: PeriodIssue): string[] => {
  const { policies, formula, sweptUntil, before } = content;
  const word = beforeWord(content);
  return [
    '统计口径：平均在线率＝各次日巡检在线数之和÷应评数之和，平均出图率同理，不取百分比的平均数；各次巡检取其最新版次。' +
      '可用率＝在线时长÷（在线时长＋离线时长），一次探测的状态最多延续两个巡测间隔，其后计为未知。' +
      '平均修复时长＝本期内修复的故障时长之和÷次数，未知时长不计。比率一律向下取到一位小数；变化按分子、分母精确计算，单位为百分点，小数第三位起舍去。',
    `公式版本：${formula}；考核口径：${policies.map(({ version, note }) => `第${version}版（${note}）`).join('、') || '无'}。`,
    `数据时间：${content.period.from}至${content.through}，日巡检${content.inspections.length}次，逐次版次与校验值见依据表；` +
      `巡测数据${sweptUntil === null ? '无' : `截至${localTime(sweptUntil)}`}（北京时间）。`,
    before === null
      ? `比较对象：${word}没有日巡检。`
      : `比较对象：${word}（${before.period.from}至${before.period.until}）。`,
    `内容校验：SHA-256 ${sha256}；文书格式 ${renderer}。`,
  ];
};
