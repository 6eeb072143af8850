import { digest } from './digest.ts';
import { large } from './large.ts';
import { message } from './message.ts';
import type { Recorded } from './recorded.ts';
import { rtp } from './rtp.ts';
import type { Share } from './run.ts';
import { sdp } from './sdp.ts';
import { session } from './session.ts';
import { soapTarget } from './soap.ts';
import type { Talk, Target } from './target.ts';
import { url } from './url.ts';
import { visit } from './visit.ts';

/** Every target that parses, with its weight among the cases; "large" and the talks have their shares by themselves. */
const weighted = (recorded: Recorded): { target: Target; weight: number }[] => [
  { target: message(recorded.message), weight: 4 },
  { target: sdp(recorded.sdp), weight: 3 },
  { target: rtp() as Target, weight: 4 },
  { target: digest(recorded.header), weight: 3 },
  { target: url([]), weight: 2 },
  { target: session(recorded.header), weight: 2 },
  { target: soapTarget(recorded.soap), weight: 3 },
];

/** Every target by name: a finding names its own. */
export const targetsBy = (recorded: Recorded): ReadonlyMap<string, Target> =>
  new Map(
    [...weighted(recorded).map(({ target }) => target), ...(large() as Target[])].map((target) => [
      target.name,
      target,
    ]),
  );
export const talksBy = (): ReadonlyMap<string, Talk> => new Map([visit() as Talk].map((talk) => [talk.name, talk]));

/** Of all cases, one in so many is large, or a talk: they take a thousand times as long as the others. */
const perLarge = 400;
const perTalk = 500;

/** `runs` cases, divided among all. */
export const shares = (runs: number, recorded: Recorded): { targets: Share<Target>[]; talks: Share<Talk>[] } => {
  const largeRuns = Math.ceil(runs / perLarge);
  const talkRuns = Math.ceil(runs / perTalk);
  const small = Math.max(0, runs - largeRuns - talkRuns);
  const list = weighted(recorded);
  const all = list.reduce((sum, { weight }) => sum + weight, 0);
  let given = 0;
  let before = 0;
  const targets = list.map(({ target, weight }) => {
    before += weight;
    const upTo = Math.floor((small * before) / all);
    const share = { target, runs: upTo - given };
    given = upTo;
    return share;
  });
  const larges = (large() as Target[]).map((target, nth, { length }) => ({
    target,
    runs: Math.floor((largeRuns * (nth + 1)) / length) - Math.floor((largeRuns * nth) / length),
  }));
  return {
    targets: [...targets, ...larges],
    talks: [{ target: visit() as Talk, runs: talkRuns }],
  };
};
