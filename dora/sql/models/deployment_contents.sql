-- One row is one part of what one deployment puts into service on one target: an own image, a version or a commit.
--
-- unique_key = ["deployment_id", "target", "image"]
-- time = "full_traffic_at"
-- example = "SELECT image, count(DISTINCT version) AS versions FROM deployment_contents GROUP BY ALL ORDER BY versions DESC"
-- target = "Where it serves."
-- image = "Name of the image; empty for a version without images."
-- chosen_by = "What makes it an own image: the definition `images`, its name, or that it is the first container."
-- rollout_id = "Rollout of the deployment that serves it."
-- source_rollout_id = "Rollout that deployed it; another one where it was restored or was dark before."
-- attribution = "How the commit is known: commit, tag, version, or why it is not."
-- sha = "Full commit id, where its repository is known to have it."
SELECT
  deciding_rollouts.deployment_id,
  deciding_rollouts.application,
  deciding_rollouts.target,
  deciding_rollouts.rollout_id,
  deciding_rollouts.source_rollout_id,
  content_parts.slot AS image,
  content_parts.version,
  content_parts.chosen_by,
  resolved_parts.repository,
  resolved_parts.sha,
  resolved_parts.commit,
  resolved_parts.attribution,
  deciding_rollouts.first_traffic_at,
  deciding_rollouts.full_traffic_at
FROM deciding_rollouts
INNER JOIN content_parts
  ON deciding_rollouts.source = content_parts.source
  AND deciding_rollouts.source_rollout_id = content_parts.rollout_id
INNER JOIN resolved_parts
  ON content_parts.source = resolved_parts.source
  AND content_parts.rollout_id = resolved_parts.rollout_id
  AND content_parts.slot = resolved_parts.slot
WHERE deciding_rollouts.governing_class IN ('deploy', 'undo', 'dark')
