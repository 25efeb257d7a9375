-- One row is one application, with the end of its data: of the latest source of its executions, else of the build.
--
-- unique_key = ["application"]
-- example = "SELECT application, as_of FROM data_ends ORDER BY as_of LIMIT 10"
WITH
ends_of_sources AS (
  SELECT source, max(as_of) AS as_of FROM landing.load WHERE finished_at IS NOT NULL GROUP BY source
),
sources_of_applications AS (
  SELECT application, source FROM landing.execution
  UNION
  SELECT application, source FROM landing.rollout
)
SELECT definitions.application, coalesce(max(ends_of_sources.as_of), any_value(build.as_of)) AS as_of
FROM definitions
CROSS JOIN build
LEFT JOIN sources_of_applications ON definitions.application = sources_of_applications.application
LEFT JOIN ends_of_sources ON sources_of_applications.source = ends_of_sources.source
GROUP BY definitions.application
