-- One row is one attempt whose content has a version: those of the own images of its targets.
WITH
distinct_versions AS (
  SELECT DISTINCT deciding_rollouts.deployment_id, content_parts.version
  FROM deciding_rollouts
  INNER JOIN content_parts
    ON deciding_rollouts.source = content_parts.source
    AND deciding_rollouts.source_rollout_id = content_parts.rollout_id
  WHERE content_parts.version IS NOT NULL
)
SELECT deployment_id, string_agg(version, ' ' ORDER BY version) AS version
FROM distinct_versions
GROUP BY deployment_id
