SELECT part, min(node) AS node, min(slot) AS slot FROM lineage_rollout_part GROUP BY part ORDER BY part
