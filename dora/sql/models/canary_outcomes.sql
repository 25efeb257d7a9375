-- One row is one canary analysis with what happened next: whether its deployment went on, who overrode it, and whether
-- the deployment failed later (outcome_unknown_reason says why that is not known). A failed canary that went on because a later one
-- of the same deployment passed was judged again; one that came after all traffic had moved could stop nothing.
WITH
judged AS (
  SELECT *, coalesce(finished_at, started_at) AS happened_at, verdict IN ('fail', 'marginal') AS alarmed
  FROM canaries
  WHERE coalesce(finished_at, started_at) IS NOT NULL
),
moved AS (
  SELECT j.source, j.canary_id, min(r.first_traffic_at) AS moved_at
  FROM judged AS j
  INNER JOIN rollouts AS r ON j.source = r.source AND j.root_id = r.root_id AND j.application = r.application
  WHERE NOT r.is_canary AND r.first_traffic_at >= j.happened_at
  GROUP BY j.source, j.canary_id
),
again AS (
  SELECT DISTINCT j.source, j.canary_id
  FROM judged AS j
  INNER JOIN judged AS later ON j.deployment_id = later.deployment_id AND later.happened_at > j.happened_at
  WHERE j.alarmed AND later.verdict = 'pass'
),
asked AS (
  SELECT
    j.source,
    j.canary_id,
    a.decided_by,
    row_number() OVER (PARTITION BY j.source, j.canary_id ORDER BY a.decided_at, a.approval_id) AS turn
  FROM judged AS j
  INNER JOIN moved AS m ON j.source = m.source AND j.canary_id = m.canary_id
  INNER JOIN approvals AS a ON j.deployment_id = a.deployment_id
  WHERE j.alarmed AND a.decision = 'continue' AND a.decided_at >= j.happened_at AND a.decided_at <= m.moved_at
)
SELECT
  j.canary_id,
  j.source,
  j.application,
  j.deployment_id,
  j.happened_at,
  j.verdict,
  j.score,
  j.pass_threshold,
  j.marginal_threshold,
  j.config,
  j.intervals,
  j.groups,
  j.no_data_groups,
  epoch(j.finished_at - j.started_at) / 60 AS minutes,
  CASE
    WHEN j.deployment_id IS NULL THEN 'no deployment'
    WHEN j.verdict = 'in_progress' OR d.outcome = 'in_progress' THEN 'running'
    WHEN m.canary_id IS NULL AND d.traffic_at IS NOT NULL THEN 'already serving'
    WHEN m.canary_id IS NULL AND j.alarmed THEN 'stopped'
    WHEN m.canary_id IS NULL THEN 'not deployed'
    WHEN NOT j.alarmed THEN 'promoted'
    WHEN again.canary_id IS NOT NULL THEN 'analysed again'
    WHEN a.canary_id IS NOT NULL THEN 'overridden'
    ELSE 'continued without approval'
  END AS action_taken,
  a.decided_by AS overridden_by,
  CASE WHEN d.took_traffic AND d.kind IN ('release', 'hotfix', 'config') THEN r.deployment_id IS NOT NULL END AS deployment_failed,
  CASE
    WHEN d.took_traffic IS DISTINCT FROM TRUE THEN 'took no traffic'
    WHEN d.kind NOT IN ('release', 'hotfix', 'config') THEN d.kind
    WHEN r.deployment_id IS NULL AND d.traffic_at > build.as_of - f.failure_window_hours * INTERVAL 1 HOUR
      THEN 'may still fail'
  END AS outcome_unknown_reason,
  r.evidence,
  d.kind,
  d.outcome,
  j.reason,
  j.url
FROM judged AS j
INNER JOIN definitions AS f ON j.application = f.application
CROSS JOIN build
LEFT JOIN deployments AS d ON j.deployment_id = d.deployment_id
LEFT JOIN moved AS m ON j.source = m.source AND j.canary_id = m.canary_id
LEFT JOIN again ON j.source = again.source AND j.canary_id = again.canary_id
LEFT JOIN asked AS a ON j.source = a.source AND j.canary_id = a.canary_id AND a.turn = 1
LEFT JOIN recoveries AS r ON j.deployment_id = r.deployment_id
