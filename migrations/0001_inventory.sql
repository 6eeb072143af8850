-- Who is judged, from where it is probed, and what is inspected. Written by the stage inventory.

-- A unit is who is judged; it is not the civil code in a camera's number. Functional zones have no GB/T 2260 code.
create table unit (
  code text primary key check (code ~ '^[0-9]{6}$'),
  name text not null unique,
  position smallint not null unique
);

insert into unit (code, name, position) values
  ('450202', '城中区', 1),
  ('450203', '鱼峰区', 2),
  ('450204', '柳南区', 3),
  ('450205', '柳北区', 4),
  ('450206', '柳江区', 5),
  ('450222', '柳城县', 6),
  ('450223', '鹿寨县', 7),
  ('450224', '融安县', 8),
  ('450225', '融水苗族自治县', 9),
  ('450226', '三江侗族自治县', 10),
  ('450271', '柳东新区', 11),
  ('450272', '北部生态新区(阳和工业新区)', 12);

-- A place in the network where workers run. Nothing outside its networks is ever dialled from it.
create table site (
  code text primary key check (code ~ '^[A-Za-z0-9_-]{1,40}$'),
  name text not null,
  networks cidr[] not null default '{}',
  -- Certificates (PEM) of the authorities that the site's cameras are believed by, over TLS; null: those of the machine.
  authorities text
);

create table camera (
  id integer generated always as identity primary key,
  code text not null unique check (code ~ '^[0-9]{20}$'),
  name text not null,
  unit text not null references unit,
  class text not null check (class in ('skynet', 'social', 'household')),
  site text not null references site,
  -- Without user and password: those are in credential.
  rtsp_url text not null,
  onvif_url text,
  -- Where it gives a JPEG over HTTP.
  snapshot_url text,
  -- How video is asked for first.
  transport text not null default 'tcp' check (transport in ('tcp', 'udp')),
  -- Of rtsps only. SHA-256 of the one certificate that is believed; 'unverified' believes any; null: the authorities.
  certificate text check (certificate ~ '^([0-9a-f]{64}|unverified)$'),
  -- Milliseconds for one probe, where this camera needs more than the policy gives: some send a key frame a minute.
  deadline integer check (deadline between 500 and 120000),
  -- Whose turn it is, and whose login: a recorder is one host with many channels.
  host text not null generated always as (coalesce(substring(rtsp_url from '^rtsps?://(\[[^\]]*\]|[^:/?]*)'), rtsp_url)) stored,
  in_use boolean not null default true,
  changed_at timestamptz not null default now()
);
create index camera_host on camera (host) where in_use;
create index camera_unit on camera (unit, class) where in_use;

-- AES-256-GCM, bound to camera, field and version; the key is outside the database. A new password is a new version.
create table credential (
  camera integer primary key references camera on delete cascade,
  version integer not null,
  sealed bytea not null,
  -- HMAC of user and password: the same login elsewhere is found by it, and it gives nothing away.
  fingerprint bytea not null,
  -- Basic sends the password in clear: only where somebody said so.
  basic_allowed boolean not null default false,
  -- When the password was changed; null: it is the first. A refusal from before says nothing of it.
  renewed_at timestamptz,
  changed_at timestamptz not null default now()
);
