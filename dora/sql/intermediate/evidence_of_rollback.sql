-- One row is one rollback, held against the deployment that it took back: by a deployment of its own, or within the very
-- execution. Stated where the version restored tells whom it blames, inferred where only its place in time does.
SELECT
  coalesce(
    CASE d.rollback_blames WHEN 'first' THEN r.blamed_first_id ELSE r.blamed_last_id END, r.previous_id
  ) AS deployment_id,
  'rollback' AS evidence,
  r.deployment_id AS evidence_id,
  r.traffic_at AS happened_at,
  r.stable_at AS recovered_at,
  CASE WHEN r.blamed_first_id IS NULL THEN 'inferred' ELSE 'stated' END AS confidence
FROM deployments AS r
INNER JOIN definitions AS d ON r.application = d.application
WHERE r.kind = 'rollback' AND r.took_traffic
UNION ALL
SELECT deployment_id, 'rollback', deployment_id, rolled_back_at, coalesce(reverted_in_run_at, later_at), 'stated'
FROM failed_during_deploy
WHERE rolled_back_at IS NOT NULL
