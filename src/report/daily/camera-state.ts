import type { Answer, FrozenCamera } from '../content.ts';
import { partyOfFailure, wordsOfFailure, wordsOfPictureFault } from '../words/faults.ts';

/** What a camera came to, as a county reads it. `abnormal`: a picture came and shows nothing of use. */
export type CameraState = 'good' | 'offline' | 'no_image' | 'abnormal' | 'unknown';

type Found = Pick<FrozenCamera, 'online' | 'image' | 'pictureDue' | 'faults'>;

export const stateOf = ({ online, image, pictureDue, faults }: Found): CameraState => {
  if (online === 'unknown' || (pictureDue && image === 'unknown')) return 'unknown';
  if (online === 'no') return 'offline';
  if (pictureDue && image === 'no') return 'no_image';
  return faults.length > 0 ? 'abnormal' : 'good';
};

export const stateWords: Readonly<Record<CameraState, string>> = {
  good: '正常',
  offline: '离线',
  no_image: '在线无图',
  abnormal: '图像异常',
  unknown: '未知',
};

export const classWords: Readonly<Record<FrozenCamera['class'], string>> = {
  skynet: '天网',
  social: '社会面',
  household: '平安家园',
};

export const answerWords: Readonly<Record<Answer, string>> = { yes: '是', no: '否', unknown: '未知' };

/** Of judged classes, not exempt, and owing an answer or a good picture: what the appendix of a bulletin lists. */
export const isFailing = (camera: FrozenCamera): boolean => {
  if (camera.exempt !== null || camera.class === 'household') return false;
  const state = stateOf(camera);
  return state === 'offline' || state === 'no_image' || state === 'abnormal';
};

/** Why, in a few words; empty where nothing is the matter. */
export const causeOf = ({ failure, faults }: Pick<FrozenCamera, 'failure' | 'faults'>): string =>
  [...(failure === null ? [] : [wordsOfFailure(failure)]), ...faults.map(wordsOfPictureFault)].join('、');

/** Who is to act: the maintainer where only the picture is at fault. */
export const partyOf = (camera: Pick<FrozenCamera, 'failure' | 'faults' | 'shares'>): string => {
  if (camera.failure === null) return camera.faults.length > 0 ? '维护单位' : '';
  const party = partyOfFailure(camera.failure);
  return party === '运营商' && camera.shares.carrier !== null ? `${party}（${camera.shares.carrier}）` : party;
};

/** Whose it is to repair, with whom to call; "档案未载" where the archive does not say. */
export const maintainerOf = ({ party }: Pick<FrozenCamera, 'party'>): string => {
  const said = [party?.maintainingUnit, party?.maintainingContact, party?.maintainingPhone].filter((word) => word);
  return said.length === 0 ? '档案未载' : said.join(' ');
};
