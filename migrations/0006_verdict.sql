-- What an inspection came to. outcome is written by the stage rollup, rate and unit_verdict by verdict.
create table outcome (
  inspection bigint not null references inspection,
  camera integer not null,
  online boolean,
  image boolean,
  attempts smallint not null,
  failure text,
  step text,
  detail text,
  primary key (inspection, camera)
);

create table rate (
  inspection bigint not null references inspection,
  unit text not null references unit,
  class text not null check (class in ('total', 'skynet', 'social', 'household')),
  roster integer not null,
  exempt integer not null,
  unknown integer not null,
  assessed integer not null,
  online integer not null,
  image integer not null,
  -- Exempt cameras counted as they were found.
  raw_assessed integer not null,
  raw_online integer not null,
  raw_image integer not null,
  online_verdict text check (online_verdict in ('met', 'missed', 'undetermined')),
  image_verdict text check (image_verdict in ('met', 'missed', 'undetermined')),
  formula text not null,
  primary key (inspection, unit, class)
);

create table unit_verdict (
  inspection bigint not null references inspection,
  unit text not null references unit,
  verdict text check (verdict in ('met', 'missed', 'undetermined')),
  primary key (inspection, unit)
);
