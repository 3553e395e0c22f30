-- Times are milliseconds since 1970 UTC, money is millionths of a credit,
-- truth is 0 or 1. What is filtered, summed or claimed is a column; the rest
-- of a task is JSON. Text sorts by its bytes, as it does in SQLite.
CREATE TABLE tasks (
  id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  principal       TEXT COLLATE "C" NOT NULL,
  upstream        TEXT COLLATE "C" NOT NULL,
  upstream_id     TEXT COLLATE "C",
  sandbox         INTEGER NOT NULL,
  state           TEXT COLLATE "C" NOT NULL,
  due_at          BIGINT,
  interval_ms     BIGINT  NOT NULL,
  booked_at       BIGINT  NOT NULL, -- when due_at was set, by the clock that set it
  polls           BIGINT  NOT NULL,
  empty_successes BIGINT  NOT NULL,
  version         BIGINT  NOT NULL,
  created_at      BIGINT  NOT NULL,
  submitted_at    BIGINT,
  updated_at      BIGINT  NOT NULL,
  completed_at    BIGINT,
  model           TEXT COLLATE "C" NOT NULL,
  resolution      TEXT COLLATE "C" NOT NULL,
  seconds         BIGINT  NOT NULL,
  estimated       BIGINT,
  reserved        BIGINT  NOT NULL,
  used            BIGINT,
  charged         BIGINT  NOT NULL,
  settled         INTEGER NOT NULL,
  request_hash    TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C",
  callback_token  TEXT COLLATE "C",
  reason          TEXT    NOT NULL,
  workflow        TEXT    NOT NULL,
  search_text     TEXT COLLATE "C" NOT NULL, -- the prompt in lower case
  request         TEXT    NOT NULL,
  payload         TEXT    NOT NULL,
  quote           TEXT    NOT NULL,
  videos          TEXT    NOT NULL,
  failure         TEXT    NOT NULL,
  attempts        BIGINT  NOT NULL DEFAULT 0, -- how often createTask was to be called
  queued_at       BIGINT, -- when it first had to wait for a slot of its account
  hints           TEXT    NOT NULL DEFAULT '', -- upstream ids that webhooks named, JSON
  save            INTEGER NOT NULL DEFAULT 0, -- whether the process that ordered the video keeps files
  answers_repeats INTEGER NOT NULL DEFAULT 0 -- 1: the newest task that was submitted for its wish
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- Every idempotency key ever given, with the task that answers it. Several keys
-- may lead to one task: a wish found by its content keeps the key it came with.
CREATE TABLE idempotency_keys (
  principal       TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL,
  task_id         TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (principal, idempotency_key)
);

-- Tasks and their credits summed by the hour of created_at, so that budgets and
-- totals cost the same however many tasks there are. Written in the transaction
-- that writes the task; the tasks are the truth.
CREATE TABLE ledger (
  principal          TEXT COLLATE "C" NOT NULL,
  hour               BIGINT  NOT NULL, -- since 1970 UTC
  sandbox            INTEGER NOT NULL,
  upstream           TEXT COLLATE "C" NOT NULL,
  model              TEXT COLLATE "C" NOT NULL,
  state              TEXT COLLATE "C" NOT NULL,
  tasks              BIGINT  NOT NULL,
  estimated          BIGINT  NOT NULL,
  used               BIGINT  NOT NULL,
  charged            BIGINT  NOT NULL, -- what settled tasks cost
  reserved           BIGINT  NOT NULL, -- what the others hold
  compared_estimated BIGINT  NOT NULL, -- of settled successes that had a price
  compared_charged   BIGINT  NOT NULL,
  PRIMARY KEY (principal, hour, sandbox, upstream, model, state)
) WITH (fillfactor = 50);
CREATE INDEX ledger_by_hour ON ledger (hour);

CREATE UNIQUE INDEX tasks_upstream_id ON tasks (upstream, upstream_id) WHERE upstream_id IS NOT NULL;
-- Two submissions of one wish at the same instant cannot both be new, whatever
-- either of them saw before.
CREATE UNIQUE INDEX tasks_wishes ON tasks (request_hash, principal, upstream) WHERE answers_repeats = 1;
CREATE UNIQUE INDEX tasks_callback ON tasks (callback_token) WHERE callback_token IS NOT NULL;

-- Claims: only tasks in flight are in it.
CREATE INDEX tasks_due ON tasks (upstream, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tasks_unfinished ON tasks (upstream, state, principal, created_at, id) WHERE state NOT IN ('success', 'fail');
CREATE INDEX tasks_duplicates ON tasks (request_hash, principal, created_at, id);
CREATE INDEX tasks_durations ON tasks (model, resolution, seconds, sandbox, completed_at) WHERE state = 'success';
CREATE INDEX tasks_by_time ON tasks (created_at, id);
CREATE INDEX tasks_by_principal ON tasks (principal, created_at, id);
CREATE INDEX tasks_by_state ON tasks (principal, state, created_at, id);

-- How many tasks each account may run at once, as it last said.
CREATE TABLE account_limits (
  upstream  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  tasks     BIGINT NOT NULL,
  learnt_at BIGINT NOT NULL
);

-- Access keys of the HTTP server. Only a key's SHA-256 is kept. A key's name is
-- the principal that it acts for; of several keys with one name, one is live.
CREATE TABLE access_keys (
  id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name            TEXT COLLATE "C" NOT NULL,
  hash            TEXT COLLATE "C" NOT NULL,
  daily_credits   BIGINT,
  monthly_credits BIGINT,
  models          TEXT   NOT NULL, -- a JSON array; empty: all
  created_at      BIGINT NOT NULL,
  expires_at      BIGINT,
  revoked_at      BIGINT,
  last_used_at    BIGINT
);
CREATE UNIQUE INDEX access_keys_hash ON access_keys (hash);
CREATE UNIQUE INDEX access_keys_live ON access_keys (name) WHERE revoked_at IS NULL;

-- Tells every replica of a new or changed task at the commit, with the instance
-- that changed it. A claim leaves the version alone and tells nobody.
CREATE FUNCTION seedance_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('seedance_tasks', COALESCE(current_setting('seedance.instance', true), ''));
  RETURN NULL;
END $$;
CREATE TRIGGER tasks_tell AFTER INSERT OR UPDATE OF version ON tasks FOR EACH ROW EXECUTE FUNCTION seedance_tell();
