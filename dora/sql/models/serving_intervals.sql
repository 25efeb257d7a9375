-- One row is one stretch of time in which one target served one content in full, or in which content waited there
-- without traffic. A content ends when the next one serves all traffic, or when what runs it is removed.
--
-- unique_key = ["application", "target", "since", "is_dark"]
-- time = "since"
-- example = "SELECT application, target, version, since FROM serving_intervals WHERE until IS NULL AND NOT is_dark ORDER BY since"
-- kind = "Kind of the deployment that brought it, as in deployments."
-- target = "Where it serves: account, location and workload, or the environment of a file."
-- is_dark = "It waited without traffic."
-- content = "What tells it from other contents: the commit or version of each own image."
-- since = "When it began to serve all traffic, or to wait."
-- until = "When that ended; null if it had not at the end of the data."
-- rollout_id = "Rollout that gave it the traffic, or deployed what waited."
WITH
served_contents AS (
  SELECT DISTINCT source, source_rollout_id AS rollout_id
  FROM rollouts
  WHERE source_rollout_id IS NOT NULL AND NOT is_canary
),
contents AS (
  SELECT
    content_parts.source,
    content_parts.rollout_id,
    string_agg(
      coalesce(
        CASE WHEN resolved_parts.attribution IN ('commit', 'tag', 'version') THEN resolved_parts.sha END,
        content_parts.identity,
        content_parts.commit,
        content_parts.rollout_id
      ),
      ' '
      ORDER BY content_parts.slot
    ) AS content,
    string_agg(content_parts.version, ' ' ORDER BY content_parts.slot) AS version,
    arg_min(coalesce(resolved_parts.commit, content_parts.commit), content_parts.slot) AS commit
  FROM content_parts
  INNER JOIN served_contents
    ON content_parts.source = served_contents.source AND content_parts.rollout_id = served_contents.rollout_id
  LEFT JOIN resolved_parts
    ON content_parts.source = resolved_parts.source
    AND content_parts.rollout_id = resolved_parts.rollout_id
    AND content_parts.slot = resolved_parts.slot
  GROUP BY content_parts.source, content_parts.rollout_id
),
-- A change of the template alone brings no images: it serves the content of before.
services AS (
  SELECT
    rollouts.*,
    sources.cluster AS serving_cluster,
    sources.server_group AS serving_group,
    contents.version,
    contents.commit,
    CASE WHEN rollouts.source_rollout_id IS NULL THEN rollouts.rollout_id ELSE contents.content END AS content,
    CASE WHEN rollouts.part = 'switch' THEN rollouts.full_traffic_at ELSE rollouts.accepted_at END AS applied_at
  FROM rollouts
  LEFT JOIN contents ON rollouts.source = contents.source AND rollouts.source_rollout_id = contents.rollout_id
  LEFT JOIN rollouts AS sources
    ON rollouts.source = sources.source AND rollouts.source_rollout_id = sources.rollout_id
  WHERE NOT rollouts.is_canary
),
-- What is applied later serves, whichever execution ends first (T5).
full_services AS (
  SELECT
    *,
    last_value(content IGNORE NULLS) OVER earlier AS serving_content,
    min(full_traffic_at) OVER later AS next_full_at
  FROM services
  WHERE full_traffic_at IS NOT NULL AND part IN ('deploy', 'undo', 'switch')
  WINDOW
    earlier AS (
      PARTITION BY source, application, target
      ORDER BY coalesce(applied_at, full_traffic_at), rollout_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ),
    later AS (
      PARTITION BY source, application, target
      ORDER BY coalesce(applied_at, full_traffic_at) DESC, rollout_id DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
  QUALIFY coalesce(full_traffic_at < next_full_at, TRUE)
),
-- What serves nothing from then on: the target whose serving workload or group is removed.
removals AS (
  SELECT
    rollouts.source,
    rollouts.application,
    rollouts.target,
    rollouts.rollout_id,
    rollouts.accepted_at AS full_traffic_at,
    TRUE AS is_removal
  FROM rollouts
  INNER JOIN full_services
    ON rollouts.source = full_services.source
    AND rollouts.application = full_services.application
    AND rollouts.target = full_services.target
    AND rollouts.accepted_at >= full_services.full_traffic_at
    AND coalesce(rollouts.accepted_at < full_services.next_full_at, TRUE)
  WHERE
    rollouts.part = 'clean_up'
    AND rollouts.action IN ('delete', 'disable')
    AND CASE
      WHEN rollouts.server_group IS NOT NULL THEN rollouts.server_group = full_services.serving_group
      ELSE rollouts.action = 'delete' AND rollouts.cluster = full_services.serving_cluster
    END
),
changes_of_content AS (
  SELECT *
  FROM (
    SELECT *, FALSE AS is_removal FROM full_services
    UNION ALL BY NAME
    SELECT * FROM removals
  )
  WINDOW by_time AS (PARTITION BY source, application, target ORDER BY full_traffic_at, rollout_id)
  QUALIFY
    serving_content IS DISTINCT FROM lag(serving_content) OVER by_time
    OR is_removal IS DISTINCT FROM lag(is_removal) OVER by_time
),
intervals AS (
  SELECT
    *,
    lead(full_traffic_at) OVER by_time AS replaced_at
  FROM changes_of_content
  WINDOW by_time AS (PARTITION BY source, application, target ORDER BY full_traffic_at, rollout_id)
),
-- Content that waits does so until a rollout gives it traffic, or until newer content comes to its target.
waits AS (
  SELECT
    services.source,
    services.application,
    services.target,
    services.content,
    services.version,
    services.commit,
    services.rollout_id,
    services.deployment_id,
    services.accepted_at,
    min(coalesce(later.full_traffic_at, later.accepted_at)) AS waited_until
  FROM services
  LEFT JOIN services AS later
    ON services.source = later.source
    AND services.application = later.application
    AND services.target = later.target
    AND services.accepted_at < later.accepted_at
    AND (
      later.part IN ('deploy', 'dark', 'prepared')
      OR (later.part IN ('undo', 'switch') AND services.rollout_id = later.source_rollout_id)
    )
  WHERE services.part IN ('dark', 'prepared') AND services.accepted_at IS NOT NULL AND services.action = 'deploy'
  GROUP BY ALL
)
SELECT
  intervals.application,
  intervals.source,
  intervals.target,
  FALSE AS is_dark,
  deployments.kind,
  intervals.serving_content AS content,
  intervals.version,
  intervals.commit,
  intervals.full_traffic_at AS since,
  intervals.replaced_at AS until,
  intervals.rollout_id,
  intervals.deployment_id
FROM intervals
INNER JOIN deployments ON intervals.deployment_id = deployments.deployment_id
WHERE NOT intervals.is_removal
UNION ALL BY NAME
SELECT
  waits.application,
  waits.source,
  waits.target,
  TRUE AS is_dark,
  deployments.kind,
  waits.content,
  waits.version,
  waits.commit,
  waits.accepted_at AS since,
  waits.waited_until AS until,
  waits.rollout_id,
  waits.deployment_id
FROM waits
INNER JOIN deployments ON waits.deployment_id = deployments.deployment_id
