-- One row says how many succeeded deployments are promotions, and how many of these would join the first deployment of
-- their content (`promotions = "joined"`): both counts stand beside deployment frequency, whichever is chosen (D6).
SELECT count(*) AS promotions, count(deployments.joins_id) AS joining
FROM $audit_trail AS audit_trail
INNER JOIN deployments ON audit_trail.deployment_id = deployments.deployment_id
WHERE deployments.kind = 'promotion' AND deployments.succeeded
