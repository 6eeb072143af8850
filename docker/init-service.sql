-- The login of the service. Run after `xunjian migrate`, as the role that owns the tables; again at any time. Its password
-- is set by whoever runs this (docker/compose.yaml: from a secret); its rights are those of xunjian_service, which the
-- migrations make (migrations/repeatable/grants.sql).
do $$
begin
  if not exists (select from pg_roles where rolname = 'xunjian_app') then
    create role xunjian_app login;
  end if;
end
$$;

grant xunjian_service to xunjian_app;

-- A worker that stands in a county's network has a login of its own: it sees the passwords of its sites' cameras and no
-- other's (migrations/repeatable/workers.sql). Once for each, here or by hand, with a password of its own:
--   create role xunjian_worker_450202 login; grant xunjian_worker to xunjian_worker_450202;
-- then, for each of its sites: xunjian site CODE --workers xunjian_worker_450202
