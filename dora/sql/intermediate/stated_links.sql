-- One row is one incident or verdict that names a deployment, an execution or a commit, with the deployment that it
-- means: that of its own application, else the only one (E3). Of several of its application the latest before it counts.
-- A commit means the deployment that shipped the change that merged it. problem says why it blames none.
WITH
records AS (
  SELECT 'incident' AS record, source, id, application, deployment, lower(commit) AS commit, opened_at AS happened_at
  FROM incident_records
  WHERE deployment IS NOT NULL OR commit IS NOT NULL
  UNION ALL
  SELECT 'verdict', source, id, application, deployment, lower(commit), decided_at FROM landing.verdict
),
linked_executions AS (
  SELECT records.record, records.source, records.id, execution.source AS execution_source, execution.root_id
  FROM records
  INNER JOIN landing.execution ON records.deployment = execution.id
  UNION
  SELECT records.record, records.source, records.id, execution.source AS execution_source, execution.root_id
  FROM records
  INNER JOIN landing.execution ON records.deployment = execution.external_id
),
commits AS (
  SELECT records.record, records.source, records.id, changes.application, changes.shipped_by AS deployment_id
  FROM records
  INNER JOIN included_commits
    ON left(records.commit, 7) = left(included_commits.sha, 7) AND starts_with(included_commits.sha, records.commit)
  INNER JOIN changes
    ON included_commits.repository = changes.repository
    AND included_commits.change_sha = changes.sha
    AND NOT changes.baseline
  WHERE length(records.commit) >= 7
  UNION
  SELECT records.record, records.source, records.id, shipped_commits.application, shipped_commits.deployment_id
  FROM records
  INNER JOIN shipped_commits
    ON left(records.commit, 7) = left(shipped_commits.sha, 7) AND starts_with(shipped_commits.sha, records.commit)
  ANTI JOIN included_commits
    ON shipped_commits.repository = included_commits.repository AND shipped_commits.sha = included_commits.sha
  WHERE length(records.commit) >= 7 AND NOT shipped_commits.baseline
),
candidates AS (
  SELECT
    linked_executions.record,
    linked_executions.source,
    linked_executions.id,
    coalesce(deployments.prepared_for_id, deployments.deployment_id) AS deployment_id,
    'deployment' AS linked_by,
    1 AS precedence
  FROM linked_executions
  INNER JOIN deployments
    ON linked_executions.execution_source = deployments.source AND linked_executions.root_id = deployments.root_id
  UNION
  SELECT records.record, records.source, records.id, deployments.deployment_id, 'deployment', 1
  FROM records
  INNER JOIN deployments ON records.deployment IN (deployments.deployment_id, deployments.root_id)
  UNION
  -- The execution deployed nothing, and its completion triggered those that did.
  SELECT
    linked_executions.record,
    linked_executions.source,
    linked_executions.id,
    deployment_trees.deployment_id,
    'deployment',
    2
  FROM linked_executions
  INNER JOIN deployment_trees
    ON linked_executions.execution_source = deployment_trees.source
    AND linked_executions.root_id = deployment_trees.root_id
    AND NOT deployment_trees.is_earlier_deployment
  UNION
  SELECT record, source, id, deployment_id, 'commit', 3 FROM commits WHERE deployment_id IS NOT NULL
),
best_candidates AS (
  SELECT *, rank() OVER (PARTITION BY record, source, id ORDER BY precedence) AS place FROM candidates
),
ranked AS (
  SELECT
    best_candidates.record,
    best_candidates.source,
    best_candidates.id,
    best_candidates.deployment_id,
    best_candidates.linked_by,
    coalesce(deployments.application = records.application, FALSE) AS is_own,
    count(*) OVER (PARTITION BY best_candidates.record, best_candidates.source, best_candidates.id) AS candidates,
    row_number() OVER (
      PARTITION BY best_candidates.record, best_candidates.source, best_candidates.id
      ORDER BY
        coalesce(deployments.application = records.application, FALSE) DESC,
        coalesce(deployments.earliest_traffic_at <= records.happened_at, FALSE) DESC,
        deployments.earliest_traffic_at DESC NULLS LAST,
        deployments.deployment_id DESC
    ) AS place
  FROM best_candidates
  INNER JOIN deployments ON best_candidates.deployment_id = deployments.deployment_id
  INNER JOIN records
    ON best_candidates.record = records.record
    AND best_candidates.source = records.source
    AND best_candidates.id = records.id
  WHERE best_candidates.place = 1
)
SELECT
  records.record,
  records.source,
  records.id,
  coalesce(deployments.application, records.application) AS application,
  deployments.deployment_id,
  ranked.linked_by,
  CASE
    WHEN releases.deployment_id IS NOT NULL THEN NULL
    WHEN deployments.first_traffic_at IS NULL AND deployments.deployment_id IS NOT NULL THEN 'took no traffic'
    WHEN deployments.deployment_id IS NOT NULL THEN 'is a ' || deployments.kind
    WHEN ranked.candidates > 1 THEN 'of several applications'
    WHEN linked_executions.id IS NOT NULL THEN 'outside production'
    ELSE 'unknown'
  END AS problem
FROM records
LEFT JOIN ranked
  ON records.record = ranked.record AND records.source = ranked.source AND records.id = ranked.id AND ranked.place = 1
LEFT JOIN deployments ON ranked.deployment_id = deployments.deployment_id AND (ranked.is_own OR ranked.candidates = 1)
LEFT JOIN deployments_that_can_fail AS releases ON deployments.deployment_id = releases.deployment_id
LEFT JOIN (SELECT DISTINCT record, source, id FROM linked_executions) AS linked_executions
  ON records.record = linked_executions.record
  AND records.source = linked_executions.source
  AND records.id = linked_executions.id
