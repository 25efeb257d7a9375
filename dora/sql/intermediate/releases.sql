-- One row is one deployment of new content that took traffic: the deployments that can fail, and be blamed.
SELECT *
FROM deployments
WHERE took_traffic AND kind IN ('release', 'hotfix', 'config')
