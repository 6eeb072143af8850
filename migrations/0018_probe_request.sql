-- What people ask of the service by the API: a camera's probe now, files that go with an application, and the events that
-- a listener hears.

-- A probe that somebody asked for. Written by the stage schedule. Its result bears the number 0 for its inspection: it is
-- of none, and of no sweep either, so that neither a verdict nor the time online depends on who looked.
create table probe_request (
  id bigint generated always as identity primary key,
  camera integer not null references camera,
  -- Whose workers do it, and whose the camera was, when it was asked.
  site text not null,
  unit text not null references unit,
  -- Of the account.
  asked_by text not null check (asked_by <> ''),
  -- All that this account meets; null: the city.
  asked_within text references unit,
  asked_at timestamptz not null,
  why text,
  want text not null check (want in ('answer', 'picture')),
  policy integer not null references policy,
  -- A quarter of a second past a half or a full one: never a slot of an inspection (half seconds) or a sweep (full ones).
  slot timestamptz not null check (extract(milliseconds from slot)::integer % 500 = 250),
  -- No probe begins after it.
  expires_at timestamptz not null,
  enqueued integer not null default 0,
  enqueued_at timestamptz,
  -- No worker was there for it when it was due.
  unserved boolean not null default false,
  -- Its result is there.
  done_at timestamptz,
  -- Given up without a result, and why. no_worker: none served the site. not_queued: Redis was away. late: it waited for
  -- its turn until its time was over. withdrawn: the camera is not in use any more.
  expired_at timestamptz,
  expired text check (expired in ('no_worker', 'not_queued', 'late', 'withdrawn')),
  unique (camera, slot),
  check ((expired is null) = (expired_at is null)),
  check (done_at is null or expired is null)
);
create unique index probe_request_open on probe_request (camera) where done_at is null and expired is null;
create index probe_request_asked on probe_request (asked_at);

-- A file that waits to go with an exemption or an appeal, for a day, for the account that brought it. Once it went with
-- one its bytes are gone, and what is left says until its day is over how much the account has brought. Written by the
-- stage schedule.
create table upload (
  id uuid primary key default gen_random_uuid(),
  account bigint not null,
  name text not null,
  size integer not null check (size between 1 and 10485760),
  bytes bytea check (octet_length(bytes) = size),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  at timestamptz not null
);
-- Most are compressed already.
alter table upload alter column bytes set storage external;
create index upload_of on upload (account, at);

-- What became of rounds, in the order in which it was committed: whoever read up to a number has missed nothing. Written
-- by the triggers below.
create table round_event (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  kind text not null check (kind in ('opened', 'completed', 'revised', 'published')),
  inspection bigint not null references inspection,
  revision integer
);

-- Deferred to the commit, under a lock that lasts until it is done: numbers are then given in the order of commits, and no
-- lower one shows after a higher one.
create function note_round_event() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(20261118);
  if tg_table_name = 'inspection' then
    insert into round_event (at, kind, inspection) values (clock_timestamp(), tg_argv[0], new.id);
  elsif tg_table_name = 'revision' then
    insert into round_event (at, kind, inspection, revision)
    values (clock_timestamp(), tg_argv[0], new.inspection, new.number);
  else
    insert into round_event (at, kind, inspection, revision)
    values (clock_timestamp(), tg_argv[0], new.inspection, new.revision);
  end if;
  return null;
end
$$;
-- Whoever calls it may have temporary tables of these names.
do $$
begin
  execute format('alter function note_round_event() set search_path = %I, pg_temp', current_schema());
end
$$;

create constraint trigger opened after insert on inspection deferrable initially deferred
  for each row execute function note_round_event('opened');
create constraint trigger told after update of completed_at on inspection deferrable initially deferred
  for each row when (old.completed_at is null and new.completed_at is not null)
  execute function note_round_event('completed');
create constraint trigger told after insert on revision deferrable initially deferred
  for each row when (new.number > 1) execute function note_round_event('revised');
create constraint trigger told after insert on publication deferrable initially deferred
  for each row execute function note_round_event('published');
