-- title    = "Services of incidents without an application, so that their incidents do not count"
-- severity = "warn"
-- next     = "name each service in services or ignore of its source in dora.toml, and ingest it again"
-- One row is one service.
SELECT source, application AS service, exclusion AS problem, count(*) AS incidents, max(opened_at) AS last_opened_at
FROM landing.incident
WHERE exclusion IN ('no application', 'ambiguous service')
GROUP BY source, application, exclusion
