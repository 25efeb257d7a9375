-- One row is one attempt that was undone within its own execution tree (rollback on failure, or a rollback stage further
-- on): every target that took its traffic went back afterwards. What served before it serves again from reverted_in_run_at on.
WITH
back AS (
  SELECT source, application, root_id, account, location, cluster, full_traffic_at AS back_at
  FROM rollouts
  WHERE action = 'rollback' AND NOT is_canary AND full_traffic_at IS NOT NULL
),
trees_back AS (
  SELECT DISTINCT source, application, root_id FROM back
),
served AS (
  SELECT r.source, r.application, r.root_id, r.rollout_id, r.account, r.location, r.cluster, r.first_traffic_at AS served_at
  FROM rollouts AS r
  INNER JOIN trees_back AS t ON r.source = t.source AND r.application = t.application AND r.root_id = t.root_id
  WHERE r.action = 'deploy' AND NOT r.is_canary AND r.first_traffic_at IS NOT NULL
),
targets AS (
  SELECT
    s.source,
    s.application,
    s.root_id,
    s.rollout_id,
    max(b.back_at) AS back_at
  FROM served AS s
  LEFT JOIN back AS b
    ON
      s.source = b.source
      AND s.application = b.application
      AND s.root_id = b.root_id
      AND coalesce(s.account, b.account) IS NOT DISTINCT FROM coalesce(b.account, s.account)
      AND coalesce(s.location, b.location) IS NOT DISTINCT FROM coalesce(b.location, s.location)
      AND coalesce(s.cluster, b.cluster) IS NOT DISTINCT FROM coalesce(b.cluster, s.cluster)
      AND b.back_at >= s.served_at
  GROUP BY s.source, s.application, s.root_id, s.rollout_id
)
SELECT source, application, root_id, max(back_at) AS reverted_in_run_at
FROM targets
GROUP BY source, application, root_id
HAVING bool_and(back_at IS NOT NULL)
