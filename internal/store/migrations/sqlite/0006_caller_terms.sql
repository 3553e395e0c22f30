-- How often a key's caller may call.
ALTER TABLE access_keys ADD COLUMN calls_per_minute INTEGER;
ALTER TABLE access_keys ADD COLUMN open_calls INTEGER;

-- What an operator says of a caller, whether it comes with a key or a token: it
-- counts before what its key says. NULL: nothing is said.
CREATE TABLE caller_terms (
  principal        TEXT    NOT NULL PRIMARY KEY,
  label            TEXT    NOT NULL, -- the operator's own name for the caller
  daily_credits    INTEGER,
  monthly_credits  INTEGER,
  models           TEXT, -- a JSON array
  calls_per_minute INTEGER,
  open_calls       INTEGER,
  changed_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
