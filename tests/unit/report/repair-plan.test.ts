import { describe, expect, it } from 'vitest';
import type { FrozenCamera } from '../../../src/report/content.ts';
import { repairPlanOf } from '../../../src/report/county/repair-plan.ts';
import { madeContent, recounted } from './made-city.ts';

const content = madeContent();
const [unit, neighbour] = content.units.map(({ code }) => code);
const nothing = { recorder: null, pole: null, onu: null, power: null, carrier: null, host: null };

/** A city of two units whose cameras are sound and hang on nothing, but for what is wished of some of them by number. */
const city = (wishes: Readonly<Record<number, Partial<FrozenCamera>>>) =>
  recounted({
    ...content,
    units: content.units.slice(0, 2),
    cameras: Array.from({ length: 80 }, (_, index): FrozenCamera => {
      const camera = content.cameras[0]!;
      const sound = { exempt: null, online: 'yes', image: 'yes', failure: null, class: 'social', faults: [] } as const;
      const of = index < 40 ? unit! : neighbour!;
      const place = { code: `${of}${String(index).padStart(14, '0')}`, unit: of, site: of, shares: nothing };
      return { ...camera, ...sound, ...place, ...wishes[index] };
    }),
  });
const dead = { online: 'no', image: 'no', failure: 'unreachable' } as const;
const blind = { image: 'no', failure: 'no_keyframe' } as const;
const causes = (wishes: Parameters<typeof city>[0], of = unit!) => {
  const { repairs, others } = repairPlanOf(city(wishes), of);
  return [...repairs, ...others].map(({ kind, key, symptom, cameras }) => [kind, key, symptom, cameras.length]);
};

describe('what failing cameras hang on', () => {
  const pole = { shares: { ...nothing, pole: '3' } };
  const host = { shares: { ...nothing, host: '10.0.0.9@north' } };

  it('is told by unit for what the archive names: a sound pole 3 of the neighbour says nothing of ours', () => {
    const ours = { 1: { ...dead, ...pole }, 2: { ...dead, ...pole } };
    expect(causes({ ...ours, 41: pole, 42: pole })).toEqual([['pole', '3', 'offline', 2]]);
    // One of our own that works says that it is not the pole.
    expect(causes({ ...ours, 3: pole, 41: pole }).map(([kind]) => kind)).toEqual(['camera', 'camera']);
  });

  it('is told over the city for a host that cameras share: one of the neighbour that works speaks against it', () => {
    const ours = { 1: { ...blind, ...host }, 2: { ...blind, ...host } };
    expect(causes(ours)).toEqual([['recorder', '10.0.0.9@north', 'no_picture', 2]]);
    expect(causes({ ...ours, 41: host }).map(([kind]) => kind)).toEqual(['camera', 'camera']);
  });

  it('is not told by a camera that is exempt and fails, and by one that is exempt and works', () => {
    const exempt = { exempt: { exemption: 1, reason: '停电', until: '2026-11-30T16:00:00.000Z' } };
    const ours = { 1: { ...dead, ...pole }, 2: { ...dead, ...pole } };
    expect(causes({ ...ours, 3: { ...dead, ...pole, ...exempt } })).toEqual([['pole', '3', 'offline', 2]]);
    expect(causes({ ...ours, 3: { ...pole, ...exempt } }).map(([kind]) => kind)).toEqual(['camera', 'camera']);
  });

  it('is told by household cameras as well, which nobody is judged by', () => {
    const household = { class: 'household', pictureDue: false } as const;
    const ours = { 1: { ...dead, ...pole }, 2: { ...dead, ...pole } };
    expect(causes({ ...ours, 3: { ...dead, ...pole, ...household } })).toEqual([['pole', '3', 'offline', 2]]);
    expect(causes({ ...ours, 3: { ...pole, ...household } }).map(([kind]) => kind)).toEqual(['camera', 'camera']);
  });
});
