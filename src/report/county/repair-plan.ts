import { causesOf, type FailingCamera, type Group, type SharedKind } from '../../verdict/causes.ts';
import type { Counts } from '../../verdict/rates.ts';
import { fewestRepairs, type RepairPlan } from '../../verdict/repairs.ts';
import { targetsOf } from '../../verdict/targets.ts';
import type { FrozenCamera, FrozenContent } from '../content.ts';
import { stateOf } from '../daily/camera-state.ts';

/** What brings a unit back, from what was frozen and nothing else: a report of last month says what was to do then. */

/** One thing that a camera hangs on. */
type Shared = {
  readonly kind: SharedKind;
  readonly key: string;
  /** Within which the key names it; null: within the city. */
  readonly unit: string | null;
};

/**
 * A key of the archive names a thing within its unit: every county has its own pole 3 and its own trunk of a carrier. Sites
 * and hosts are the city's: a neighbour of another unit that works speaks against their fault as well.
 */
const sharedBy = ({ unit, site, shares }: FrozenCamera): Shared[] => {
  const { host, ...archive } = shares;
  return [
    ...(Object.entries(archive) as [keyof typeof archive, string | null][]).flatMap(([kind, key]) =>
      key === null ? [] : [{ kind, key, unit }],
    ),
    ...(host === null ? [] : [{ kind: 'recorder', key: host, unit: null } as const]),
    { kind: 'site', key: site, unit: null },
  ];
};

const failingOf = (camera: FrozenCamera): FailingCamera | null => {
  if (camera.exempt !== null || camera.class === 'household') return null;
  const state = stateOf(camera);
  if (state !== 'offline' && state !== 'no_image') return null;
  return {
    code: camera.code,
    class: camera.class,
    symptom: state === 'offline' ? 'offline' : 'no_picture',
    shares: Object.fromEntries(sharedBy(camera).map(({ kind, key }) => [kind, key])),
  };
};

/** All that the cameras of a unit can hang on, with whatever else of the city hangs on it. */
const groupsOf = (cameras: readonly FrozenCamera[], code: string): Group[] => {
  const groups = new Map<string, { -readonly [K in keyof Group]: Group[K] }>();
  for (const camera of cameras) {
    const counted = camera.exempt === null;
    for (const { kind, key, unit } of sharedBy(camera)) {
      if (unit !== null && unit !== code) continue;
      const name = JSON.stringify([kind, key, unit]);
      const group = groups.get(name) ?? { kind, key, roster: 0, offline: 0, online: 0, noPicture: 0, picture: 0 };
      groups.set(name, group);
      group.roster += 1;
      if (counted && camera.online === 'no') group.offline += 1;
      if (camera.online === 'yes') group.online += 1;
      if (counted && camera.pictureDue && camera.online === 'yes' && camera.image === 'no') group.noPicture += 1;
      if (camera.image === 'yes') group.picture += 1;
    }
  }
  return [...groups.values()];
};

const countsOf = ({ roster, exempt, unknown, online, image }: Counts): Counts => ({
  roster,
  exempt,
  unknown,
  online,
  image,
});

/** The budget of a unit, and the fewest repairs after which none of its rates is under its target. */
export const repairPlanOf = (content: FrozenContent, code: string): RepairPlan => {
  const { skynet, social, household } = content.units.find((unit) => unit.code === code)!.classes;
  const failing = content.cameras.filter(({ unit }) => unit === code).flatMap((camera) => failingOf(camera) ?? []);
  return fewestRepairs(
    { skynet: countsOf(skynet), social: countsOf(social), household: countsOf(household) },
    targetsOf(content.policy),
    causesOf(failing, groupsOf(content.cameras, code)),
  );
};
