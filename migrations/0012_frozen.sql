-- Exemptions, appeals, and inspections that are frozen: what was judged is changed by nobody, a correction is a revision.

-- How exemptions count, and when a camera is down (read for outages). What was decided before gets the defaults.
alter table policy
  add column exemption_longest_days smallint not null default 30 check (exemption_longest_days between 1 and 366),
  -- Seconds after an inspection's start until which an exemption that is submitted then still counts for it.
  add column exemption_backdating integer not null default 0 check (exemption_backdating between 0 and 2678400),
  -- Failed probes in a row after which a camera is down, good ones after which it is up again.
  add column down_after smallint not null default 3 check (down_after between 1 and 100),
  add column up_after smallint not null default 2 check (up_after between 1 and 100);
alter table policy
  alter column exemption_longest_days drop default,
  alter column exemption_backdating drop default,
  alter column down_after drop default,
  alter column up_after drop default;

-- Exemptions (报备). Written by the stage schedule.
create table exemption_reason (
  code text primary key check (code ~ '^[a-z_]{1,40}$'),
  zh text not null unique,
  en text not null,
  position smallint not null unique,
  -- It says nothing by itself: the applicant has to say it in words.
  text_needed boolean not null default false
);
insert into exemption_reason (code, zh, en, position, text_needed) values
  ('power_cut', '停电', 'power cut', 1, false),
  ('road_works', '道路施工', 'road works', 2, false),
  ('municipal_works', '市政改造', 'municipal works', 3, false),
  ('relocation', '迁移', 'relocation', 4, false),
  ('line_cutover', '线路割接', 'line cut-over', 5, false),
  ('replacement', '设备更换', 'replacement of the device', 6, false),
  ('disaster', '自然灾害', 'natural disaster', 7, false),
  ('other', '其他', 'other', 8, true);

-- submitted → approved or refused → in force from begins_at → ended at ends_at, or at ended_at before it.
create table exemption (
  id bigint generated always as identity primary key,
  unit text not null references unit,
  applicant text not null check (applicant <> ''),
  phone text not null,
  reason text not null references exemption_reason,
  text text,
  -- How its cameras were named: one by one, by a file, all of the unit, or those of the unit at a site.
  selected_by text not null check (selected_by in ('cameras', 'list', 'unit', 'site')),
  -- How many they are; with the last of them the list is closed.
  cameras integer not null check (cameras > 0),
  begins_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > begins_at),
  submitted_at timestamptz not null,
  attachment_name text,
  attachment bytea check (octet_length(attachment) between 1 and 10485760),
  attachment_sha256 text check (attachment_sha256 ~ '^[0-9a-f]{64}$'),
  decision text check (decision in ('approved', 'refused')),
  decided_at timestamptz,
  decided_by text check (decided_by <> ''),
  decision_note text,
  ended_at timestamptz,
  ended_by text check (ended_by <> ''),
  check (num_nulls(attachment_name, attachment, attachment_sha256) in (0, 3)),
  check (num_nulls(decision, decided_at, decided_by) in (0, 3)),
  check (num_nulls(ended_at, ended_by) in (0, 2)),
  check (ended_at is null or decision = 'approved')
);
create index exemption_period on exemption (ends_at, begins_at) where decision = 'approved';

create table exemption_camera (
  exemption bigint not null references exemption,
  camera integer not null references camera,
  primary key (exemption, camera)
);
create index exemption_of_camera on exemption_camera (camera);

-- The roster keeps the names of its day, and by which exemption a camera is not counted: written when it is closed.
alter table roster
  add column code text,
  add column name text,
  add column exemption bigint references exemption;
update roster set code = c.code, name = c.name from camera c where c.id = roster.camera;
alter table roster
  alter column code set not null,
  alter column name set not null;

-- An inspection as it was judged, whole: number 1 when it is closed, a further one for each correction. Written by the
-- stage report. Its row is the seal: from then on nothing of the inspection is added, changed or removed.
create table revision (
  inspection bigint not null references inspection,
  number integer not null check (number > 0),
  made_at timestamptz not null,
  made_by text not null check (made_by <> ''),
  why text not null check (why <> ''),
  formula text not null,
  -- gzip of the canonical JSON (RFC 8785) of FrozenContent (src/report/content.ts).
  content bytea not null,
  -- Of the canonical JSON, not of what gzip made of it.
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  previous_sha256 text check (previous_sha256 ~ '^[0-9a-f]{64}$'),
  primary key (inspection, number),
  check ((number = 1) = (previous_sha256 is null))
);
-- Compressed already.
alter table revision alter column content set storage external;

create table publication (
  inspection bigint not null,
  revision integer not null,
  published_at timestamptz not null,
  published_by text not null check (published_by <> ''),
  primary key (inspection, revision),
  foreign key (inspection, revision) references revision
);

-- Appeals (申诉) against what one camera of an inspection came to. Written by the stage rollup.
create table appeal (
  id bigint generated always as identity primary key,
  inspection bigint not null,
  -- The revision that it is made against.
  revision integer not null,
  camera integer not null,
  applicant text not null check (applicant <> ''),
  phone text not null,
  -- That it was online; or that it was, and its picture was there.
  claim text not null check (claim in ('online', 'image')),
  text text not null check (text <> ''),
  submitted_at timestamptz not null,
  -- The camera's last picture as evidence held it, and when it was taken.
  frame bytea,
  frame_slot timestamptz,
  -- The camera's attempts as frozen: FrozenAttempt[].
  trace jsonb not null,
  attachment_name text,
  attachment bytea check (octet_length(attachment) between 1 and 10485760),
  attachment_sha256 text check (attachment_sha256 ~ '^[0-9a-f]{64}$'),
  decision text check (decision in ('granted', 'refused')),
  decided_at timestamptz,
  decided_by text check (decided_by <> ''),
  decision_note text,
  foreign key (inspection, camera) references roster,
  foreign key (inspection, revision) references revision,
  check (num_nulls(attachment_name, attachment, attachment_sha256) in (0, 3)),
  check (num_nulls(decision, decided_at, decided_by) in (0, 3))
);
create unique index appeal_open on appeal (inspection, camera) where decision is null;
create index appeal_granted on appeal (inspection) where decision = 'granted';

-- What a revision judges otherwise than the first one did: all of it, so that two revisions can be compared. What had
-- been found stays in outcome. Written by the stage rollup.
create table adjustment (
  inspection bigint not null,
  revision integer not null check (revision > 1),
  camera integer not null,
  -- By which the camera is not counted; null: it is.
  exemption bigint references exemption,
  -- As judged.
  online boolean,
  image boolean,
  -- Which made it so; null: as found.
  appeal bigint references appeal,
  primary key (inspection, revision, camera),
  foreign key (inspection, camera) references roster
);

alter table rate
  add column revision integer not null default 1,
  drop constraint rate_pkey,
  add primary key (inspection, revision, unit, class);
alter table rate alter column revision drop default;
alter table unit_verdict
  add column revision integer not null default 1,
  drop constraint unit_verdict_pkey,
  add primary key (inspection, revision, unit);
alter table unit_verdict alter column revision drop default;

-- Read-only by the database. Of what below an owner could switch off, the service's own role is none (grants.sql).
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using
    errcode = 'restrict_violation',
    message = format('%1$s 只读：已定的内容不再改动（%2$s）/ %1$s is read-only: what was decided is not changed (%2$s)',
      tg_table_name, lower(tg_op)),
    hint = '巡检结果的更正须另出版次：xunjian revise / a correction of an inspection is a new revision: xunjian revise';
end
$$;

-- Of roster and outcome: nothing is written once the inspection is frozen. Waits for whoever is freezing it now.
create function refuse_once_frozen() returns trigger language plpgsql as $$
declare
  frozen bigint;
begin
  perform from inspection where id in (select inspection from changed) for share;
  select min(inspection) into frozen from revision where inspection in (select inspection from changed);
  if frozen is not null then
    raise exception using
      errcode = 'restrict_violation',
      message = format('%1$s 只读：第 %2$s 次巡检已固化（%3$s）/ %1$s is read-only: inspection %2$s is frozen (%3$s)',
        tg_table_name, frozen, lower(tg_op)),
      hint = '更正须另出版次：xunjian revise / a correction is a new revision: xunjian revise';
  end if;
  return null;
end
$$;

-- Of rate, unit_verdict and adjustment: nothing is added to a revision once it is made.
create function refuse_once_revised() returns trigger language plpgsql as $$
declare
  made revision;
begin
  perform from inspection where id in (select inspection from changed) for share;
  select r.* into made from revision r join changed c on c.inspection = r.inspection and c.revision = r.number limit 1;
  if made.inspection is not null then
    raise exception using
      errcode = 'restrict_violation',
      message = format('%1$s 只读：第 %2$s 次巡检第 %3$s 版已固化 / %1$s is read-only: revision %3$s of inspection %2$s is made',
        tg_table_name, made.inspection, made.number),
      hint = '更正须另出版次：xunjian revise / a correction is a new revision: xunjian revise';
  end if;
  return null;
end
$$;

-- Of the same: what is written for a correction goes with one that is made, or the newest figures would be of none.
create function require_revision() returns trigger language plpgsql as $$
begin
  if not exists (select from revision where inspection = new.inspection and number = new.revision) then
    raise exception using
      errcode = 'restrict_violation',
      message = format('%1$s：第 %2$s 次巡检没有第 %3$s 版 / %1$s: inspection %2$s has no revision %3$s',
        tg_table_name, new.inspection, new.revision),
      hint = '更正须另出版次：xunjian revise / a correction is a new revision: xunjian revise';
  end if;
  return null;
end
$$;

-- Revisions are one chain: each names the one before by its hash.
create function require_next_revision() returns trigger language plpgsql as $$
declare
  last revision;
begin
  select * into last from revision where inspection = new.inspection order by number desc limit 1;
  if new.number <> coalesce(last.number, 0) + 1 or new.previous_sha256 is distinct from last.sha256
    or not exists (select from inspection where id = new.inspection and completed_at is not null) then
    raise exception using
      errcode = 'restrict_violation',
      message = format('第 %1$s 次巡检的版次须接在第 %2$s 版之后，且巡检已结束 / the next revision of inspection %1$s follows '
        'number %2$s and names its hash, and the inspection is complete', new.inspection, coalesce(last.number, 0));
  end if;
  return new;
end
$$;

-- An exemption's cameras are those that it was submitted with.
create function refuse_more_cameras() returns trigger language plpgsql as $$
declare
  whole exemption;
begin
  select e.* into whole from exemption e
  where e.id in (select exemption from added)
    and e.cameras < (select count(*) from exemption_camera c where c.exemption = e.id) limit 1;
  if whole.id is not null then
    raise exception using
      errcode = 'restrict_violation',
      message = format('报备 %1$s 的点位（%2$s 个）在提交时已定，不能再加 / the %2$s cameras of exemption %1$s stand since it '
        'was submitted', whole.id, whole.cameras);
  end if;
  return null;
end
$$;
create function require_all_cameras() returns trigger language plpgsql as $$
begin
  if new.cameras <> (select count(*) from exemption_camera where exemption = new.id) then
    raise exception using
      errcode = 'restrict_violation',
      message = format('报备 %1$s 须有 %2$s 个点位 / exemption %1$s must have %2$s cameras', new.id, new.cameras);
  end if;
  return null;
end
$$;

-- Whoever calls them may have temporary tables of these names.
do $$
declare
  guard text;
begin
  foreach guard in array '{refuse_change,refuse_once_frozen,refuse_once_revised,require_revision,
    require_next_revision,refuse_more_cameras,require_all_cameras}'::text[]
  loop
    execute format('alter function %I() set search_path = %I, pg_temp', guard, current_schema());
  end loop;
end
$$;

create trigger read_only before update or delete or truncate on policy
  for each statement execute function refuse_change();
create trigger read_only before update or delete or truncate on revision
  for each statement execute function refuse_change();
create trigger in_line before insert on revision for each row execute function require_next_revision();
create trigger read_only before update or delete or truncate on publication
  for each statement execute function refuse_change();

create trigger completed before update or delete on inspection
  for each row when (old.completed_at is not null) execute function refuse_change();
create trigger not_emptied before truncate on inspection for each statement execute function refuse_change();

create trigger frozen_insert after insert on roster referencing new table as changed
  for each statement execute function refuse_once_frozen();
create trigger frozen_update after update on roster referencing old table as changed
  for each statement execute function refuse_once_frozen();
create trigger frozen_move after update on roster referencing new table as changed
  for each statement execute function refuse_once_frozen();
create trigger frozen_delete after delete on roster referencing old table as changed
  for each statement execute function refuse_once_frozen();
create trigger not_emptied before truncate on roster for each statement execute function refuse_change();

create trigger frozen_insert after insert on outcome referencing new table as changed
  for each statement execute function refuse_once_frozen();
create trigger frozen_update after update on outcome referencing old table as changed
  for each statement execute function refuse_once_frozen();
create trigger frozen_move after update on outcome referencing new table as changed
  for each statement execute function refuse_once_frozen();
create trigger frozen_delete after delete on outcome referencing old table as changed
  for each statement execute function refuse_once_frozen();
create trigger not_emptied before truncate on outcome for each statement execute function refuse_change();

create trigger made after insert on rate referencing new table as changed
  for each statement execute function refuse_once_revised();
create constraint trigger of_revision after insert on rate deferrable initially deferred
  for each row when (new.revision > 1) execute function require_revision();
create trigger read_only before update or delete or truncate on rate
  for each statement execute function refuse_change();
create trigger made after insert on unit_verdict referencing new table as changed
  for each statement execute function refuse_once_revised();
create constraint trigger of_revision after insert on unit_verdict deferrable initially deferred
  for each row when (new.revision > 1) execute function require_revision();
create trigger read_only before update or delete or truncate on unit_verdict
  for each statement execute function refuse_change();
create trigger made after insert on adjustment referencing new table as changed
  for each statement execute function refuse_once_revised();
create constraint trigger of_revision after insert on adjustment deferrable initially deferred
  for each row execute function require_revision();
create trigger read_only before update or delete or truncate on adjustment
  for each statement execute function refuse_change();

create trigger submitted before update of id, unit, applicant, phone, reason, text, selected_by, cameras, begins_at,
  ends_at, submitted_at, attachment_name, attachment, attachment_sha256 on exemption
  for each row execute function refuse_change();
create trigger decided before update of decision, decided_at, decided_by, decision_note on exemption
  for each row when (old.decision is not null) execute function refuse_change();
create trigger ended before update of ended_at, ended_by on exemption
  for each row when (old.decision is distinct from 'approved' or old.ended_at is not null)
  execute function refuse_change();
create trigger not_removed before delete or truncate on exemption
  for each statement execute function refuse_change();
create constraint trigger whole after insert on exemption deferrable initially deferred
  for each row execute function require_all_cameras();
create trigger whole after insert on exemption_camera referencing new table as added
  for each statement execute function refuse_more_cameras();
create trigger read_only before update or delete or truncate on exemption_camera
  for each statement execute function refuse_change();

create trigger submitted before update of id, inspection, revision, camera, applicant, phone, claim, text, submitted_at,
  frame, frame_slot, trace, attachment_name, attachment, attachment_sha256 on appeal
  for each row execute function refuse_change();
create trigger decided before update of decision, decided_at, decided_by, decision_note on appeal
  for each row when (old.decision is not null) execute function refuse_change();
create trigger not_removed before delete or truncate on appeal
  for each statement execute function refuse_change();
