-- The rights of a worker that stands in a county's network: a group that its login of the database belongs to
-- (docker/init-service.sql). It reads what is to be probed and writes what came of it; of the logins of cameras it sees
-- those of its own sites alone, whatever a job names (table worker_site, `xunjian site CODE --workers LOGIN`).
do $$
declare
  here constant text := current_schema();
begin
  if not exists (select from pg_roles where rolname = 'xunjian_worker') then
    begin
      create role xunjian_worker nologin;
    exception
      -- Of another database of this server, at the same moment.
      when duplicate_object then null;
      when insufficient_privilege then
        raise exception '请先由数据库管理员执行 / have an administrator run first: create role xunjian_worker nologin';
    end;
  end if;
  execute format('grant usage on schema %I to xunjian_worker', here);
  execute format('grant select on %1$I.site, %1$I.camera, %1$I.credential, %1$I.data_key, %1$I.worker_site, %1$I.policy,
    %1$I.inspection, %1$I.roster, %1$I.batch, %1$I.sweep, %1$I.result, %1$I.evidence, %1$I.device, %1$I.login, %1$I.probe_request
    to xunjian_worker', here);
  grant select on public.schema_migration to xunjian_worker;
  execute format('grant insert, update, delete on %1$I.login to xunjian_worker', here);
  execute format('grant insert, update on %1$I.device, %1$I.evidence to xunjian_worker', here);
  execute format('grant insert on %1$I.result to xunjian_worker', here);
  execute format('grant update (done) on %1$I.batch to xunjian_worker', here);
  execute format('grant update (done_at) on %1$I.sweep to xunjian_worker', here);
  execute format('grant update (done_at, expired, expired_at) on %1$I.probe_request to xunjian_worker', here);
  execute format('grant select, insert, update on %1$I.late_result to xunjian_worker', here);
  execute format('grant insert on %1$I.result_arrived to xunjian_worker', here);
end
$$;

drop policy if exists service on credential;
create policy service on credential to xunjian_service using (true) with check (true);
drop policy if exists worker on credential;
create policy worker on credential for select to xunjian_worker using (
  exists (
    select from camera c join worker_site w on w.site = c.site where c.id = credential.camera and w.login = current_user
  )
);
drop policy if exists service on data_key;
create policy service on data_key to xunjian_service using (true) with check (true);
-- Of the logins that it sees.
drop policy if exists worker on data_key;
create policy worker on data_key for select to xunjian_worker using (
  exists (select from credential cr where cr.data_key = data_key.id)
);
-- Only now, in one transaction with the policies: without one nobody but the owner sees a row, and a service that is running
-- meanwhile would take every camera for one without a login.
alter table credential enable row level security;
alter table data_key enable row level security;
