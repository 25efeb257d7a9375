-- title    = "Executions with a status that nobody knows; they count as neither success nor failure"
-- severity = "warn"
-- next     = "report the status so that it can be read"
-- One row is one execution.
SELECT source, id, application, pipeline
FROM landing.execution
WHERE status = 'unknown'
