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
