SELECT attempt.rowid AS attempt, rollouts.target, content.rowid AS content, templates.template,
  rollouts.full_traffic_at IS NOT NULL AS is_full, coalesce(served_targets.reverted_at IS NOT NULL, false) AS is_reverted,
  CASE WHEN rollouts.source_rollout_id IS NULL THEN 'missing'
    WHEN rollouts.governing_class = 'undo' THEN 'restored' ELSE rollout.attribution END AS attribution,
  rollout.repository, rollout.commit
FROM deciding_rollouts rollouts
JOIN lineage_attempt attempt USING (deployment_id)
LEFT JOIN lineage_rollout rollout
  ON rollouts.source = rollout.source AND rollouts.source_rollout_id = rollout.rollout_id
LEFT JOIN lineage_content content ON rollout.parts = content.parts
LEFT JOIN rollout_templates templates
  ON rollouts.source = templates.source AND rollouts.source_rollout_id = templates.rollout_id
LEFT JOIN served_targets USING (deployment_id, target)
WHERE rollouts.governing_class IN ('deploy', 'undo', 'dark')
  AND (NOT attempt.took_traffic OR rollouts.first_traffic_at IS NOT NULL)
ORDER BY attempt.rowid, rollouts.first_traffic_at NULLS LAST, rollouts.target
