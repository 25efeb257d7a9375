-- title    = "Executions and rollouts with a status that nobody knows; they count as neither success nor failure"
-- severity = "warn"
-- next     = "report the status so that it can be read"
-- One row is one execution or one rollout.
SELECT source, id, application, pipeline
FROM landing.execution
WHERE status = 'unknown'
UNION ALL
SELECT r.source, r.id, r.application, e.pipeline
FROM landing.rollout AS r
INNER JOIN landing.execution AS e ON r.source = e.source AND r.execution_id = e.id AND r.revision = e.revision
WHERE r.status = 'unknown'
