SELECT source, rollout_id, list_sort(list(DISTINCT lineage_part.rowid)) AS parts, min(attribution) AS attribution,
  arg_min(repository, lineage_rollout_part.slot) AS repository,
  arg_min(commit, lineage_rollout_part.slot) AS commit
FROM lineage_rollout_part JOIN lineage_part USING (application, part) GROUP BY ALL
