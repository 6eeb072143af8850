import type { FrozenAttempt, FrozenCamera, FrozenContent } from '../content.ts';
import type { Cell, Column, Table } from '../print/paper.ts';
import { wordsOfFailure, wordsOfStep } from '../words/faults.ts';
import { localClock } from '../words/local-time.ts';
import { answerWords, causeOf, classWords, partyOf, stateOf, stateWords } from './camera-state.ts';
import { untilWords } from './tables.ts';

const attemptWords = ({ attempt, observedAt, online, image, failure, took }: FrozenAttempt): string =>
  `${attempt}）${localClock(observedAt)} 在线${answerWords[online]} 出图${answerWords[image]}` +
  `${failure === null ? '' : ` ${wordsOfFailure(failure)}`} ${took}毫秒`;

const appealWords = ({ appeal }: FrozenCamera): string =>
  appeal === null
    ? ''
    : `申诉${appeal.appeal}成立；原判在线${answerWords[appeal.online]}、出图${answerWords[appeal.image]}`;

type Field = { readonly head: string; readonly width: number; readonly of: (camera: FrozenCamera) => Cell };

const left: ReadonlySet<string> = new Set(['考核单位', '点位名称', '原因', '详情', '各次探测']);

/** A line a camera: all that was found of it, and whose it is. */
const fields = (unitName: (code: string) => string): readonly Field[] => [
  { head: '考核单位', width: 36, of: ({ unit }) => unitName(unit) },
  { head: '点位编码', width: 44, of: ({ code }) => code },
  { head: '点位名称', width: 62, of: ({ name }) => name },
  { head: '类别', width: 20, of: (camera) => classWords[camera.class] },
  { head: '探测站点', width: 22, of: ({ site }) => site },
  { head: '状态', width: 20, of: (camera) => stateWords[stateOf(camera)] },
  { head: '在线', width: 14, of: ({ online }) => answerWords[online] },
  { head: '出图', width: 14, of: ({ pictureDue, image }) => (pictureDue ? answerWords[image] : '不取图') },
  { head: '原因', width: 40, of: causeOf },
  { head: '步骤', width: 26, of: ({ step }) => (step === null ? '' : wordsOfStep(step)) },
  { head: '详情', width: 60, of: ({ detail }) => detail ?? '' },
  { head: '应处置方', width: 32, of: partyOf },
  { head: '报备编号', width: 18, of: ({ exempt }) => exempt?.exemption ?? '' },
  { head: '报备事由', width: 30, of: ({ exempt }) => exempt?.reason ?? '' },
  { head: '报备至', width: 34, of: ({ exempt }) => (exempt === null ? '' : untilWords(exempt.until)) },
  { head: '申诉', width: 40, of: appealWords },
  { head: '探测次数', width: 18, of: ({ attempts }) => attempts.length },
  { head: '各次探测', width: 80, of: ({ attempts }) => attempts.map(attemptWords).join('；') },
  { head: '管理单位', width: 40, of: ({ party }) => party?.managingUnit ?? '' },
  { head: '维护单位', width: 40, of: ({ party }) => party?.maintainingUnit ?? '' },
  { head: '联系人', width: 20, of: ({ party }) => party?.maintainingContact ?? '' },
  { head: '联系电话', width: 30, of: ({ party }) => party?.maintainingPhone ?? '' },
  { head: '录像机', width: 30, of: ({ shares }) => shares.recorder ?? shares.host ?? '' },
  { head: '杆件', width: 26, of: ({ shares }) => shares.pole ?? '' },
  { head: '光猫', width: 26, of: ({ shares }) => shares.onu ?? '' },
  { head: '取电点', width: 26, of: ({ shares }) => shares.power ?? '' },
  { head: '运营商', width: 22, of: ({ shares }) => shares.carrier ?? '' },
];

/** All cameras of the roster, or those of one unit. */
export const cameraTable = (content: FrozenContent, unit: string | null): Table => {
  const names = new Map(content.units.map(({ code, name }) => [code, name]));
  const all = fields((code) => names.get(code) ?? code);
  return {
    columns: all.map(({ head, width }): Column => ({ head, width, align: left.has(head) ? 'left' : 'center' })),
    rows: content.cameras
      .filter((camera) => unit === null || camera.unit === unit)
      .map((camera) => all.map(({ of }) => of(camera))),
    total: false,
  };
};
