-- Upstream accounts that principals have of their own. The API key is sealed
-- with a master key that the database never sees. What has ended is kept, for
-- the tasks that it paid for.
CREATE TABLE upstream_accounts (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  principal   TEXT COLLATE "C" NOT NULL,
  fingerprint TEXT COLLATE "C" NOT NULL, -- as in tasks.upstream
  sealed      TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  ended_at    BIGINT
);
CREATE UNIQUE INDEX upstream_accounts_live ON upstream_accounts (principal) WHERE ended_at IS NULL;
CREATE INDEX upstream_accounts_fingerprint ON upstream_accounts (fingerprint);
