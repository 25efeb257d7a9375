-- One row is one deployment of its own that rolled another back: deployment_id is the one that it blames (E1). Stated if
-- the restored version identifies that deployment, inferred if only the order in time does. A rollback to what served
-- all the time takes nothing back.
SELECT
  coalesce(
    CASE definitions.rollback_blames
      WHEN 'first' THEN deployments.blamed_first_id
      ELSE deployments.blamed_last_id
    END,
    CASE WHEN deployments.content_change IS DISTINCT FROM 'same' THEN deployments.previous_id END
  ) AS deployment_id,
  deployments.deployment_id AS rollback_id,
  coalesce(deployments.started_at, deployments.queued_at, deployments.first_traffic_at) AS happened_at,
  deployments.traffic_at,
  deployments.stable_at AS recovered_at,
  CASE WHEN deployments.blamed_first_id IS NULL THEN 'inferred' ELSE 'stated' END AS confidence
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
WHERE deployments.kind = 'rollback' AND deployments.took_traffic
