import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causesOf, type FailingCamera, type Group, sharedKinds } from '../../../src/verdict/causes.ts';

type Shares = FailingCamera['shares'];
/** A camera of the roster; `state` is what it was found as. */
type Camera = { code: string; shares: Shares; state: 'offline' | 'no_picture' | 'sound' | 'unknown'; exempt?: true };

const groupsOf = (cameras: readonly Camera[]): Group[] =>
  sharedKinds.flatMap((kind) =>
    [...new Set(cameras.flatMap(({ shares }) => shares[kind] ?? []))].map((key): Group => {
      const all = cameras.filter(({ shares }) => shares[kind] === key);
      const count = (what: (camera: Camera) => boolean): number => all.filter(what).length;
      return {
        kind,
        key,
        roster: all.length,
        offline: count(({ state, exempt }) => state === 'offline' && exempt === undefined),
        online: count(({ state }) => state === 'no_picture' || state === 'sound'),
        noPicture: count(({ state, exempt }) => state === 'no_picture' && exempt === undefined),
        picture: count(({ state }) => state === 'sound'),
      };
    }),
  );

const failingOf = (cameras: readonly Camera[]): FailingCamera[] =>
  cameras.flatMap(({ code, shares, state, exempt }) =>
    (state === 'offline' || state === 'no_picture') && exempt === undefined
      ? [{ code, class: 'social', symptom: state, shares }]
      : [],
  );

/** As a list that can be read: kind, key, symptom, codes. */
const told = (cameras: readonly Camera[]) =>
  causesOf(failingOf(cameras), groupsOf(cameras)).map((cause) => [
    ...[cause.kind, cause.key, cause.symptom],
    cause.cameras.map(({ code }) => code).join(' '),
  ]);

const some = (codes: string, shares: Shares, state: Camera['state'] = 'offline', exempt?: true): Camera[] =>
  codes.split(' ').map((code) => ({ code, shares, state, ...(exempt && { exempt }) }));

describe('a shared cause', () => {
  it('is believed where all that is known of a pole is down, and takes both cameras as one repair', () => {
    expect(told(some('a b', { pole: 'P1' }))).toEqual([['pole', 'P1', 'offline', 'a b']]);
  });

  it('is not believed where a neighbour works', () => {
    expect(told([...some('a b', { pole: 'P1' }), ...some('c', { pole: 'P1' }, 'sound')])).toEqual([
      ['camera', 'a', 'offline', 'a'],
      ['camera', 'b', 'offline', 'b'],
    ]);
  });

  it('is believed of ten where one lives on, not where two do', () => {
    const nine = some('a b c d e f g h i', { carrier: '电信' });
    const alive = (codes: string): Camera[] => some(codes, { carrier: '电信' }, 'sound');
    expect(told([...nine, ...alive('j')])).toEqual([['carrier', '电信', 'offline', 'a b c d e f g h i']]);
    expect(told([...nine, ...alive('j k')])).toHaveLength(9);
  });

  it('is not spoken against by what is unknown, nor spoken for', () => {
    expect(told([...some('a b', { onu: 'O' }), ...some('c d e', { onu: 'O' }, 'unknown')])).toHaveLength(1);
    expect(told([...some('a', { onu: 'O' }), ...some('c d e', { onu: 'O' }, 'unknown')])).toEqual([
      ['camera', 'a', 'offline', 'a'],
    ]);
  });

  it('is not spoken for by the exempt that fail for a reason of their own, and spoken against by those that work', () => {
    const one = some('a', { power: 'W' });
    expect(told([...one, ...some('b c', { power: 'W' }, 'offline', true)])).toEqual([['camera', 'a', 'offline', 'a']]);
    expect(told([...some('a b', { power: 'W' }), ...some('c', { power: 'W' }, 'sound', true)])).toHaveLength(2);
  });

  it('of two poles on one power point is the power point, once', () => {
    const cameras = [...some('a b', { pole: 'P1', power: 'W' }), ...some('c d', { pole: 'P2', power: 'W' })];
    expect(told(cameras)).toEqual([['power', 'W', 'offline', 'a b c d']]);
  });

  it('of a pole alone is the pole, where its power point feeds others that work', () => {
    const cameras = [...some('a b', { pole: 'P1', power: 'W' }), ...some('c d', { pole: 'P2', power: 'W' }, 'sound')];
    expect(told(cameras)).toEqual([['pole', 'P1', 'offline', 'a b']]);
  });

  it('that explains as many as another is the narrower one', () => {
    const cameras = [...some('a b', { onu: 'O', pole: 'P' }), ...some('c', { onu: 'O' }, 'unknown')];
    expect(told(cameras)).toEqual([['pole', 'P', 'offline', 'a b']]);
  });

  it('of the same cameras is the one that comes first in the list', () => {
    expect(told(some('a b', { carrier: 'C', site: 'S', pole: 'P', power: 'W', onu: 'O' }))).toEqual([
      ['onu', 'O', 'offline', 'a b'],
    ]);
  });

  it('of pictures is a recorder or a line that still answers, never a pole or its power', () => {
    expect(told(some('a b c', { recorder: 'R' }, 'no_picture'))).toEqual([['recorder', 'R', 'no_picture', 'a b c']]);
    expect(told(some('a b', { pole: 'P', power: 'W' }, 'no_picture'))).toHaveLength(2);
  });

  it('does not mix a camera that is offline with one that has no picture', () => {
    const cameras = [...some('a', { recorder: 'R' }), ...some('b', { recorder: 'R' }, 'no_picture')];
    expect(told(cameras)).toHaveLength(2);
    // Two offline beside one that answers without a picture: the recorder lives.
    expect(told([...some('a b', { recorder: 'R' }), ...some('c', { recorder: 'R' }, 'no_picture')])).toHaveLength(3);
  });

  it('leaves no camera out and lays none to two, in the same order however the cameras come', () => {
    const key = fc.constantFrom('1', '2', '3', undefined);
    const shares = fc.record(Object.fromEntries(sharedKinds.map((kind) => [kind, key])));
    const state = fc.constantFrom<Camera['state']>('offline', 'offline', 'no_picture', 'sound', 'unknown');
    const cameras = fc
      .array(fc.record({ shares, state, exempt: fc.constantFrom(undefined, undefined, true as const) }), {
        maxLength: 14,
      })
      .map((list) =>
        list.map(({ shares: held, state: found, exempt }, nth): Camera => {
          const known = Object.entries(held).filter(([, value]) => value !== undefined);
          return { code: `c${nth}`, shares: Object.fromEntries(known), state: found, ...(exempt && { exempt }) };
        }),
      );
    let shared = 0;
    fc.assert(
      fc.property(cameras, (city) => {
        const causes = causesOf(failingOf(city), groupsOf(city));
        const codes = causes.flatMap((cause) => cause.cameras.map(({ code }) => code));
        expect(codes.toSorted()).toEqual(
          failingOf(city)
            .map(({ code }) => code)
            .toSorted(),
        );
        for (const { kind, key: of, symptom, cameras: members } of causes) {
          for (const camera of members) expect(camera.symptom).toBe(symptom);
          if (kind === 'camera') expect(members).toHaveLength(1);
          else {
            shared += 1;
            expect(members.length).toBeGreaterThan(1);
            for (const camera of members) expect(camera.shares[kind]).toBe(of);
          }
        }
        expect(causesOf(failingOf(city.toReversed()), groupsOf(city.toReversed()))).toEqual(causes);
      }),
      { numRuns: 1_000, seed: 3 },
    );
    expect(shared).toBeGreaterThan(200);
  });
});
