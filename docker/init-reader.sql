-- The role that dashboards read with. Run after each `xunjian migrate`, as the role that owns the tables: what a migration
-- makes is readable until this has run, and what is nobody's business is taken away here.
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
-- attached: no figure needs them. Nor accounts and what they sign in by, who did what, and answers that are kept to be given
-- again.
revoke select on credential, data_key, worker_site, login, evidence, photo, exemption, appeal, upload, account,
  account_identity, session, token, recovery_code, browser, guess, audit, audit_head, idempotency from xunjian_reader;
