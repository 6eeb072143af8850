-- The one-machine-one-file archive (一机一档), its photos, and the history of every change. Written by the stage inventory.

-- 在用 in_use, 停用 suspended, 拆除 removed. A removed camera stays, for the inspections it was in. What is in use is what
-- every index and every query asks for; so that is the fact, and the state is told from it and cannot contradict it.
alter table camera add column removed boolean not null default false;
alter table camera add check (not (in_use and removed));
alter table camera add column state text not null
  generated always as (case when in_use then 'in_use' when removed then 'removed' else 'suspended' end) stored;

create table archive (
  camera integer primary key references camera on delete cascade,
  kind text check (kind in
    ('bullet', 'ptz_bullet', 'dome', 'half_dome', 'checkpoint', 'panoramic', 'lookout', 'other')),
  manufacturer text,
  model text,
  serial text,
  mac text check (mac ~ '^([0-9a-f]{2}:){5}[0-9a-f]{2}$'),
  address text,
  -- WGS 84, degrees.
  longitude numeric(9, 6) check (longitude between -180 and 180),
  latitude numeric(8, 6) check (latitude between -90 and 90),
  facing text,
  power text,
  carrier text,
  onu text,
  recorder text,
  pole text,
  box text,
  managing_unit text,
  managing_contact text,
  managing_phone text,
  maintaining_unit text,
  maintaining_contact text,
  maintaining_phone text,
  project text,
  built_on date,
  retention_days integer check (retention_days between 1 and 3650),
  check ((longitude is null) = (latitude is null))
);

-- One import of a file that changed something, or might have.
create table import (
  id integer generated always as identity primary key,
  at timestamptz not null default now(),
  by text not null,
  file text,
  -- Of the file's bytes.
  sha256 bytea check (octet_length(sha256) = 32),
  note text,
  added integer not null,
  changed integer not null,
  removed integer not null,
  same integer not null
);

-- What one import changed of one camera: by field, its old and new value as text or null. Of a camera that came, its state
-- alone, from nothing. A login is never shown: *** stands for any. One row a camera: an archive
-- that came to 20,000 cameras took 34 s and 185 MB with a row a value, and takes 13 s and 72 MB so.
create table camera_change (
  camera integer not null references camera,
  import integer not null references import,
  changes jsonb not null check (jsonb_typeof(changes) = 'object'),
  primary key (camera, import)
);

-- A photo is there once, whoever's it is.
create table photo (
  sha256 bytea primary key check (octet_length(sha256) = 32),
  media text not null check (media in ('image/jpeg', 'image/png')),
  width integer not null,
  height integer not null,
  bytes bytea not null check (octet_length(bytes) <= 10485760)
);
-- They are compressed already.
alter table photo alter column bytes set storage external;

create table camera_photo (
  camera integer not null references camera,
  sha256 bytea not null references photo,
  at timestamptz not null default now(),
  by text not null,
  note text,
  primary key (camera, sha256)
);
create index camera_photo_of on camera_photo (sha256);

create function refuse_rewriting_of_imports() returns trigger language plpgsql as $$
begin
  raise exception '% is history: rows are added to it and never changed', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger history before update or delete or truncate on import for each statement execute function refuse_rewriting_of_imports();
create trigger history before update or delete or truncate on camera_change for each statement
  execute function refuse_rewriting_of_imports();
