-- title    = "Canaries without a judgment that can be read: the pipeline's score decides, which hides missing data"
-- severity = "warn"
-- next     = "let Gate reach the storage account of the canary service, and ingest more often than it keeps judgments"
-- One row is one canary analysis.
SELECT canary_id, source, application, config, verdict, score, judgment_id, finished_at, url
FROM canaries
WHERE unread_judgment
