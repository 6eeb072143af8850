import { type Static, Type } from 'typebox';
import type { CameraEntry } from '../rollup/camera-entry.ts';
import type { CameraTable } from '../rollup/camera-table.ts';
import { Answer, CameraClass, Moment, nullable } from './shapes.ts';

const Text = nullable(Type.String());
/** A camera as lists show it. */
export const Listed = Type.Object({
  code: Type.String(),
  name: Type.String(),
  unit: Type.String(),
  class: CameraClass,
  site: Type.String(),
  state: Type.Union([Type.Literal('in_use'), Type.Literal('suspended'), Type.Literal('removed')]),
  online: Answer,
  onlineAt: nullable(Moment),
  image: Answer,
  imageAt: nullable(Moment),
  failure: nullable(Type.String({ description: '最近一次探测的失败类别 / kind of failure of the newest probe' })),
  kind: Text,
  manufacturer: Text,
  model: Text,
  address: Text,
  power: Text,
  carrier: Text,
  onu: Text,
  recorder: Text,
  pole: Text,
  box: Text,
  managingUnit: Text,
  maintainingUnit: Text,
  project: Text,
  login: Type.Boolean(),
  changedAt: Moment,
});

/** What of an entry comes before and after how it is now. */
type Written = { readonly before: string; readonly after: string };

/** How many entries are kept written out, and how many instants: 1 KiB of each entry, 20 MiB in all. */
const mostKept = 20_000;

/** Writes cameras of lists; of each the part that does not change from probe to probe is written once. */
export class ListedCameras {
  readonly #written = new Map<CameraEntry, Written>();
  readonly #instants = new Map<number, string>();

  /** As `Listed` has it. */
  of(table: CameraTable, place: number, now: number): Static<typeof Listed> {
    const { id: _, changedAt, ...entry } = table.at(place);
    const { online, onlineAt, image, imageAt, failure } = table.stateOf(place, now);
    return {
      ...entry,
      ...{ online, onlineAt: this.#iso(onlineAt), image, imageAt: this.#iso(imageAt), failure },
      changedAt: changedAt.toISOString(),
    };
  }

  /** The same in JSON. */
  textOf(table: CameraTable, place: number, now: number): string {
    const { before, after } = this.#writtenOf(table.at(place));
    const { online, onlineAt, image, imageAt, failure } = table.stateOf(place, now);
    const [onlineText, imageText] = [quoted(this.#iso(onlineAt)), quoted(this.#iso(imageAt))];
    const state = `"online":"${online}","onlineAt":${onlineText},"image":"${image}","imageAt":${imageText}`;
    return `${before}${state},"failure":${JSON.stringify(failure)}${after}`;
  }

  #writtenOf(entry: CameraEntry): Written {
    const known = this.#written.get(entry);
    if (known !== undefined) return known;
    const { id: _, changedAt, ...shown } = entry;
    const written = {
      before: `${JSON.stringify(shown).slice(0, -1)},`,
      after: `,"changedAt":"${changedAt.toISOString()}"}`,
    };
    keep(this.#written, entry, written);
    return written;
  }

  /** Cameras are probed in slots, many in each. */
  #iso(at: Date | null): string | null {
    if (at === null) return null;
    const known = this.#instants.get(at.getTime());
    if (known !== undefined) return known;
    const text = at.toISOString();
    keep(this.#instants, at.getTime(), text);
    return text;
  }
}

/** Forgets all where there are too many: what is looked at most is soon there again. */
const keep = <K, V>(kept: Map<K, V>, key: K, value: V): void => {
  if (kept.size >= mostKept) kept.clear();
  kept.set(key, value);
};

const quoted = (instant: string | null): string => (instant === null ? 'null' : `"${instant}"`);
