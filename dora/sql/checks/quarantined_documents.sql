-- title    = "Documents and rows that could not be read"
-- severity = "warn"
-- next     = "run `dora quarantine`: it says how to retry or dismiss each"
-- One row is one document or row that has not been read successfully since, and that no user has dismissed.
SELECT source, kind, id, reason
FROM landing.quarantine
WHERE resolved_at IS NULL AND dismissed_at IS NULL
