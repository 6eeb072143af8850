import { Sentence } from '../../src/sentence.ts';
import { type Kind, kinds, type Listed, type Plan, type Tarpit, tarpits } from '../support/tarpits.ts';
import { said, start } from './child.ts';
import { type BenchRow, ratioOf, type Spread, spread } from './table.ts';
import type { Errand, Found, Round } from './tarpits-prober.ts';

/** With tarpits among them and without, in turn, so that a noisy machine is noisy for both. */
const rounds = 2;
const deadlineMs = 5_000;
/** The service's own limit, XUNJIAN_SOCKETS. */
const inFlight = 192;
/** A probe ends by its deadline and this part of it. */
const grace = 0.1;
/**
 * A probe is due every 6 ms, with tarpits or without. Were all due at once, tarpits would take sockets and leave the
 * sound ones more of the CPU: each would be quicker for it, and the comparison would flatter.
 */
const everyMs = 6;
const plan: Plan = {
  counts: { sound: 4_500, drip: 125, silent: 125, slow_header: 63, fast_header: 62, endless_rtp: 125 },
  seed: 1,
  // 100 Mbit/s, the port of a camera: what one is able to send. Unbounded, loopback gives twenty of them 2 GB/s.
  floodBytes: 12_500_000,
};

const names: Readonly<Record<Tarpit, string>> = {
  drip: 'a byte a second',
  silent: 'silent after accept',
  slow_header: 'endless header, 2 KB/s',
  fast_header: 'endless header, as fast as taken',
  endless_rtp: 'endless RTP without a key frame, 100 Mbit/s',
};

const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(part * values.length))]!;

const compared = (name: string, unit: string, ours: Spread, theirs: Spread, n: number): BenchRow => ({
  case: name,
  unit,
  ours,
  peer: { name: 'without tarpits', ...theirs },
  ratio: ratioOf(ours, theirs),
  n,
});

/**
 * Whether the machine, and not our own work, kept the prober from its timers: it ran for less than half of every
 * standstill so long that a probe says `overloaded` for it (250 ms).
 */
const withheld = ({ stalls }: Round): boolean => {
  const long = stalls.filter(({ ms }) => ms > 250);
  return long.length > 0 && long.every(({ ms, cpuMs }) => cpuMs < ms / 2);
};

/** Cameras that nothing is said of, because the machine withheld its CPU when their time was up. */
const unjudged = (round: Round): number =>
  withheld(round) ? round.found.filter(({ failure }) => failure === 'overloaded').length : 0;

/** The cameras that something is said of. */
const judged = (round: Round): readonly Found[] =>
  withheld(round) ? round.found.filter(({ failure }) => failure !== 'overloaded') : round.found;

const of = (round: Round, kind: Kind): Found[] => judged(round).filter((one) => one.kind === kind);

/** Throws with what was promised and not held. */
const hold = (round: Round): void => {
  const broken: string[] = [];
  for (const { kind, failure, ms } of judged(round)) {
    const must = kinds[kind];
    if (failure !== must) broken.push(`${kind}: ${failure ?? 'a picture'} instead of ${must ?? 'a picture'}`);
    else if (kind !== 'sound' && ms > deadlineMs * (1 + grace)) broken.push(`${kind}: ${Math.round(ms)} ms`);
  }
  if (broken.length === 0) return;
  const few = broken.slice(0, 5).join('; ');
  const stalls = round.stalls.map(({ ms, cpuMs }) => `${Math.round(ms)}/${Math.round(cpuMs)}`).join(' ') || '0';
  throw new Sentence(
    `${round.found.length} 台中有 ${broken.length} 台不合要求（正常的须有图，陷阱须以应有的原因在 ${deadlineMs} 毫秒加 ` +
      `${100 * grace}% 内结束）：${few}。探测进程的停顿（毫秒/其中占用 CPU）：${stalls}`,
    `${broken.length} of ${round.found.length} cameras broke the promise (a picture of every sound one; every tarpit ended ` +
      `for its reason within ${deadlineMs} ms and ${100 * grace} %): ${few}. Standstills of the prober (ms/of these on a ` +
      `CPU): ${stalls}`,
  );
};

/**
 * 500 tarpits among 5,000 cameras: each ends by its deadline and a tenth, and sound cameras are not delayed: the peer is
 * the same 4,500, due at the same times, without them. Durations are a probe's own, its wait for a socket left out,
 * unless the row says "since due". Throws where a tarpit took longer or any camera ended otherwise than it must.
 */
export const benchTarpits = async (clipsDir: string, told: (line: string) => void): Promise<BenchRow[]> => {
  const cameras = start('./tarpits-cameras.ts', [clipsDir, JSON.stringify(plan)]);
  const listed = await said<Listed[]>(cameras);
  const all = listed.map((camera, nth) => ({ ...camera, due: nth * everyMs }));
  const sound = all.filter(({ kind }) => kind === 'sound');
  const prober = start('./tarpits-prober.ts', []);
  const visit = async (which: Errand['cameras']): Promise<Round> => {
    const answer = said<Round>(prober);
    prober.send({ cameras: which, deadlineMs, inFlight } satisfies Errand);
    const round = await answer;
    hold(round);
    const left = said<{ open: number }>(cameras);
    cameras.send({});
    const { open } = await left;
    if (open > 0)
      throw new Sentence(
        `全部探测结束后仍有 ${open} 条连接未关闭`,
        `${open} connections stand after every camera was left`,
      );
    return round;
  };
  try {
    told('warming up');
    await visit(sound.slice(0, 500));
    const mixed: Round[] = [];
    const alone: Round[] = [];
    for (let nth = 1; nth <= rounds; nth++) {
      told(`${nth} of ${rounds}: ${sound.length} sound cameras alone`);
      alone.push(await visit(sound));
      told(`${nth} of ${rounds}: ${all.length - sound.length} tarpits among ${all.length}`);
      mixed.push(await visit(all));
    }
    const longest = (kind: Tarpit, measure: (one: Found) => number): Spread =>
      spread(mixed.map((round) => Math.max(...of(round, kind).map(measure))));
    const over = mixed.map((round) => {
      const longestOf = Math.max(...tarpits.flatMap((kind) => of(round, kind).map(({ ms }) => ms)));
      return (100 * (longestOf - deadlineMs)) / deadlineMs;
    });
    const count = (kind: Tarpit): number => rounds * plan.counts[kind];
    const times = (name: string, measure: (one: Found) => number): BenchRow[] =>
      [0.5, 0.95].map((part) => {
        const at = (round: Round): number => quantile(of(round, 'sound').map(measure), part);
        return compared(
          `sound, ${name}, ${part === 0.5 ? 'median' : 'p95'}`,
          'ms',
          spread(mixed.map(at)),
          spread(alone.map(at)),
          rounds * sound.length,
        );
      });
    return [
      {
        case: `all tarpits, the longest over the deadline of ${deadlineMs / 1000} s`,
        unit: '% of the deadline',
        ours: spread(over),
        peer: null,
        ratio: null,
        n: tarpits.reduce((sum, kind) => sum + count(kind), 0),
      },
      ...tarpits.map((kind) => ({
        case: `tarpit, ${names[kind]}: ${kinds[kind]}`,
        unit: 'ms, longest',
        ours: longest(kind, ({ ms }) => ms),
        peer: null,
        ratio: null,
        n: count(kind),
      })),
      {
        case: `tarpit, ${names.endless_rtp}: until left, TEARDOWN unanswered`,
        unit: 'ms, longest',
        ours: longest('endless_rtp', ({ leftMs }) => leftMs),
        peer: null,
        ratio: null,
        n: count('endless_rtp'),
      },
      {
        case: 'not judged: the machine withheld the CPU from the prober when their time was up',
        unit: 'cameras a pass',
        ours: spread(mixed.map(unjudged)),
        peer: null,
        ratio: null,
        n: rounds,
      },
      ...times('probe', ({ ms }) => ms),
      ...times('since due', ({ sinceDueMs }) => sinceDueMs),
      compared(
        'CPU of the prober and its decoder, the round',
        'CPU s',
        spread(mixed.map(({ cpuMs }) => cpuMs / 1000)),
        spread(alone.map(({ cpuMs }) => cpuMs / 1000)),
        rounds,
      ),
    ];
  } finally {
    prober.disconnect();
    cameras.disconnect();
  }
};
