-- One row is one repository of one application with its baseline (L3): the first succeeded deployment whose commit is
-- known. since is when its history begins to be complete: as the source was read, as the files say, else on the day of
-- the first deployment of the source, a local day.
WITH
complete_loads AS (
  SELECT source, arg_max(complete_since, load_id) AS since
  FROM landing.load
  WHERE finished_at IS NOT NULL
  GROUP BY source
),
coverages AS (
  SELECT source, application, min(since) AS since FROM landing.coverage GROUP BY source, application
),
baseline_deployments AS (
  SELECT DISTINCT application, repository, deployment_id FROM shipped_commits WHERE baseline
)
SELECT
  baseline_deployments.application,
  baseline_deployments.repository,
  baseline_deployments.deployment_id,
  deployments.traffic_at,
  coalesce(coverages.since, complete_loads.since, first_days.since) AS since
FROM baseline_deployments
INNER JOIN deployments ON baseline_deployments.deployment_id = deployments.deployment_id
LEFT JOIN first_days ON deployments.source = first_days.source
LEFT JOIN complete_loads ON deployments.source = complete_loads.source
LEFT JOIN coverages ON deployments.source = coverages.source AND deployments.application = coverages.application
