-- One row is one deployment that can fail and be blamed: of `failure_kinds`, and it took traffic (E0).
SELECT deployments.*
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
WHERE deployments.outcome IN ('succeeded', 'failed') AND list_contains(definitions.failure_kinds, deployments.kind)
