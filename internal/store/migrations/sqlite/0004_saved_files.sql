-- Whether the process that ordered the video keeps files: then one that does
-- fetches it, whoever saw it finish.
ALTER TABLE tasks ADD COLUMN save INTEGER NOT NULL DEFAULT 0;
