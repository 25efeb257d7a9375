-- title    = "Documents and rows that could not be read"
-- severity = "warn"
-- next     = "correct the source and ingest again, or report the payload"
-- One row is one document or row that has not been read successfully since.
SELECT source, kind, id, reason
FROM landing.quarantine
WHERE resolved_at IS NULL
