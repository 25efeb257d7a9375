-- One row is one interval of a canary analysis that ran. A restart of a stage starts another analysis, with other
-- intervals: the one that it replaced has an id of its own, and counts if it had come to its end.
WITH
canaries_of_stages AS (
  SELECT canary.source, canary.id, canary.revision
  FROM landing.canary
  LEFT JOIN landing.execution
    ON canary.source = execution.source
    AND canary.execution_id = execution.id
    AND canary.revision = execution.revision
  WHERE execution.id IS NOT NULL OR canary.analysis = 'standalone'
),
intervals AS (
  SELECT
    canary_interval.*,
    canary_interval.revision <> canaries_of_stages.revision AS replaced,
    count(*) FILTER (canary_interval.status = 'not_started') OVER analysis AS planned,
    count(*) FILTER (canary_interval.status IN ('running', 'unknown')) OVER analysis AS running,
    min(canary_interval.started_at) OVER analysis AS analysis_started_at,
    max(canary_interval.finished_at) OVER analysis AS analysis_finished_at,
    count(canary_interval.score) OVER analysis AS scores
  FROM landing.canary_interval
  INNER JOIN canaries_of_stages
    ON canary_interval.source = canaries_of_stages.source
    AND canary_interval.canary_id = canaries_of_stages.id
  WINDOW analysis AS (
    PARTITION BY canary_interval.source, canary_interval.canary_id, canary_interval.revision
  )
),
ranked_intervals AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY source, canary_id, revision
      ORDER BY started_at IS NULL, started_at DESC, id DESC
    ) AS latest
  FROM intervals
  WHERE status NOT IN ('not_started', 'skipped')
),
ended_analyses AS (
  SELECT
    *,
    NOT replaced
    OR (running = 0 AND (planned = 0 OR max(CASE WHEN latest = 1 THEN status END) OVER analysis <> 'succeeded'))
    AS counts
  FROM ranked_intervals
  WINDOW analysis AS (PARTITION BY source, canary_id, revision)
)
SELECT
  source,
  id AS interval_id,
  canary_id AS stage_id,
  CASE WHEN replaced THEN canary_id || '@' || (epoch_us(analysis_started_at) // 1000) ELSE canary_id END AS canary_id,
  replaced,
  latest,
  judgment_id,
  score,
  status,
  started_at,
  finished_at,
  reason,
  analysis_started_at,
  analysis_finished_at,
  scores
FROM ended_analyses
WHERE counts
