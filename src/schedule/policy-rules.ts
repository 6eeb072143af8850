import { Sentence } from '../sentence.ts';
import { localTime } from '../time.ts';
import type { Policy } from './policy.ts';
import { classes } from './sweep.ts';

/** Seconds after the start of a round, the first of them 0, ten at most. */
export const isAttempts = (attempts: readonly number[]): boolean =>
  attempts.length > 0 &&
  attempts.length <= 10 &&
  attempts.every((seconds, nth) => (nth === 0 ? seconds === 0 : seconds > attempts[nth - 1]!));

const day = 86_400;

/** Seconds from one probe of a sweep to the next: whole minutes that divide a day, so that slots are the same every day. */
export const isPeriod = (seconds: number): boolean => seconds >= 60 && seconds % 60 === 0 && day % seconds === 0;

/** A picture's slot is always an online probe's too, whose place it takes; null: never. */
export const goTogether = (online: number | null, picture: number | null): boolean =>
  online === null || picture === null || picture % online === 0;

/** What was judged keeps its policy: a new one holds from `validFrom` on, no earlier than `now`. */
export const requireFuture = (validFrom: Date, now: Date): void => {
  if (validFrom >= now) return;
  throw new Sentence(
    `生效时间 ${localTime(validFrom)} 已经过去：已考核的结果沿用当时的口径；请给出今后的时间，或不给出而即刻生效`,
    `valid from ${localTime(validFrom)}: that is past, and what was judged keeps its policy: give a time to come, or none for now`,
  );
};

/** Of a policy as it would be, what no bound of a single value says. A Sentence for the first that does not go together. */
export const requireSound = (policy: Policy): void => {
  const { attempts, cutoff } = policy;
  const last = attempts.at(-1)!;
  if (cutoff <= last) {
    throw new Sentence(
      `截止 ${cutoff} 秒须晚于最后一次探测（第 ${last} 秒）：请改截止时刻（cutoff）或探测时刻（attempts）`,
      `the cut-off at ${cutoff} s must come after the last attempt at ${last} s: change cutoff or attempts`,
    );
  }
  for (const name of classes) {
    const [online, picture] = [policy[`${name}_online_every`], policy[`${name}_picture_every`]];
    if (goTogether(online, picture)) continue;
    throw new Sentence(
      `${name} 的取图间隔 ${picture} 秒应为在线间隔 ${online} 秒的整数倍`,
      `of ${name} the picture's period of ${picture} s must be a multiple of the other, ${online} s`,
    );
  }
};
