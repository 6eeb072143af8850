-- What each probe found: one row a camera and slot, whoever delivered it how often. Written by the stage store.
create table result (
  slot timestamptz not null,
  camera integer not null,
  inspection bigint,
  attempt smallint,
  observed_at timestamptz not null,
  -- null is unknown: the fault was ours, or nothing was asked.
  online boolean,
  image boolean,
  failure text,
  step text,
  detail text,
  -- Milliseconds of the whole probe without waiting for its turn.
  took integer not null,
  codec text,
  width smallint,
  height smallint,
  keyframe_bytes integer,
  mean_luma real,
  contrast real,
  sharpness real,
  faults text[],
  -- What the picture came by: stream or snapshot.
  proved_by text
);
select create_hypertable('result', by_range('slot', interval '1 day'), create_default_indexes => false);
create unique index result_camera_slot on result (camera, slot desc);
create index result_inspection on result (inspection, attempt) where inspection is not null;

alter table result set (
  timescaledb.compress,
  timescaledb.compress_segmentby = 'camera',
  timescaledb.compress_orderby = 'slot desc'
);

-- The last picture of each camera, as evidence, and to compare the next one with.
create table evidence (
  camera integer primary key,
  slot timestamptz not null,
  -- Of its grey pixels: the same one again is a picture that stands still (a recorder's last frame of a dead channel).
  fingerprint text not null,
  -- null where the policy keeps none.
  jpeg bytea
);
