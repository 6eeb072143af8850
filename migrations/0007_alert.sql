-- What is to be told to others. Written in the transaction that makes it true; sent from here. Stage alert.
create table outbox (
  id bigint generated always as identity primary key,
  -- The same event is never written twice, however often its cause is worked through.
  event text not null unique,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  enqueued_at timestamptz,
  sent_at timestamptz,
  tries integer not null default 0,
  last_error text
);
create index outbox_open on outbox (id) where sent_at is null;
