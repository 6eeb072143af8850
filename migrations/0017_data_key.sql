-- The keys that logins are sealed under, each wrapped by a master key that is outside the database, and which login of the
-- database may read which site's. Written by the stage inventory.
create table data_key (
  id uuid primary key,
  -- credential: of one unit's cameras; fingerprint: names logins in `login`; account: secrets of accounts.
  purpose text not null check (purpose in ('credential', 'fingerprint', 'account')),
  unit text references unit,
  -- AES-256-GCM, bound to purpose, unit and id; null: destroyed, nothing that was sealed under it is left.
  wrapped bytea,
  -- Which master key wraps it: derived from it, and gives nothing of it away.
  master bytea not null check (octet_length(master) = 8),
  made_at timestamptz not null default now(),
  -- Nothing new is sealed under it.
  retired_at timestamptz,
  check ((purpose = 'credential') = (unit is not null)),
  check (wrapped is not null or retired_at is not null)
);
create unique index data_key_in_use on data_key (purpose, unit) nulls not distinct where retired_at is null;

-- null: sealed before there were data keys, under the master key itself.
alter table credential add column data_key uuid references data_key;
create index credential_data_key on credential (data_key);

-- Whose cameras' logins a worker's login of the database may read; the policies are in repeatable/workers.sql.
create table worker_site (
  login name not null,
  site text not null references site on delete cascade,
  primary key (login, site)
);
