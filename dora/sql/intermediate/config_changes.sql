-- One row is one attempt that changed configuration beside its workloads, or tried to change nothing else (C5).
SELECT DISTINCT applied_config.deployment_id
FROM applied_config
INNER JOIN attempt_rollouts
  ON applied_config.source = attempt_rollouts.source AND applied_config.id = attempt_rollouts.rollout_id
WHERE applied_config.differs AND (applied_config.applied_at IS NOT NULL OR attempt_rollouts.governs)
