-- One row is one piece of evidence that a deployment failed: a rollback, a fix forward, an incident, or its own failing.
-- What was undone in its own execution tree mended nothing, so nothing has recovered by it.
WITH
mended AS (
  SELECT deployment_id, CASE WHEN undone_at IS NULL THEN full_traffic_at END AS recovered_at FROM deployments
),
counted AS (
  SELECT * FROM deployments WHERE took_traffic AND kind IN ('release', 'hotfix', 'config')
),
rollbacks AS (
  SELECT
    coalesce(
      CASE d.rollback_blames WHEN 'first' THEN r.blamed_first_id ELSE r.blamed_last_id END, r.previous_id
    ) AS deployment_id,
    'rollback' AS evidence,
    r.deployment_id AS by_id,
    r.traffic_at AS happened_at,
    m.recovered_at
  FROM deployments AS r
  INNER JOIN mended AS m ON r.deployment_id = m.deployment_id
  INNER JOIN definitions AS d ON r.application = d.application
  WHERE r.kind = 'rollback' AND r.took_traffic
),
moments AS (
  SELECT application, traffic_at, min(CASE WHEN succeeded AND undone_at IS NULL THEN full_traffic_at END) AS recovered_at
  FROM deployments
  WHERE traffic_at IS NOT NULL
  GROUP BY application, traffic_at
),
afterwards AS (
  SELECT
    application,
    traffic_at,
    min(recovered_at) OVER (
      PARTITION BY application ORDER BY traffic_at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS later_at
  FROM moments
),
wounded AS (
  SELECT c.deployment_id, c.outcome, c.traffic_at, c.rolled_back_at, c.undone_at, a.later_at
  FROM counted AS c
  INNER JOIN afterwards AS a ON c.application = a.application AND c.traffic_at = a.traffic_at
  WHERE c.outcome = 'failed' OR c.rolled_back_at IS NOT NULL
),
inside AS (
  SELECT
    deployment_id,
    'rollback' AS evidence,
    deployment_id AS by_id,
    rolled_back_at AS happened_at,
    coalesce(undone_at, later_at) AS recovered_at
  FROM wounded
  WHERE rolled_back_at IS NOT NULL
),
undoing AS MATERIALIZED (
  SELECT DISTINCT r.application, r.shipped_by AS by_id, c.shipped_by AS deployment_id
  FROM changes AS r
  INNER JOIN changes AS c ON r.application = c.application AND r.repository = c.repository AND r.reverts = c.sha
  WHERE r.reverts IS NOT NULL AND c.shipped_by <> r.shipped_by AND NOT c.baseline
),
reverts AS (
  SELECT u.deployment_id, 'fix_forward' AS evidence, u.by_id, f.traffic_at AS happened_at, m.recovered_at
  FROM undoing AS u
  INNER JOIN deployments AS f ON u.by_id = f.deployment_id
  INNER JOIN mended AS m ON u.by_id = m.deployment_id
  INNER JOIN deployments AS failed ON u.deployment_id = failed.deployment_id
  INNER JOIN definitions AS d ON u.application = d.application
  WHERE
    f.traffic_at > failed.traffic_at
    AND f.traffic_at <= failed.traffic_at + d.failure_window_hours * INTERVAL 1 HOUR
),
hotfixed AS (
  SELECT
    c.deployment_id,
    'fix_forward' AS evidence,
    h.deployment_id AS by_id,
    h.traffic_at AS happened_at,
    m.recovered_at,
    row_number() OVER (PARTITION BY h.deployment_id ORDER BY c.traffic_at DESC, c.deployment_id DESC) AS nearest
  FROM deployments AS h
  INNER JOIN mended AS m ON h.deployment_id = m.deployment_id
  INNER JOIN definitions AS d ON h.application = d.application
  INNER JOIN counted AS c
    ON
      h.application = c.application
      AND c.traffic_at < h.traffic_at
      AND c.traffic_at >= h.traffic_at - d.failure_window_hours * INTERVAL 1 HOUR
  WHERE h.kind = 'hotfix' AND h.took_traffic
),
blamed AS (
  SELECT deployment_id, 'incident' AS evidence, incident_id AS by_id, opened_at AS happened_at, resolved_at AS recovered_at
  FROM incidents
  WHERE deployment_id IS NOT NULL
),
broken AS (
  SELECT deployment_id, 'deploy' AS evidence, deployment_id AS by_id, traffic_at AS happened_at, later_at AS recovered_at
  FROM wounded
  WHERE outcome = 'failed'
),
restarted AS (
  SELECT
    c.deployment_id,
    'deploy' AS evidence,
    c.deployment_id AS by_id,
    min(a.first_traffic_at) AS happened_at,
    min(c.full_traffic_at) AS recovered_at
  FROM landing.execution_attempt AS a
  INNER JOIN rollouts AS r ON a.source = r.source AND a.rollout_id = r.rollout_id
  INNER JOIN counted AS c ON r.source = c.source AND r.root_id = c.root_id AND r.application = c.application
  WHERE
    r.action = 'deploy'
    AND NOT r.is_canary
    AND a.started_at IS DISTINCT FROM r.started_at
    AND a.first_traffic_at < c.full_traffic_at
  GROUP BY c.deployment_id
),
evidence AS (
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM rollbacks
  UNION ALL
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM inside
  UNION ALL
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM reverts
  UNION
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM hotfixed WHERE nearest = 1
  UNION ALL
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM blamed
  UNION ALL
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM broken
  UNION ALL
  SELECT deployment_id, evidence, by_id, happened_at, recovered_at FROM restarted
)
SELECT c.application, e.deployment_id, e.evidence, e.by_id, e.happened_at, e.recovered_at
FROM evidence AS e
INNER JOIN counted AS c ON e.deployment_id = c.deployment_id
