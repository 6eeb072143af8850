import { InvalidArgumentError } from 'commander';
import { isAttempts } from '../schedule/policy-rules.ts';

type Judged = 'total' | 'skynet' | 'social';
export type Targets = { [name in `${Judged}_${'online' | 'image'}`]?: number };

/** Reads `total=95/95,skynet=98/98`: percent online and with a picture, by class; of others what was decided stays. */
export const readTargets = (text: string): Targets => {
  const targets: Targets = {};
  for (const part of text.split(',')) {
    const [, name, online, image] = /^(total|skynet|social)=(\d{1,3})\/(\d{1,3})$/.exec(part) ?? [];
    const percents = [Number(online), Number(image)] as const;
    if (name === undefined || percents.some((percent) => percent < 1 || percent > 100)) {
      throw new InvalidArgumentError(
        `${part}：应形如 total=95/95，类别为 total、skynet、social，在线与出图各为 1 至 100 的整数 / ` +
          `${part}: must look like total=95/95; the classes are total, skynet, social, both percents whole, 1 to 100`,
      );
    }
    targets[`${name as Judged}_online`] = percents[0];
    targets[`${name as Judged}_image`] = percents[1];
  }
  return targets;
};

/** Reads `0,300,900`: seconds after the start at which each attempt is made, the first of them 0. */
export const readAttempts = (text: string): number[] => {
  const attempts = text.split(',').map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : Number.NaN));
  if (isAttempts(attempts)) return attempts;
  throw new InvalidArgumentError(
    '应为从 0 起递增的秒数，最多 10 次，例如 0,300,900 / must be rising seconds from 0 on, 10 at most, such as 0,300,900.',
  );
};

/** Reads a time of day, HH:MM; `none`: no round begins by itself. */
export const readDaily = (text: string): string | null => {
  if (text === 'none') return null;
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) return text;
  throw new InvalidArgumentError(
    '应为北京时间，例如 08:00，或 none / must be a time in Beijing such as 08:00, or none.',
  );
};
