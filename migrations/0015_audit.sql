-- The audit: who did or looked at what, on which, from where, why, and what came of it. Written by the stage audit.
-- Rows are one chain: each holds the SHA-256 of itself together with the hash before it, so that a row that was altered,
-- removed, added or moved shows (src/audit/chain.ts reads what is written here). Nothing of it is ever removed.
create table audit (
  -- 1, 2, 3 … without a gap; number, time and hashes are the trigger's, whatever an insert says.
  number bigint primary key check (number > 0),
  at timestamptz not null,
  actor text not null check (actor <> ''),
  role text,
  via text not null check (via in ('session', 'token', 'sign_in', 'command', 'system')),
  address text,
  action text not null check (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
  kind text,
  on_id text,
  unit text,
  why text,
  -- begun: a change is about to be made, and the row of what came of it follows; replayed: an answer was given again.
  outcome text not null check (outcome in ('begun', 'done', 'refused', 'failed', 'replayed')),
  request text,
  detail jsonb check (jsonb_typeof(detail) = 'object'),
  previous bytea not null check (octet_length(previous) = 32),
  hash bytea not null check (octet_length(hash) = 32)
);
create index audit_at on audit (at);
create index audit_actor on audit (actor, number);
create index audit_action on audit (action, number);
create index audit_on on audit (on_id, number) where on_id is not null;
create index audit_unit on audit (unit, number) where unit is not null;
create index audit_kind on audit (kind, number) where kind is not null;
-- What went well is found by walking back.
create index audit_outcome on audit (outcome, number) where outcome <> 'done';
create index audit_request on audit (request) where request is not null;

-- The end of the chain. Whoever adds a row holds it until they commit, so that numbers and rows come in one order.
create table audit_head (
  one boolean primary key default true check (one),
  number bigint not null,
  hash bytea not null
);
-- Before the first row stand 32 zeros.
insert into audit_head (number, hash) values (0, decode(repeat('00', 32), 'hex'));

-- What is hashed of a row, behind the hash before it: its columns but the two hashes, as a JSON array of texts.
create function audit_text(entry audit) returns text language sql stable as $$
  select json_build_array(entry.number::text, to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    entry.actor, entry.role, entry.via, entry.address, entry.action, entry.kind, entry.on_id, entry.unit, entry.why,
    entry.outcome, entry.request, entry.detail::text)::text
$$;

-- With the rights of the tables' owner: whoever adds a row may not write the head.
create function chain_audit() returns trigger language plpgsql security definer as $$
declare
  head audit_head;
begin
  if tg_relid <> 'audit'::regclass then
    raise exception using errcode = 'restrict_violation', message = 'chain_audit is of the table audit';
  end if;
  select * into head from audit_head for update;
  if not found then
    raise exception using
      errcode = 'restrict_violation',
      message = 'audit_head 已空：审计链没有末尾 / audit_head is empty: the chain of the audit has no end';
  end if;
  new.number := head.number + 1;
  new.at := clock_timestamp();
  new.previous := head.hash;
  new.hash := sha256(new.previous || convert_to(audit_text(new), 'UTF8'));
  update audit_head set number = new.number, hash = new.hash;
  return new;
end
$$;
-- Else it could be made the trigger of a table of one's own.
revoke execute on function chain_audit() from public;

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  -- The head moves with a row: in the trigger of that row, so one deeper.
  if tg_table_name = 'audit_head' and tg_op = 'UPDATE' and pg_trigger_depth() > 1 then return null; end if;
  raise exception using
    errcode = 'restrict_violation',
    message = format('%1$s 只增：审计不改、不删（%2$s）/ %1$s is added to only: the audit is neither changed nor removed (%2$s)',
      tg_table_name, lower(tg_op));
end
$$;

-- Whoever calls them may have temporary tables of these names.
do $$
declare
  guard text;
begin
  foreach guard in array '{chain_audit(),refuse_audit_change(),audit_text(audit)}'::text[]
  loop
    execute format('alter function %s set search_path = %I, pg_temp', guard, current_schema());
  end loop;
end
$$;

create trigger chained before insert on audit for each row execute function chain_audit();
create trigger read_only before update or delete or truncate on audit
  for each statement execute function refuse_audit_change();
create trigger read_only before insert or update or delete or truncate on audit_head
  for each statement execute function refuse_audit_change();
