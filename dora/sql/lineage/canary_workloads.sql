-- What only serves a canary analysis is no target (T3), and yet a route may lead to it.
SELECT DISTINCT source, lower(account), lower(location), coalesce(lower(cluster), ''), labels
FROM production_rollouts
WHERE is_canary
