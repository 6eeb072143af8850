-- The daily official round: a frozen roster, attempts, a cut-off. Written by the stage schedule.
create table inspection (
  id bigint generated always as identity primary key,
  -- Half a second, always: a slot of an inspection is then never a slot of a sweep, which are whole seconds.
  started_at timestamptz not null unique check (extract(milliseconds from started_at)::integer % 1000 = 500),
  cutoff_at timestamptz not null,
  completed_at timestamptz,
  policy integer not null references policy,
  -- The local date (Asia/Shanghai) whose daily round this is; null for one that somebody asked for.
  day date unique,
  -- Only this unit, where the round was asked for one.
  unit text references unit
);
create index inspection_running on inspection (id) where completed_at is null;

create table roster (
  inspection bigint not null references inspection,
  camera integer not null references camera,
  unit text not null,
  class text not null,
  site text not null,
  exempt boolean not null,
  -- Whether a picture is asked of this camera; of household cameras it is not, by default.
  picture_due boolean not null,
  primary key (inspection, camera)
);

-- A job: cameras of one site, one attempt. Its slot is when the attempt was due: the key of its results.
create table batch (
  id bigint generated always as identity primary key,
  inspection bigint not null references inspection,
  attempt smallint not null,
  part integer not null,
  slot timestamptz not null,
  site text not null,
  cameras integer[] not null,
  -- How often it was put on the queue, and when last; a job that was lost is put there again.
  enqueued integer not null default 0,
  enqueued_at timestamptz,
  -- Every camera of it has its result.
  done boolean not null default false,
  unique (inspection, attempt, site, part)
);
create index batch_open on batch (inspection) where not done;
