SELECT parts.source, parts.rollout_id, parts.slot, coalesce(node.repository, parts.repository) AS repository, node.sha,
  coalesce(node.sha, parts.commit) AS commit, parts.attribution
FROM lineage_rollout_part parts LEFT JOIN lineage_node node ON node.rowid = parts.node
