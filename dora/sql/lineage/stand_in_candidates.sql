-- One row is one deployed commit that is neither on trunk nor the head of a merged request, with a trunk entry that has
-- the same tree. is_earlier: the entry was there when the commit was first deployed.
WITH
deployed_commits AS (
  SELECT parts.node, min(coalesce(deciding_rollouts.started_at, deciding_rollouts.first_traffic_at)) AS started_at
  FROM lineage_rollout_part AS parts
  INNER JOIN deciding_rollouts
    ON parts.source = deciding_rollouts.source AND parts.rollout_id = deciding_rollouts.source_rollout_id
  WHERE parts.node IS NOT NULL
  GROUP BY parts.node
),
off_trunk AS (
  SELECT deployed_commits.*, node.repository, node.sha
  FROM deployed_commits
  INNER JOIN lineage_node AS node ON deployed_commits.node = node.rowid
  ANTI JOIN request_changes ON node.repository = request_changes.repository AND node.sha = request_changes.sha
  ANTI JOIN (SELECT repository, sha FROM landing.change WHERE on_trunk) AS change
    ON node.repository = change.repository AND node.sha = change.sha
)
SELECT off_trunk.node, candidate.rowid AS candidate, bool_or(twin.committed_at <= off_trunk.started_at) AS is_earlier
FROM off_trunk
INNER JOIN landing.commit ON off_trunk.repository = commit.repository AND off_trunk.sha = commit.sha
INNER JOIN landing.commit AS twin ON commit.repository = twin.repository AND commit.tree = twin.tree
SEMI JOIN (SELECT repository, sha FROM landing.change WHERE on_trunk) AS change
  ON twin.repository = change.repository AND twin.sha = change.sha
INNER JOIN lineage_node AS candidate ON twin.repository = candidate.repository AND twin.sha = candidate.sha
GROUP BY off_trunk.node, candidate.rowid
ORDER BY off_trunk.node, candidate.rowid
