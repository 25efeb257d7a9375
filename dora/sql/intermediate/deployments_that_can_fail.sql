-- One row is one deployment that can fail and be blamed: of the definition `failure_kinds`, succeeded or failed. What a
-- canary or a person stopped is neither.
SELECT deployments.*
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
WHERE deployments.outcome IN ('succeeded', 'failed') AND list_contains(definitions.failure_kinds, deployments.kind)
