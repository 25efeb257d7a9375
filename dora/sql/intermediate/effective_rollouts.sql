-- One row is one rollout that is no canary's, with the precedence (chief) by which its attempt is judged. What is deployed
-- dark, or at a low weight, serves all once a later execution of the same tree brings that target its traffic.
WITH
chiefs AS (
  SELECT source, application, root_id, min(precedence) AS chief
  FROM rollouts
  WHERE NOT is_canary
  GROUP BY source, application, root_id
),
lit AS (
  SELECT source, application, root_id, action, strategy, account, location, cluster, max(full_traffic_at) AS lit_at
  FROM rollouts
  WHERE NOT is_canary AND strategy IN ('dark', 'weights')
  GROUP BY source, application, root_id, action, strategy, account, location, cluster
)
SELECT r.*, c.chief, coalesce(r.full_traffic_at, l.lit_at) AS served_all_at
FROM rollouts AS r
INNER JOIN chiefs AS c ON r.source = c.source AND r.application = c.application AND r.root_id = c.root_id
LEFT JOIN lit AS l
  ON
    r.source = l.source
    AND r.application = l.application
    AND r.root_id = l.root_id
    AND r.action = l.action
    AND r.strategy = l.strategy
    AND r.account IS NOT DISTINCT FROM l.account
    AND r.location IS NOT DISTINCT FROM l.location
    AND r.cluster IS NOT DISTINCT FROM l.cluster
WHERE NOT r.is_canary
