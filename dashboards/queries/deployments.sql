-- One row is one deployment behind a number: what it shipped, how it was judged, what became of it; the first of them all.
WITH
asked AS (
  SELECT subject AS deployment_id FROM $observations
),
part AS (
  $part
),
shipped AS (
  SELECT c.shipped_by AS deployment_id, count(*) AS changes, max(CASE WHEN l.excluded IS NULL THEN l.value END) AS hours
  FROM changes AS c
  INNER JOIN metrics.lead_time AS l ON c.application = l.application AND c.change_id = l.subject
  WHERE c.shipped_by IS NOT NULL AND NOT c.baseline
  GROUP BY c.shipped_by
),
ordered AS (
  SELECT *, row_number() OVER (PARTITION BY deployment_id ORDER BY started_at DESC, canary_id DESC) AS latest
  FROM canaries
)
SELECT
  coalesce(p.traffic_at, p.finished_at, p.queued_at) AS happened_at,
  p.application,
  d.team,
  p.kind,
  p.commit,
  s.changes,
  s.hours,
  c.verdict,
  c.score,
  p.outcome,
  r.evidence,
  epoch(r.recovered_at - r.failed_at) / 3600 AS recovered_hours,
  r.deployment_id IS NOT NULL AND r.recovered_at IS NULL AS still_failing,
  p.triggered_by,
  p.url,
  p.deployment_id,
  count(*) OVER () AS listed
FROM asked
SEMI JOIN part ON asked.deployment_id = part.deployment_id
INNER JOIN deployments AS p ON asked.deployment_id = p.deployment_id
INNER JOIN definitions AS d ON p.application = d.application
LEFT JOIN shipped AS s ON p.deployment_id = s.deployment_id
LEFT JOIN ordered AS c ON p.deployment_id = c.deployment_id AND c.latest = 1
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
ORDER BY s.hours DESC NULLS LAST, happened_at DESC, p.deployment_id
LIMIT ?
