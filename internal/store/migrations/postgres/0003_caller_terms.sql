-- How often a key's caller may call.
ALTER TABLE access_keys ADD COLUMN calls_per_minute BIGINT;
ALTER TABLE access_keys ADD COLUMN open_calls BIGINT;

-- What an operator says of a caller, whether it comes with a key or a token: it
-- counts before what its key says. NULL: nothing is said.
CREATE TABLE caller_terms (
  principal        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  label            TEXT   NOT NULL, -- the operator's own name for the caller
  daily_credits    BIGINT,
  monthly_credits  BIGINT,
  models           TEXT, -- a JSON array
  calls_per_minute BIGINT,
  open_calls       BIGINT,
  changed_at       BIGINT NOT NULL
);
