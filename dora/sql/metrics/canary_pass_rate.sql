-- title     = "Canary pass rate"
-- question  = "What share of canary analyses let the deployment continue?"
-- unit      = "share"
-- statistic = "share"
-- better    = "higher"
-- subject   = "canary"
-- shaped_by = ["canary_clusters"]
-- One row is one canary analysis; 1 where it passed.
SELECT
  application,
  coalesce(finished_at, started_at) AS happened_at,
  canary_id AS subject,
  CASE WHEN verdict = 'pass' THEN 1.0 ELSE 0.0 END AS value,
  FALSE AS censored,
  CASE WHEN verdict NOT IN ('pass', 'marginal', 'fail') THEN verdict END AS excluded
FROM canaries
