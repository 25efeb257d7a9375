-- One row is one rollback, attributed to the deployment that it rolled back: by a deployment of its own, or in the same
-- execution. Stated if the restored version identifies that deployment, inferred if only the order in time does. A
-- rollback to what served all the time takes nothing back.
SELECT
  coalesce(
    CASE definitions.rollback_blames
      WHEN 'first' THEN deployments.blamed_first_id
      ELSE deployments.blamed_last_id
    END,
    CASE WHEN deployments.content_change IS DISTINCT FROM 'same' THEN deployments.previous_id END
  ) AS deployment_id,
  'rollback' AS evidence,
  deployments.deployment_id AS evidence_id,
  deployments.traffic_at AS happened_at,
  deployments.stable_at AS recovered_at,
  CASE WHEN deployments.blamed_first_id IS NULL THEN 'inferred' ELSE 'stated' END AS confidence
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
WHERE deployments.kind = 'rollback' AND deployments.took_traffic
UNION ALL
SELECT deployment_id, 'rollback', deployment_id, rolled_back_at, coalesce(reverted_in_run_at, later_at), 'stated'
FROM failed_during_deploy
WHERE rolled_back_at IS NOT NULL
