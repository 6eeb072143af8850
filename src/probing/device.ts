import type { Device } from '../../probes/index.ts';
import type { Queryable } from '../db/pool.ts';
import { storable } from './storable.ts';

export type Told = { readonly camera: number; readonly at: Date; readonly device: Device };

const text = (value: string | null): string | null => (value === null ? null : storable(value));

/** Writes down what devices said of themselves; the newest stays. */
export const noteDevices = async (db: Queryable, told: readonly Told[]): Promise<undefined[]> => {
  const of = <T>(fact: (device: Device) => T): T[] => told.map(({ device }) => fact(device));
  await db.run(
    `insert into device as d (camera, asked_at, manufacturer, model, firmware, serial, clock_skew, stream_uri,
       sub_stream_uri, snapshot_uri)
     select distinct on (camera) * from unnest($1::integer[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
       $8::text[], $9::text[], $10::text[])
       as t (camera, asked_at, manufacturer, model, firmware, serial, clock_skew, stream_uri, sub_stream_uri, snapshot_uri)
     order by camera, asked_at desc
     on conflict (camera) do update set asked_at = excluded.asked_at, manufacturer = excluded.manufacturer,
       model = excluded.model, firmware = excluded.firmware, serial = excluded.serial, clock_skew = excluded.clock_skew,
       stream_uri = excluded.stream_uri, sub_stream_uri = excluded.sub_stream_uri, snapshot_uri = excluded.snapshot_uri
     where d.asked_at < excluded.asked_at`,
    [
      told.map(({ camera }) => camera),
      told.map(({ at }) => at),
      of(({ manufacturer }) => text(manufacturer)),
      of(({ model }) => text(model)),
      of(({ firmware }) => text(firmware)),
      of(({ serial }) => text(serial)),
      of(({ clockSkewMs }) => clockSkewMs),
      of(({ streamUri }) => text(streamUri)),
      of(({ subStreamUri }) => text(subStreamUri)),
      of(({ snapshotUri }) => text(snapshotUri)),
    ],
  );
  return told.map(() => undefined);
};
