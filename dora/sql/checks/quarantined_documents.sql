-- title    = "Documents and rows that could not be read"
-- severity = "warn"
-- next     = "mend the source and ingest again, or report the payload"
-- One row is one document that was not read well since.
SELECT source, kind, id, reason
FROM landing.quarantine
WHERE resolved_at IS NULL
