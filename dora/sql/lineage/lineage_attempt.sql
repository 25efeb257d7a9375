-- What is applied later serves, whichever execution ends first (T5); traffic that is moved serves when it has moved.
WITH applied AS (
  SELECT deployment_id, max(CASE WHEN part = 'switch' THEN coalesce(full_traffic_at, first_traffic_at)
    ELSE coalesce(accepted_at, first_traffic_at) END) AS applied_at
  FROM deciding_rollouts WHERE first_traffic_at IS NOT NULL GROUP BY deployment_id)
SELECT application, deployment_id, took_traffic, succeeded, governing_class = 'undo' OR explicit_rollback OR coalesce(explicit_kind = 'rollback', false) AS is_undo
FROM attempts LEFT JOIN applied USING (deployment_id)
ORDER BY application, CASE WHEN took_traffic THEN coalesce(applied_at, traffic_at) END NULLS LAST, deployment_id
