-- What a device last said of itself over ONVIF. Written by the stage probing.
create table device (
  camera integer primary key references camera on delete cascade,
  asked_at timestamptz not null,
  manufacturer text,
  model text,
  firmware text,
  serial text,
  -- Its clock minus ours, milliseconds; null where it told no UTC time.
  clock_skew bigint,
  stream_uri text,
  sub_stream_uri text,
  snapshot_uri text
);
