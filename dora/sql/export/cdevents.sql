-- One row is one CDEvent of a scope, the earliest first: a deployment that took traffic, a rollback in the run of a
-- deployment, or the beginning or end of an incident. linked_ids are the events that it is about: of an incident the
-- deployment that caused it, of a rollback those that it took back.
WITH
served AS (
  SELECT * FROM deployments WHERE took_traffic AND traffic_at IS NOT NULL
),
rolled_back AS (
  SELECT rollbacks.deployment_id, list(DISTINCT served.deployment_id ORDER BY served.deployment_id) AS deployment_ids
  FROM rollbacks
  INNER JOIN served ON rollbacks.rolled_back_id = served.deployment_id
  WHERE rollbacks.method = 'separate deployment'
  GROUP BY rollbacks.deployment_id
),
events AS (
  SELECT
    served.deployment_id AS id,
    CASE WHEN served.kind = 'rollback' THEN 'service.rolledback' ELSE 'service.deployed' END AS type,
    served.source,
    served.application,
    served.traffic_at AS happened_at,
    served.root_id || '@' || served.source AS chain,
    served.version,
    served.repository,
    served.commit,
    served.kind,
    served.outcome,
    served.pipeline,
    NULL AS subject,
    NULL AS title,
    served.url,
    coalesce(rolled_back.deployment_ids, []) AS linked_ids
  FROM served
  LEFT JOIN rolled_back ON served.deployment_id = rolled_back.deployment_id
  UNION ALL BY NAME
  SELECT
    served.deployment_id || '/rollback' AS id,
    'service.rolledback' AS type,
    served.source,
    served.application,
    served.rolled_back_at AS happened_at,
    served.root_id || '@' || served.source AS chain,
    restored.version,
    restored.repository,
    restored.commit,
    'rollback' AS kind,
    'succeeded' AS outcome,
    served.pipeline,
    served.url,
    [served.deployment_id] AS linked_ids
  FROM served
  LEFT JOIN deployments AS restored ON served.previous_id = restored.deployment_id
  WHERE served.rolled_back_at IS NOT NULL AND served.kind <> 'rollback'
  UNION ALL BY NAME
  SELECT
    incidents.application || '/' || incidents.incident_id || '@' || incidents.source || '/opened' AS id,
    'incident.detected' AS type,
    incidents.source,
    incidents.application,
    incidents.opened_at AS happened_at,
    incidents.incident_id AS subject,
    incidents.title,
    incidents.url,
    CASE WHEN served.deployment_id IS NULL THEN [] ELSE [served.deployment_id] END AS linked_ids
  FROM incidents
  LEFT JOIN served ON incidents.deployment_id = served.deployment_id
  UNION ALL BY NAME
  SELECT
    incidents.application || '/' || incidents.incident_id || '@' || incidents.source || '/resolved' AS id,
    'incident.resolved' AS type,
    incidents.source,
    incidents.application,
    incidents.resolved_at AS happened_at,
    incidents.incident_id AS subject,
    incidents.title,
    incidents.url,
    CASE WHEN served.deployment_id IS NULL THEN [] ELSE [served.deployment_id] END AS linked_ids
  FROM incidents
  LEFT JOIN served ON incidents.deployment_id = served.deployment_id
  WHERE incidents.resolved_at IS NOT NULL
)
SELECT DISTINCT events.*
FROM events
INNER JOIN memberships
  ON
    events.application = memberships.application
    AND events.happened_at >= memberships.since
    AND events.happened_at < memberships.until
WHERE
  list_contains($applications::VARCHAR[], memberships.application)
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND coalesce(events.happened_at >= $since, $since IS NULL)
  AND coalesce(events.happened_at < $until, $until IS NULL)
ORDER BY events.happened_at, events.id
