-- title     = "Time between deployments"
-- question  = "How long does production of a service stay as it is?"
-- unit      = "hours"
-- statistic = "median"
-- better    = "lower"
-- subject   = "deployment"
-- shaped_by = ["frequency_kinds"]
-- One row is one deployment that counts, dated when it served all, with the time until its application's next one;
-- censored while there is none.
WITH counted AS (
  SELECT p.application, p.deployment_id, p.full_traffic_at
  FROM deployments AS p
  INNER JOIN definitions AS d ON p.application = d.application
  WHERE p.succeeded AND list_contains(d.frequency_kinds, p.kind)
),
ordered AS (
  SELECT
    application,
    deployment_id,
    full_traffic_at,
    lead(full_traffic_at) OVER (PARTITION BY application ORDER BY full_traffic_at, deployment_id) AS next_at
  FROM counted
)
SELECT
  o.application,
  o.full_traffic_at AS happened_at,
  o.deployment_id AS subject,
  epoch(coalesce(o.next_at, build.as_of) - o.full_traffic_at) / 3600 AS value,
  o.next_at IS NULL AS censored,
  CASE WHEN o.next_at IS NULL AND o.full_traffic_at > build.as_of THEN 'deployed after the data ends' END AS excluded
FROM ordered AS o
CROSS JOIN build
