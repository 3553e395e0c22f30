-- How often createTask was to be called for the task; when it first had to wait
-- for a slot of its account; and the upstream ids that webhooks named while the
-- task's own is not known, as JSON.
ALTER TABLE tasks ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN queued_at INTEGER;
ALTER TABLE tasks ADD COLUMN hints TEXT NOT NULL DEFAULT '';

-- How many tasks each account may run at once, as it last said.
CREATE TABLE account_limits (
  upstream  TEXT    NOT NULL PRIMARY KEY,
  tasks     INTEGER NOT NULL,
  learnt_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
