-- One row is one attempt that changed configuration beside its workloads (C5).
SELECT DISTINCT deployment_id
FROM applied_config
WHERE differs
