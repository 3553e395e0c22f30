-- Upstream accounts that principals have of their own. The API key is sealed
-- with a master key that the database never sees. What has ended is kept, for
-- the tasks that it paid for.
CREATE TABLE upstream_accounts (
  id          TEXT    NOT NULL PRIMARY KEY,
  principal   TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL, -- as in tasks.upstream
  sealed      TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  ended_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX upstream_accounts_live ON upstream_accounts (principal) WHERE ended_at IS NULL;
CREATE INDEX upstream_accounts_fingerprint ON upstream_accounts (fingerprint);
