-- One row is one deployment of new content that took traffic: what can fail, and be blamed.
SELECT *
FROM deployments
WHERE took_traffic AND kind IN ('release', 'hotfix', 'config')
