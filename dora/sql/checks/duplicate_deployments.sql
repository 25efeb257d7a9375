-- title    = "Deployments counted twice"
-- severity = "stop"
-- next     = "report this: the models are wrong"
-- One row is one deployment id with more than one row.
SELECT deployment_id, count(*) AS copies
FROM deployments
GROUP BY deployment_id
HAVING count(*) > 1
