-- One row is one deployment behind a number, latest first: what it shipped, its canary, its outcome. The first of all.
WITH
listed_deployments AS (
  $listed
),
shipped_changes AS (
  SELECT
    changes.shipped_by AS deployment_id,
    count(*) AS changes,
    max(CASE WHEN lead_time.excluded IS NULL THEN lead_time.value END) AS hours
  FROM changes
  INNER JOIN metrics.lead_time ON changes.application = lead_time.application AND changes.change_id = lead_time.subject
  WHERE changes.shipped_by IS NOT NULL AND NOT changes.baseline
  GROUP BY changes.shipped_by
),
ranked_canaries AS (
  SELECT *, row_number() OVER (PARTITION BY deployment_id ORDER BY started_at DESC, canary_id DESC) AS latest
  FROM canaries
)
SELECT
  coalesce(deployments.traffic_at, deployments.finished_at, deployments.queued_at) AS happened_at,
  deployments.application,
  definitions.team,
  deployments.kind,
  deployments.commit,
  shipped_changes.changes,
  shipped_changes.hours,
  ranked_canaries.verdict,
  ranked_canaries.score,
  deployments.outcome,
  deployments.not_everywhere,
  recoveries.evidence,
  epoch(recoveries.recovered_at - recoveries.failed_at) / 3600 AS recovered_hours,
  recoveries.deployment_id IS NOT NULL AND recoveries.recovered_at IS NULL AS still_failing,
  deployments.triggered_by,
  deployments.url,
  deployments.deployment_id,
  count(*) OVER () AS listed
FROM listed_deployments
INNER JOIN deployments ON listed_deployments.deployment_id = deployments.deployment_id
INNER JOIN definitions ON deployments.application = definitions.application
LEFT JOIN shipped_changes ON deployments.deployment_id = shipped_changes.deployment_id
LEFT JOIN ranked_canaries ON deployments.deployment_id = ranked_canaries.deployment_id AND ranked_canaries.latest = 1
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
WHERE list_contains(?, listed_deployments.word)
ORDER BY happened_at DESC, deployments.deployment_id
LIMIT ?
