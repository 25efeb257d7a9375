-- A host may be written with its namespace and domain: shop.prod.svc.cluster.local.
SELECT route.source, lower(route.account), lower(route.location), min(route.id) OVER stage, route.execution_id,
  execution.root_id, epoch_us(route.applied_at), lower(regexp_extract(route.host, '^[^.]*')), lower(route.subset),
  route.labels, route.weight, route.kind = 'function'
FROM landing.traffic_route route
JOIN landing.execution ON route.source = execution.source AND route.execution_id = execution.id
  AND route.revision = execution.revision
WHERE NOT execution.dry_run OR route.applied_at IS NOT NULL
WINDOW stage AS (PARTITION BY route.source, route.execution_id, route.account, route.location, route.kind, route.name,
  route.started_at)
ORDER BY ALL
