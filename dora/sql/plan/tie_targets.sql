-- One row is a set of applications that change one target whose history decides what serves.
SELECT DISTINCT list_sort(list(DISTINCT application)) AS applications
FROM planned_rollouts
WHERE NOT is_canary
GROUP BY source, target
HAVING count(DISTINCT application) > 1 AND bool_or(is_replayed)
