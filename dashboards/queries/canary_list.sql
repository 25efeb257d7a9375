-- One row is one canary of a class that a text finds, with one of these outcomes, the latest first. The first of all.
SELECT
  happened_at,
  application,
  verdict,
  score,
  action_taken,
  overridden_by,
  outcome,
  evidence,
  minutes,
  url,
  deployment_id,
  canary_id,
  count(*) OVER () AS listed
FROM ($canaries)
WHERE $part AND $matches AND list_contains($outcomes::VARCHAR[], outcome)
ORDER BY happened_at DESC, canary_id, application
LIMIT $limit
