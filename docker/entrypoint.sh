#!/bin/sh
# Starts the command line. pg reads a password file only where nobody but its owner may, and a secret of compose keeps
# the owner and mode of the file on the host: so the password is laid into a file of this user's own, in memory (/tmp is
# a tmpfs in compose.yaml). Without DATABASE_PASSWORD_FILE the URL has to say who logs in, and how.
set -eu
if [ -n "${DATABASE_PASSWORD_FILE:-}" ]; then
  # In a password file a backslash comes before every colon and backslash of the password.
  password=$(sed 's/[\\:]/\\&/g' "$DATABASE_PASSWORD_FILE")
  # mktemp makes it with mode 0600.
  PGPASSFILE=$(mktemp)
  export PGPASSFILE
  printf '*:*:*:*:%s\n' "$password" > "$PGPASSFILE"
fi
exec node --disable-warning=ExperimentalWarning "$(dirname "$0")/../src/main.ts" "$@"
