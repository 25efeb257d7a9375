-- One row is one repository from which several applications are deployed to production.
SELECT repositories.repository
FROM repositories
WHERE
  repositories.is_deployed
  AND repositories.application IN (SELECT application FROM planned_rollouts WHERE NOT is_canary)
GROUP BY repositories.repository
HAVING count(DISTINCT repositories.application) > 1
