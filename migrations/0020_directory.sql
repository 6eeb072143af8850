-- What tells the API's directory of cameras (rollup/directory.ts) which of them to read again: rows are added in the
-- transaction that changes something, name its id, and are kept for an hour. Whoever reads them remembers the oldest
-- transaction that was open, and misses none however they end.

-- Of camera, archive and credential, by triggers. Written by the stage inventory.
create table camera_touched (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  -- null: any of them.
  cameras integer[]
);
create index camera_touched_xid on camera_touched (xid);

-- Of results, one row a statement that stored some. Written by the stage store.
create table result_arrived (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  cameras integer[] not null
);
create index result_arrived_xid on result_arrived (xid);

create function note_touched() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into camera_touched (cameras) values (null);
  elsif tg_table_name = 'camera' then
    insert into camera_touched (cameras) select array_agg(id) from changed having count(*) > 0;
  else
    insert into camera_touched (cameras) select array_agg(camera) from changed having count(*) > 0;
  end if;
  return null;
end
$$;
do $$
declare
  kept text;
begin
  execute format('alter function note_touched() set search_path = %I, pg_temp', current_schema());
  foreach kept in array '{camera,archive,credential}'::text[]
  loop
    execute format('create trigger touched_insert after insert on %I referencing new table as changed
      for each statement execute function note_touched()', kept);
    execute format('create trigger touched_update after update on %I referencing new table as changed
      for each statement execute function note_touched()', kept);
    execute format('create trigger touched_delete after delete on %I referencing old table as changed
      for each statement execute function note_touched()', kept);
    execute format('create trigger touched_truncate after truncate on %I
      for each statement execute function note_touched()', kept);
  end loop;
end
$$;
