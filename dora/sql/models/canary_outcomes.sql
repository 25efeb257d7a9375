-- One row is one canary analysis with what happened next: whether its deployment continued, who overrode it, and
-- whether the deployment failed later (outcome_unknown_reason says why that is not known). A failed canary whose
-- deployment continued because a later one passed was analysed again; one that ran after all traffic had moved could
-- stop nothing.
--
-- unique_key = ["source", "canary_id"]
-- time = "happened_at"
-- example = "SELECT verdict, action_taken, deployment_failed, count(*) AS canaries FROM canary_outcomes GROUP BY ALL ORDER BY canaries DESC"
-- kind = "Kind of the deployment that it analysed, as in deployments."
-- groups = "Number of groups of metrics."
-- outcome = "How the deployment that it analysed ended, as in deployments."
-- reason = "What the canary service said, in its words."
-- minutes = "How long the canary took."
-- action_taken = "What happened after the canary: promoted, stopped, overridden, continued without approval and so on."
-- overridden_by = "User who let the deployment continue although its canary had failed."
-- deployment_failed = "Whether the deployment failed later; null if it took no traffic or cannot fail."
-- outcome_unknown_reason = "Why it is not known whether the deployment failed; null if it is."
WITH
finished_canaries AS (
  SELECT *, coalesce(finished_at, started_at) AS happened_at, verdict IN ('fail', 'marginal') AS alarmed
  FROM canaries
  WHERE coalesce(finished_at, started_at) IS NOT NULL
),
traffic_after_canary AS (
  SELECT finished_canaries.source, finished_canaries.canary_id, min(rollouts.first_traffic_at) AS moved_at
  FROM finished_canaries
  INNER JOIN rollouts
    ON finished_canaries.source = rollouts.source
    AND finished_canaries.root_id = rollouts.root_id
    AND finished_canaries.application = rollouts.application
  WHERE NOT rollouts.is_canary AND rollouts.first_traffic_at >= finished_canaries.happened_at
  GROUP BY finished_canaries.source, finished_canaries.canary_id
),
repeated_canaries AS (
  SELECT DISTINCT finished_canaries.source, finished_canaries.canary_id
  FROM finished_canaries
  INNER JOIN finished_canaries AS later
    ON finished_canaries.deployment_id = later.deployment_id
    AND later.happened_at > finished_canaries.happened_at
  WHERE finished_canaries.alarmed AND later.verdict = 'pass'
),
overrides AS (
  SELECT
    finished_canaries.source,
    finished_canaries.canary_id,
    approvals.decided_by,
    row_number() OVER (
      PARTITION BY finished_canaries.source, finished_canaries.canary_id
      ORDER BY approvals.decided_at, approvals.approval_id
    ) AS position
  FROM finished_canaries
  INNER JOIN traffic_after_canary
    ON finished_canaries.source = traffic_after_canary.source
    AND finished_canaries.canary_id = traffic_after_canary.canary_id
  INNER JOIN approvals ON finished_canaries.deployment_id = approvals.deployment_id
  WHERE
    finished_canaries.alarmed
    AND approvals.decision = 'continue'
    AND approvals.decided_at >= finished_canaries.happened_at
    AND approvals.decided_at <= traffic_after_canary.moved_at
)
SELECT
  finished_canaries.canary_id,
  finished_canaries.source,
  finished_canaries.application,
  finished_canaries.deployment_id,
  finished_canaries.happened_at,
  finished_canaries.verdict,
  finished_canaries.score,
  finished_canaries.pass_threshold,
  finished_canaries.marginal_threshold,
  finished_canaries.config,
  finished_canaries.intervals,
  finished_canaries.groups,
  finished_canaries.no_data_groups,
  finished_canaries.could_pass,
  finished_canaries.unread_judgment,
  finished_canaries.restarted_by,
  epoch(finished_canaries.finished_at - finished_canaries.started_at) / 60 AS minutes,
  CASE
    WHEN finished_canaries.deployment_id IS NULL THEN 'no deployment'
    WHEN finished_canaries.verdict = 'in_progress' OR deployments.outcome = 'in_progress' THEN 'running'
    WHEN traffic_after_canary.canary_id IS NULL AND deployments.traffic_at IS NOT NULL THEN 'already serving'
    WHEN traffic_after_canary.canary_id IS NULL AND finished_canaries.alarmed THEN 'stopped'
    WHEN traffic_after_canary.canary_id IS NULL THEN 'not deployed'
    WHEN NOT finished_canaries.alarmed THEN 'promoted'
    WHEN repeated_canaries.canary_id IS NOT NULL THEN 'analysed again'
    WHEN overrides.canary_id IS NOT NULL THEN 'overridden'
    ELSE 'continued without approval'
  END AS action_taken,
  overrides.decided_by AS overridden_by,
  CASE
    WHEN
      deployments.took_traffic
      AND list_contains(definitions.failure_kinds, deployments.kind)
      THEN recoveries.deployment_id IS NOT NULL
  END AS deployment_failed,
  CASE
    WHEN deployments.took_traffic IS DISTINCT FROM TRUE THEN 'took no traffic'
    WHEN NOT list_contains(definitions.failure_kinds, deployments.kind) THEN deployments.kind
    WHEN recoveries.deployment_id IS NULL
    AND deployments.traffic_at > data_ends.as_of - definitions.failure_window_hours * INTERVAL 1 HOUR
      THEN 'may still fail'
  END AS outcome_unknown_reason,
  recoveries.evidence,
  deployments.kind,
  deployments.outcome,
  finished_canaries.reason,
  finished_canaries.url
FROM finished_canaries
INNER JOIN definitions ON finished_canaries.application = definitions.application
INNER JOIN data_ends ON finished_canaries.application = data_ends.application
LEFT JOIN deployments ON finished_canaries.deployment_id = deployments.deployment_id
LEFT JOIN traffic_after_canary
  ON finished_canaries.source = traffic_after_canary.source
  AND finished_canaries.canary_id = traffic_after_canary.canary_id
LEFT JOIN repeated_canaries
  ON finished_canaries.source = repeated_canaries.source
  AND finished_canaries.canary_id = repeated_canaries.canary_id
LEFT JOIN overrides
  ON finished_canaries.source = overrides.source
  AND finished_canaries.canary_id = overrides.canary_id
  AND overrides.position = 1
LEFT JOIN recoveries ON finished_canaries.deployment_id = recoveries.deployment_id
