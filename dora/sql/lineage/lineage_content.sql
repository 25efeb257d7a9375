SELECT DISTINCT parts FROM lineage_rollout ORDER BY parts
