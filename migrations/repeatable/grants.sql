-- The rights of the service: a group that its logins belong to (docker/init-service.sql). It owns nothing, so it can
-- neither switch off a trigger nor change a table; and it may not do what would change a judgement, triggers or not.
do $$
declare
  here constant text := current_schema();
  kept text;
begin
  if not exists (select from pg_roles where rolname = 'xunjian_service') then
    begin
      create role xunjian_service nologin;
    exception
      -- Of another database of this server, at the same moment.
      when duplicate_object then null;
      when insufficient_privilege then
        raise exception '请先由数据库管理员执行 / have an administrator run first: create role xunjian_service nologin';
    end;
  end if;
  execute format('grant usage on schema %I to xunjian_service', here);
  execute format('grant select, insert, update, delete on all tables in schema %I to xunjian_service', here);
  -- Of tables that later migrations make, and of views, which are made after this file.
  execute format('alter default privileges in schema %I
    grant select, insert, update, delete on tables to xunjian_service', here);

  -- Rows are added and never changed.
  foreach kept in array '{policy,outcome,rate,unit_verdict,adjustment,revision,publication,exemption_camera,
    camera_change}'::text[]
  loop
    execute format('revoke update, delete on %I.%I from xunjian_service', here, kept);
  end loop;
  -- Some columns are filled later, once.
  foreach kept in array '{inspection,roster,exemption,appeal}'::text[]
  loop
    execute format('revoke insert, update, delete on %I.%I from xunjian_service', here, kept);
  end loop;
  execute format('grant insert (started_at, cutoff_at, policy, unit, day), update (completed_at)
    on %I.inspection to xunjian_service', here);
  execute format('grant insert, update (exempt, exemption) on %I.roster to xunjian_service', here);
  execute format('grant insert, update (decision, decided_at, decided_by, decision_note, ended_at, ended_by)
    on %I.exemption to xunjian_service', here);
  execute format('grant insert, update (decision, decided_at, decided_by, decision_note)
    on %I.appeal to xunjian_service', here);
  -- The city's own lists, and what the migrations did.
  execute format('revoke insert, update, delete on %I.unit, %I.exemption_reason from xunjian_service', here, here);
  revoke insert, update, delete on public.schema_migration from xunjian_service;
end
$$;
