-- One row is one metric of one judgment of a canary analysis; decisive marks the last,
-- which the verdict rests on.
SELECT
  m.source,
  m.id AS metric_id,
  c.canary_id,
  c.application,
  c.root_id,
  c.deployment_id,
  c.verdict,
  m.judgment_id,
  coalesce(c.judgment_id = m.judgment_id, FALSE) AS decisive,
  coalesce(j.finished_at, i.finished_at) AS judged_at,
  m.metric,
  m.groups,
  m.provider,
  m.classification,
  m.reason,
  m.critical,
  m.muted,
  m.ratio,
  m.baseline_mean,
  m.baseline_count,
  m.experiment_mean,
  m.experiment_count
FROM landing.canary_metric AS m
INNER JOIN landing.canary_judgment AS j ON m.source = j.source AND m.judgment_id = j.id
INNER JOIN landing.canary_interval AS i ON m.source = i.source AND m.judgment_id = i.judgment_id
INNER JOIN landing.execution AS e ON i.source = e.source AND i.execution_id = e.id AND i.revision = e.revision
INNER JOIN canaries AS c ON i.source = c.source AND i.canary_id = c.canary_id
