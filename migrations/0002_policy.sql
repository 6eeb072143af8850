-- What the city decided: a row a version, never changed, named in every figure. Written by the stage schedule.
create table policy (
  version integer generated always as identity primary key,
  valid_from timestamptz not null,
  note text not null,
  -- Local time (Asia/Shanghai) of the daily round; null: none is opened by itself.
  daily_at time,
  -- Percent, whole: 100 * yes >= target * assessed.
  total_online smallint not null check (total_online between 1 and 100),
  total_image smallint not null check (total_image between 1 and 100),
  skynet_online smallint not null check (skynet_online between 1 and 100),
  skynet_image smallint not null check (skynet_image between 1 and 100),
  social_online smallint not null check (social_online between 1 and 100),
  social_image smallint not null check (social_image between 1 and 100),
  -- Percent of the roster without exemptions that must have an answer, or the verdict is undetermined.
  coverage smallint not null check (coverage between 1 and 100),
  -- Seconds after the start at which each attempt of an inspection is made.
  attempts integer[] not null check (array_length(attempts, 1) between 1 and 10 and attempts[1] = 0),
  -- Seconds after the start at which the inspection ends, whatever is missing.
  cutoff integer not null check (cutoff > 0),
  -- Milliseconds for one probe of one camera.
  deadline integer not null check (deadline between 500 and 120000),
  household_pictures boolean not null,
  -- Keep a JPEG of 320 px width of each camera's last picture.
  evidence boolean not null,
  -- Whether a decoded snapshot over HTTP proves a picture where the stream gave none.
  snapshot_proves boolean not null,
  -- Ask each camera over ONVIF who it is and what its clock says, in the first attempt of an inspection.
  device_facts boolean not null
);

-- The city's own targets (2023): 95 % in all and for social points, 98 % for Skynet points, online and with a picture.
insert into policy (valid_from, note, daily_at, total_online, total_image, skynet_online, skynet_image, social_online,
  social_image, coverage, attempts, cutoff, deadline, household_pictures, evidence, snapshot_proves,
  device_facts)
values ('2023-01-01 00:00:00+08', '柳州市 2023 年考核口径 / Liuzhou 2023', '08:00', 95, 95, 98, 98, 95, 95, 99,
  '{0,300,900}', 3600, 20000, false, true, false, false);
