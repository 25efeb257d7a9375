-- title    = "Rollouts outside production as defined, in applications without any production deployment"
-- severity = "warn"
-- next     = "define production in dora.toml: [definitions] production_accounts = [\"…\"]"
-- One row is one account and location that was deployed to.
SELECT rollout.application, rollout.account, rollout.location, rollout.environment, count(*) AS rollouts
FROM landing.rollout
LEFT JOIN deployments ON rollout.application = deployments.application
WHERE deployments.application IS NULL AND rollout.action = 'deploy' AND rollout.status <> 'skipped'
GROUP BY rollout.application, rollout.account, rollout.location, rollout.environment
