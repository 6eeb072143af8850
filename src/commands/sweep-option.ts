import { InvalidArgumentError } from 'commander';
import type { noSweeps } from '../schedule/policy.ts';
import { goTogether, isPeriod } from '../schedule/policy-rules.ts';
import { classes } from '../schedule/sweep.ts';

type Sweeps = { -readonly [name in keyof typeof noSweeps]?: number | null };

const refuse = (part: string, zh: string, en: string): never => {
  throw new InvalidArgumentError(`${part}：${zh} / ${part}: ${en}`);
};

const period = (text: string, part: string): number | null => {
  if (text === 'never') return null;
  const seconds = Number(text);
  if (/^\d+$/.test(text) && isPeriod(seconds)) return seconds;
  return refuse(
    part,
    '间隔应为 never，或能整除一天（86400）的整分钟秒数，例如 300',
    'a period must be never, or seconds in whole minutes that divide a day (86400), such as 300',
  );
};

/** Reads `skynet=300/3600,household=300/never`: seconds from one probe to the next, online and picture, by class. */
export const readSweeps = (text: string): Sweeps => {
  const sweeps: Sweeps = {};
  for (const part of text.split(',')) {
    const [, name, online, picture] = /^(\w+)=(\w+)\/(\w+)$/.exec(part) ?? [];
    const of = classes.find((one) => one === name);
    if (of === undefined || online === undefined || picture === undefined) {
      return refuse(
        part,
        '应形如 skynet=300/3600；类别为 skynet、social、household',
        'must look like skynet=300/3600; the classes are skynet, social, household',
      );
    }
    const [every, pictures] = [period(online, part), period(picture, part)];
    if (!goTogether(every, pictures)) {
      refuse(part, '取图间隔应为在线间隔的整数倍', 'the picture’s period must be a multiple of the other');
    }
    sweeps[`${of}_online_every`] = every;
    sweeps[`${of}_picture_every`] = pictures;
  }
  return sweeps;
};
