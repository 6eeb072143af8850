-- The recurring pass over the cameras, day and night. Written by the stage schedule; phase and a site's limits by inventory.

-- Seconds from one probe of a camera to the next, by class; null: never. A day is a whole number of them, so that slots
-- are the same every day; a picture's slot is always an online probe's too, whose place it takes.
alter table policy
  add column skynet_online_every integer default 300,
  add column skynet_picture_every integer default 3600,
  add column social_online_every integer default 300,
  add column social_picture_every integer default 3600,
  add column household_online_every integer default 300,
  add column household_picture_every integer;
alter table policy
  alter column skynet_online_every drop default,
  alter column skynet_picture_every drop default,
  alter column social_online_every drop default,
  alter column social_picture_every drop default,
  alter column household_online_every drop default,
  add check (skynet_online_every >= 10 and skynet_online_every % 5 = 0 and 86400 % skynet_online_every = 0),
  add check (social_online_every >= 10 and social_online_every % 5 = 0 and 86400 % social_online_every = 0),
  add check (household_online_every >= 10 and household_online_every % 5 = 0 and 86400 % household_online_every = 0),
  add check (skynet_picture_every % coalesce(skynet_online_every, 10) = 0 and 86400 % skynet_picture_every = 0),
  add check (social_picture_every % coalesce(social_online_every, 10) = 0 and 86400 % social_picture_every = 0),
  add check (household_picture_every % coalesce(household_online_every, 10) = 0 and 86400 % household_picture_every = 0);

-- What the line to a site bears, over all its workers: probes under way at once, and megabits a second of pictures.
-- null: no limit but the workers' own.
alter table site
  add column sockets integer check (sockets between 1 and 100000),
  add column megabits integer check (megabits between 1 and 100000);

-- When in the day a camera's turn comes, in steps of five seconds: a hash, so that load is even, a recorder's channels
-- are spread, and the turn is the same every day, on every machine and version.
alter table camera
  add column phase integer not null generated always as (('x' || substr(md5(code), 1, 7))::bit(28)::integer % 17280) stored;
create index camera_phase on camera (phase) where in_use;

-- A job: cameras of one site whose turn comes in the same five seconds. A slot is a whole second.
create table sweep (
  slot timestamptz not null check (extract(milliseconds from slot)::integer % 5000 = 0),
  site text not null,
  want text not null check (want in ('answer', 'picture')),
  part integer not null,
  policy integer not null references policy,
  cameras integer[] not null,
  -- No probe begins after it: late ones are skipped and counted, not piled up.
  expires_at timestamptz not null,
  enqueued integer not null default 0,
  enqueued_at timestamptz,
  -- No worker was there for it when it was due.
  unserved boolean not null default false,
  -- Every camera of it has its result.
  done_at timestamptz,
  -- Cameras given up without a result, once it is over.
  skipped integer,
  primary key (slot, site, want, part)
);
select create_hypertable('sweep', by_range('slot', interval '6 hours'), create_default_indexes => false);
create index sweep_open on sweep (slot) where done_at is null and skipped is null;

-- Up to where sweeps are planned: one row, whose lock makes one scheduler of several.
create table sweep_clock (
  one boolean primary key default true check (one),
  planned_until timestamptz not null
);

-- Probes of sweeps that were not made, by local date (Asia/Shanghai) and why; sweep itself is kept for days only.
create table sweep_skipped (
  day date not null,
  site text not null,
  want text not null,
  -- late: on the queue until its time was over. no_worker: none served the site. not_queued: Redis was away.
  -- scheduler_away: nobody planned it.
  reason text not null check (reason in ('late', 'no_worker', 'not_queued', 'scheduler_away')),
  cameras bigint not null,
  primary key (day, site, want, reason)
);
