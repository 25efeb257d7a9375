-- One row is one execution that applied a route, with its application.
SELECT DISTINCT execution.source, execution.id, execution.application
FROM landing.traffic_route
INNER JOIN landing.execution
  ON traffic_route.source = execution.source AND traffic_route.execution_id = execution.id
