-- Who may sign in, their sessions, tokens and browsers, and what was guessed. Written by the stage account.

create table account (
  id integer generated always as identity primary key,
  name text not null check (char_length(name) between 2 and 64),
  -- The name in its one form (NFKC, lower case), made by the program: lower() knows only what the database's locale knows.
  key text not null unique,
  shown_name text not null check (char_length(shown_name) between 1 and 100),
  role text not null check (role in ('administrator', 'centre', 'county', 'maintainer', 'viewer', 'auditor')),
  -- All that it meets; null: the whole city.
  unit text references unit,
  phone text,
  -- argon2id, with its parameters (PHC); null: it signs in elsewhere (OIDC).
  password text check (password like '$argon2id$%'),
  -- The password is one that somebody else made: nothing else may be done before it is changed.
  must_change boolean not null default false,
  -- Until when such a password may be used.
  first_until timestamptz,
  -- Second factor: its secret, sealed under a key that is outside the database; begun, and confirmed by a code.
  totp_begun bytea,
  totp bytea,
  -- The last time step whose code was taken: each is taken once.
  totp_step bigint,
  -- Raised by each change of password, role or unit, by disabling and by an administrator: sessions and tokens made
  -- before are dead.
  epoch integer not null default 1,
  disabled_at timestamptz,
  made_at timestamptz not null,
  made_by text not null,
  signed_in_at timestamptz,
  check (unit is not null or role <> 'county'),
  check (unit is null or role in ('county', 'maintainer', 'viewer'))
);

-- What a cookie, a token or a code is compared with is its SHA-256: of 256 random bits (a code: 80) nothing can be found by
-- trying, so that nothing slower is needed.
create table session (
  hash bytea primary key check (octet_length(hash) = 32),
  account integer not null references account,
  epoch integer not null,
  -- How it was opened.
  by text not null check (by in ('password', 'oidc')),
  address text,
  made_at timestamptz not null,
  -- Written at most once a minute.
  seen_at timestamptz not null,
  until timestamptz not null
);
create index session_of on session (account);
create index session_until on session (until);

create table token (
  id integer generated always as identity primary key,
  account integer not null references account,
  epoch integer not null,
  name text not null check (char_length(name) between 1 and 100),
  scope text not null check (scope in ('read', 'write')),
  -- Its first characters, by which a token that was found somewhere is told.
  label text not null,
  hash bytea not null unique check (octet_length(hash) = 32),
  made_at timestamptz not null,
  expires_at timestamptz not null,
  -- Written at most once an hour.
  used_at timestamptz,
  revoked_at timestamptz
);
create index token_of on token (account);

create table recovery_code (
  account integer not null references account,
  hash bytea not null check (octet_length(hash) = 32),
  used_at timestamptz,
  primary key (account, hash)
);

-- A browser that somebody has signed in from (OWASP, device cookies): what others guess does not hold it up.
create table browser (
  hash bytea not null check (octet_length(hash) = 32),
  -- Several people may share one.
  account integer not null references account,
  used_at timestamptz not null,
  primary key (hash, account)
);
create index browser_of on browser (account);

-- Attempts to sign in that failed, or are under way: of strangers by account, of a browser, of an address, of whoever is signed in.
create table guess (
  kind text not null check (kind in ('name', 'browser', 'address', 'self')),
  -- SHA-256, since it is as long as whoever guesses likes.
  key bytea not null check (octet_length(key) = 32),
  -- Of an address less and less, as time goes by.
  failures double precision not null,
  at timestamptz not null,
  -- Nothing is tried before.
  until timestamptz not null,
  primary key (kind, key)
);
create index guess_at on guess (at);

-- Who an account is at an identity provider (OIDC): bound when it first signs in there, and to nobody else afterwards.
create table account_identity (
  issuer text not null,
  -- The provider's own name for a person, never given to another: 255 characters of ASCII at most.
  subject text not null check (char_length(subject) between 1 and 255),
  account integer not null references account,
  bound_at timestamptz not null,
  primary key (issuer, subject),
  unique (issuer, account)
);
