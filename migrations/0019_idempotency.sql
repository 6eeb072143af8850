-- Requests that bear an Idempotency-Key, and what they were answered: the same again is not done again. Written by the
-- stage api; a row is of no use after a day, and goes then.
create table idempotency (
  account bigint not null,
  key text not null check (key ~ '^[!-~]{1,64}$'),
  -- SHA-256 of what was asked: method, address, role and unit of whoever asked, body.
  request bytea not null check (octet_length(request) = 32),
  begun_at timestamptz not null default now(),
  -- null: it is under way, or was killed on the way.
  finished_at timestamptz,
  -- The answer. null where it is finished: whether it was done is not known, or its answer was not kept.
  status smallint,
  headers jsonb,
  body bytea check (octet_length(body) <= 262144),
  primary key (account, key),
  check (num_nulls(status, headers, body) in (0, 3)),
  check (status is null or finished_at is not null)
);
create index idempotency_begun_at on idempotency (begun_at);
