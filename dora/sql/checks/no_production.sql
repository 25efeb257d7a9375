-- title    = "Rollouts that no definition calls production, in applications without any production deployment"
-- severity = "warn"
-- next     = "name your production in dora.toml: [definitions] production_accounts = [\"…\"]"
-- One row is one account and location that was deployed to.
SELECT r.application, r.account, r.location, r.environment, count(*) AS rollouts
FROM landing.rollout AS r
LEFT JOIN deployments AS d ON r.application = d.application
WHERE d.application IS NULL AND r.action = 'deploy' AND r.status <> 'skipped'
GROUP BY r.application, r.account, r.location, r.environment
