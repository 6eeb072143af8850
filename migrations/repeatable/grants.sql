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
    camera_change,round_event}'::text[]
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
  -- The audit is added to; numbers, times and hashes are its trigger's, and so is the end of the chain.
  execute format('revoke insert, update, delete on %I.audit, %I.audit_head from xunjian_service', here, here);
  execute format('grant insert (actor, role, via, address, action, kind, on_id, unit, why, outcome, request, detail)
    on %I.audit to xunjian_service', here);
  -- Accounts and tokens are disabled and revoked, and stay: the audit names them.
  execute format('revoke delete on %I.account, %I.token from xunjian_service', here, here);
  -- Who an account is elsewhere is never rewritten: it is bound, or forgotten and bound anew.
  execute format('revoke update on %I.account_identity from xunjian_service', here);
  -- A key is retired, and its bytes go; that there was one stays.
  execute format('revoke delete on %I.data_key from xunjian_service', here);
  -- The city's own lists, and what the migrations did.
  execute format('revoke insert, update, delete on %I.unit, %I.exemption_reason from xunjian_service', here, here);
  revoke insert, update, delete on public.schema_migration from xunjian_service;
  -- Dashboards read what later migrations make (docker/init-reader.sql, which is run after this): not these, until it is
  -- run again.
  if exists (select from pg_roles where rolname = 'xunjian_reader') then
    execute format('revoke select on %1$I.data_key, %1$I.worker_site, %1$I.upload, %1$I.account, %1$I.account_identity,
      %1$I.session, %1$I.token, %1$I.recovery_code, %1$I.browser, %1$I.guess, %1$I.audit, %1$I.idempotency
      from xunjian_reader', here);
  end if;
end
$$;
