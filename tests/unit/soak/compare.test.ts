import { describe, expect, test } from 'vitest';
import { type FaultName, faults } from '../../../src/simulator/faults.ts';
import { allowedBy, mayBe, type Said } from '../../soak/allowed.ts';
import { compare, type Planned, type Row, type Stored } from '../../soak/compare.ts';
import { Timeline } from '../../soak/timeline.ts';

const sound: Said = { online: 'yes', image: 'yes', kind: 'sound' };
const heard: Said = { online: 'yes', image: 'unknown', kind: 'sound' };

describe('what was true of a camera', () => {
  const timeline = new Timeline([{ code: 'a', fault: 'sound' }]);
  timeline.note('a', { sent: 100, done: 110, fault: 'silent' });
  timeline.note('a', { sent: 200, done: 210, fault: 'sound' });

  test.each<[number, number, FaultName[]]>([
    [0, 99, ['sound']],
    [0, 100, ['sound', 'silent']],
    [105, 106, ['sound', 'silent']],
    [111, 199, ['silent']],
    [150, 205, ['silent', 'sound']],
    [211, 500, ['sound']],
    [0, 500, ['sound', 'silent', 'sound']],
  ])('from %i to %i may have been %j', (from, to, possible) => {
    expect(timeline.possible('a', from, to)).toEqual(possible);
  });
});

describe('what a probe may say', () => {
  test('of one fault is the truth, and of what mends itself also the first visit', () => {
    expect(allowedBy('sound', 'picture', false)).toEqual([sound]);
    expect(allowedBy('blip', 'picture', false)).toContainEqual({ online: 'yes', image: 'no', kind: 'closed' });
    expect(mayBe({ online: 'no', image: 'no', kind: 'silent' }, ['silent'], 'picture', false)).toBe(true);
    expect(mayBe({ online: 'yes', image: 'no', kind: 'silent' }, ['silent'], 'picture', false)).toBe(false);
    expect(mayBe(sound, ['no_media'], 'picture', false)).toBe(false);
  });

  test('asked for no picture, of a camera that answers, is that it answers, whatever would have come later', () => {
    for (const fault of Object.keys(faults) as FaultName[]) {
      const online = faults[fault].online === 'yes';
      expect([fault, mayBe(heard, [fault], 'answer', false)]).toEqual([fault, online && fault !== 'rtsp_dead']);
      expect(mayBe(sound, [fault], 'answer', false)).toBe(false);
    }
    expect(mayBe({ ...heard, kind: 'refused' }, ['rtsp_dead'], 'answer', false)).toBe(true);
  });

  test('of a channel that is gone is that it is offline; of a camera that does not know the path, that it is online', () => {
    const gone: Said = { online: 'no', image: 'unknown', kind: 'not_found' };
    expect([mayBe(gone, ['not_found'], 'answer', true), mayBe(gone, ['not_found'], 'answer', false)]).toEqual([
      true,
      false,
    ]);
    expect(mayBe(heard, ['not_found'], 'answer', true)).toBe(false);
  });

  test('of a camera that changed meanwhile is either, or part of each, but never a picture of half a visit', () => {
    const both: FaultName[] = ['closed', 'sound'];
    expect(mayBe(sound, both, 'picture', false)).toBe(true);
    expect(mayBe({ online: 'no', image: 'no', kind: 'closed' }, both, 'picture', false)).toBe(true);
    // RTSP was closed, and ONVIF answered a moment later.
    expect(mayBe({ online: 'yes', image: 'no', kind: 'closed' }, both, 'picture', false)).toBe(true);
    expect(mayBe({ online: 'no', image: 'yes', kind: 'sound' }, both, 'picture', false)).toBe(false);
    expect(mayBe({ online: 'yes', image: 'yes', kind: 'closed' }, both, 'picture', false)).toBe(false);
    expect(mayBe({ online: 'yes', image: 'unknown', kind: 'busy' }, both, 'picture', false)).toBe(false);
  });
});

describe('a history', () => {
  const slot = 1_000_000;
  const row = 'sweep 1';
  const plan = (camera: number, change: Partial<Planned> = {}): Planned => ({
    ...{ camera, slot, want: 'picture', row },
    ...change,
  });
  const result = (camera: number, said: Said = sound, change: Partial<Stored> = {}): Stored => ({
    ...{ camera, slot, observedAt: slot + 900, ...said },
    ...change,
  });
  const judge = (
    planned: Planned[],
    stored: Stored[],
    { rows = [{ row, skipped: 0 }], fault = 'sound' }: { rows?: Row[]; fault?: FaultName } = {},
  ) =>
    compare(planned, rows, stored, {
      timeline: new Timeline(ids.map((id) => ({ code: `c${id}`, fault }))),
      cameras: new Map(ids.map((id) => [id, { code: `c${id}`, site: 'north', channel: false }])),
      kills: [{ at: slot + 500, until: slot + 500, sites: ['north'] }],
      databaseAway: [],
    });

  const held: Said = { online: 'yes', image: 'unknown', kind: 'login_held' };
  const ids = Array.from({ length: 20 }, (_, nth) => nth + 1);
  const many = ids.map((id) => plan(id));
  const manyStored = ids.map((id) => result(id));

  test('that holds every slot once, and the truth in it, has no difference', () => {
    expect(judge([plan(1), plan(2)], [result(1), result(2)])).toMatchObject({
      ...{ planned: 2, stored: 2, skipped: 0, differences: [] },
    });
  });

  test.each<[string, () => ReturnType<typeof judge>]>([
    ['stored twice', () => judge([plan(1)], [result(1), result(1)])],
    ['planned twice', () => judge([plan(1), plan(1)], [result(1)])],
    ['miscounted', () => judge(many, manyStored.slice(1))],
    ['miscounted', () => judge([plan(1)], [result(1)], { rows: [{ row, skipped: 1 }] })],
    ['not over', () => judge([plan(1)], [result(1)], { rows: [{ row, skipped: null }] })],
    ['missing', () => judge(many, manyStored.slice(1), { rows: [] })],
    ['too little', () => judge(many, [], { rows: [{ row, skipped: 20 }] })],
    ['too little', () => judge(many, manyStored.slice(5), { rows: [{ row, skipped: 5 }] })],
    ['held', () => judge(many, [...manyStored.slice(3), ...[1, 2, 3].map((id) => result(id, held))])],
    ['not the truth', () => judge([plan(1)], [result(1, { ...held, online: 'no' })])],
    ['not the truth', () => judge([plan(1)], [result(1, held, { observedAt: slot + 500_000 })])],
    ['nobody asked', () => judge([], [result(1)], { rows: [] })],
    ['nobody asked', () => judge([plan(1)], [result(1), result(1, sound, { slot: slot + 1 })])],
    ['before its slot', () => judge([plan(1)], [result(1, sound, { observedAt: slot - 1 })])],
    ['not the truth', () => judge([plan(1)], [result(1)], { fault: 'damaged' })],
    ['not the truth', () => judge([plan(1)], [result(1, { online: 'unknown', image: 'unknown', kind: 'internal' })])],
    ['not the truth', () => judge([plan(1)], [result(1, { online: 'yes', image: 'unknown', kind: 'busy' })])],
    ['overloaded', () => judge([plan(1)], [result(1, { online: 'unknown', image: 'unknown', kind: 'overloaded' })])],
  ])('differs: %s', (sort, made) => {
    const { differences } = made();
    expect(differences.length).toBe(1);
    expect(differences[0]).toMatch(new RegExp(`^${sort}: `));
  });

  test('may lack what stands counted as skipped', () => {
    const { skipped, differences } = judge(many, manyStored.slice(1), { rows: [{ row, skipped: 1 }] });
    expect([skipped, differences]).toEqual([1, []]);
  });

  test('may hold a login that a killed worker left open, and only after the kill, at a site of that worker', () => {
    expect(judge(many, [...manyStored.slice(1), result(1, held)])).toMatchObject({
      ours: { login_held: 1 },
      differences: [],
    });
    expect(judge([plan(1)], [result(1, held, { observedAt: slot + 400 })]).differences.length).toBe(1);
  });

  test('tells twenty differences of a sort and the number of the others', () => {
    const unasked = Array.from({ length: 50 }, (_, nth) => result(1, sound, { slot: slot + nth }));
    const { differences } = judge([], unasked, { rows: [] });
    expect([differences.length, differences.at(-1)]).toEqual([21, 'nobody asked: and 30 more']);
  });
});
