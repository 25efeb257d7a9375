-- One row is one deployment that evidence can blame: of the definition `failure_kinds`, that took traffic. Of these only
-- the succeeded and failed ones count as failures (E0). blamed_id: what joins an earlier deployment (D6) counts against
-- that one.
SELECT
  deployments.*,
  CASE WHEN definitions.promotions = 'joined' THEN coalesce(joins_id, deployment_id) ELSE deployment_id END AS blamed_id
FROM deployments
INNER JOIN definitions ON deployments.application = definitions.application
WHERE deployments.first_traffic_at IS NOT NULL AND list_contains(definitions.failure_kinds, deployments.kind)
