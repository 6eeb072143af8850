-- What came of a login, a row a host and password: at most one fails before the password changes, over all protocols,
-- workers and restarts. Written by the stage probing.
create table login (
  host text not null,
  -- HMAC of user and password under a key that is outside the database: names them and gives nothing away.
  fingerprint bytea not null,
  -- Services (rtsp, onvif, snapshot) that accepted it.
  accepted text[] not null default '{}',
  -- Written before a login goes on the wire that its service has not accepted yet, and gone when its outcome is known:
  -- one that stays was sent by a worker that died, and may have failed.
  trying text,
  tried_at timestamptz,
  -- Whose try it is: who could not hear that it was permitted takes it back.
  trial uuid,
  -- Sent, and then silence.
  unanswered_at timestamptz,
  -- Refused by the service that had accepted it: busy, until a second try, spaced, has met the same.
  doubted text,
  doubted_at timestamptz,
  refused_by text,
  refused_kind text check (refused_kind in ('unauthorized', 'forbidden')),
  refused_detail text,
  refused_at timestamptz,
  primary key (host, fingerprint)
);
