-- One row is one deployment of those asked for.
SELECT deployment_id FROM asked
