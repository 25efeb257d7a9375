-- One row is one configuration of canaries with its latest name: it is named by its id in one pipeline, by its name in
-- another, and may be renamed.
SELECT source, config_id, arg_max(config, coalesce(finished_at, started_at)) AS name
FROM landing.canary_judgment
WHERE config_id IS NOT NULL
GROUP BY source, config_id
