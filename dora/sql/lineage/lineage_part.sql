-- An image is called differently in another application, even if it is of the same commit.
SELECT application, part, min(node) AS node, min(slot) AS slot
FROM lineage_rollout_part GROUP BY application, part ORDER BY application, part
