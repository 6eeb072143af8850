-- Logins that a device refused: none is tried again with this version of the credentials. Written by the stage probing.
create table login_refusal (
  camera integer not null references camera on delete cascade,
  version integer not null,
  refused_at timestamptz not null,
  -- What the device said: unauthorized or forbidden.
  kind text not null,
  detail text not null,
  primary key (camera, version)
);
