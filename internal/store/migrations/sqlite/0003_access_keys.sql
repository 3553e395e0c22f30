-- Access keys of the HTTP server. Only a key's SHA-256 is kept. A key's name is
-- the principal that it acts for; of several keys with one name, one is live.
CREATE TABLE access_keys (
  id              TEXT    NOT NULL PRIMARY KEY,
  name            TEXT    NOT NULL,
  hash            TEXT    NOT NULL,
  daily_credits   INTEGER,
  monthly_credits INTEGER,
  models          TEXT    NOT NULL, -- a JSON array; empty: all
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER,
  revoked_at      INTEGER,
  last_used_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX access_keys_hash ON access_keys (hash);
CREATE UNIQUE INDEX access_keys_live ON access_keys (name) WHERE revoked_at IS NULL;
