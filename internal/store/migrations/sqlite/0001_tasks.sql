-- Times are milliseconds since 1970 UTC, money is millionths of a credit,
-- truth is 0 or 1. What is filtered, summed or claimed is a column; the rest
-- of a task is JSON.
CREATE TABLE tasks (
  id              TEXT    NOT NULL PRIMARY KEY,
  principal       TEXT    NOT NULL,
  upstream        TEXT    NOT NULL,
  upstream_id     TEXT,
  sandbox         INTEGER NOT NULL,
  state           TEXT    NOT NULL,
  due_at          INTEGER,
  interval_ms     INTEGER NOT NULL,
  booked_at       INTEGER NOT NULL, -- when due_at was set, by the clock that set it
  polls           INTEGER NOT NULL,
  empty_successes INTEGER NOT NULL,
  version         INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  submitted_at    INTEGER,
  updated_at      INTEGER NOT NULL,
  completed_at    INTEGER,
  model           TEXT    NOT NULL,
  resolution      TEXT    NOT NULL,
  seconds         INTEGER NOT NULL,
  estimated       INTEGER,
  reserved        INTEGER NOT NULL,
  used            INTEGER,
  charged         INTEGER NOT NULL,
  settled         INTEGER NOT NULL,
  request_hash    TEXT    NOT NULL,
  idempotency_key TEXT,
  callback_token  TEXT,
  reason          TEXT    NOT NULL,
  workflow        TEXT    NOT NULL,
  search_text     TEXT    NOT NULL, -- the prompt in lower case
  request         TEXT    NOT NULL,
  payload         TEXT    NOT NULL,
  quote           TEXT    NOT NULL,
  videos          TEXT    NOT NULL,
  failure         TEXT    NOT NULL,
  answers_repeats INTEGER NOT NULL DEFAULT 0 -- 1: the newest task that was submitted for its wish
) STRICT;

-- Every idempotency key ever given, with the task that answers it. Several keys
-- may lead to one task: a wish found by its content keeps the key it came with.
CREATE TABLE idempotency_keys (
  principal       TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  task_id         TEXT NOT NULL,
  PRIMARY KEY (principal, idempotency_key)
) STRICT, WITHOUT ROWID;

-- Tasks and their credits summed by the hour of created_at, so that budgets and
-- totals cost the same however many tasks there are. Written in the transaction
-- that writes the task; the tasks are the truth.
CREATE TABLE ledger (
  principal          TEXT    NOT NULL,
  hour               INTEGER NOT NULL, -- since 1970 UTC
  sandbox            INTEGER NOT NULL,
  upstream           TEXT    NOT NULL,
  model              TEXT    NOT NULL,
  state              TEXT    NOT NULL,
  tasks              INTEGER NOT NULL,
  estimated          INTEGER NOT NULL,
  used               INTEGER NOT NULL,
  charged            INTEGER NOT NULL, -- what settled tasks cost
  reserved           INTEGER NOT NULL, -- what the others hold
  compared_estimated INTEGER NOT NULL, -- of settled successes that had a price
  compared_charged   INTEGER NOT NULL,
  PRIMARY KEY (principal, hour, sandbox, upstream, model, state)
) STRICT, WITHOUT ROWID;
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
