-- The role that dashboards read with. Run after `xunjian migrate`, as the role that owns the tables; again at any time.
-- Its password is set by whoever runs this (docker/compose.yaml: from a secret).
do $$
begin
  if not exists (select from pg_roles where rolname = 'xunjian_reader') then
    create role xunjian_reader login;
  end if;
end
$$;

-- A viewer's careless SQL neither writes nor runs for ever; neither setting is a guard, the grants below are.
alter role xunjian_reader set default_transaction_read_only = on;
alter role xunjian_reader set statement_timeout = '30s';

grant usage on schema public to xunjian_reader;
grant select on all tables in schema public to xunjian_reader;
alter default privileges in schema public grant select on tables to xunjian_reader;

-- Sealed passwords, which hosts share one, pictures of public places, names and phones of applicants with what they
-- attached: no figure needs them.
revoke select on credential, login, evidence, exemption, appeal from xunjian_reader;
