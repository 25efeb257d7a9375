-- One row is one change of production, or an attempt at it: who triggered it, who wrote what it shipped, who was asked
-- and said what, and what came of it.
WITH
followed AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY source, application, pipeline ORDER BY updated_at DESC, pipeline_id) AS turn
  FROM pipeline_templates
  WHERE template_kind IN ('v1', 'v2')
),
latest AS (
  SELECT
    deployment_id,
    verdict,
    score,
    row_number() OVER (PARTITION BY deployment_id ORDER BY happened_at DESC, canary_id DESC) AS turn
  FROM canary_outcomes
  WHERE deployment_id IS NOT NULL
)
SELECT
  p.deployment_id,
  p.source,
  p.application,
  m.team,
  coalesce(p.traffic_at, p.finished_at, p.queued_at) AS happened_at,
  p.first_traffic_at AS changed_at,
  d.working_hours,
  p.kind,
  p.outcome,
  p.pipeline,
  coalesce(t.template, o.template) AS template,
  CASE WHEN t.template IS NULL THEN o.template_version ELSE t.template_version END AS template_version,
  CASE WHEN t.template IS NULL THEN o.versions_behind ELSE t.versions_behind END AS versions_behind,
  p.trigger,
  p.triggered_by,
  CASE
    WHEN p.trigger = 'manual' OR (e.pipeline_id IS NULL AND p.trigger IS NOT NULL) THEN TRUE
    WHEN p.trigger IS NOT NULL THEN FALSE
  END AS started_manually,
  p.commit,
  p.version,
  coalesce(w.changes, 0) AS changes,
  w.authors,
  coalesce(q.prompt_count, 0) AS prompt_count,
  q.prompts,
  q.answers,
  q.roles,
  j.approved_by,
  q.approved_at,
  q.waited_minutes,
  q.unauthorized_users,
  q.stopped_by,
  coalesce(q.prompts_skipped, 0) AS prompts_skipped,
  coalesce(q.prompts_timed_out, 0) AS prompts_timed_out,
  coalesce(q.prompts_passed_by_timeout, 0) AS prompts_passed_by_timeout,
  nullif(
    concat_ws(
      '; ',
      CASE WHEN j.by_author AND NOT j.by_another THEN 'approved by an author alone' END,
      CASE WHEN j.by_author AND j.by_another THEN 'approved by an author and another person' END,
      CASE WHEN j.by_trigger THEN 'approved by the person who triggered it' END
    ),
    ''
  ) AS self_approval,
  l.verdict,
  l.score,
  r.evidence,
  r.recovered_at,
  coalesce(p.restored_id, p.previous_id) AS restored_or_previous_id,
  p.reason,
  p.url
FROM deployments AS p
INNER JOIN definitions AS d ON p.application = d.application
LEFT JOIN memberships AS m
  ON
    p.application = m.application
    AND coalesce(p.traffic_at, p.finished_at, p.queued_at, m.since) >= m.since
    AND coalesce(coalesce(p.traffic_at, p.finished_at, p.queued_at) < m.until, m.until = 'infinity')
LEFT JOIN landing.execution AS e ON p.source = e.source AND p.root_id = e.id
LEFT JOIN followed AS t ON e.source = t.source AND e.pipeline_id = t.pipeline_id
LEFT JOIN followed AS o
  ON
    p.source = o.source
    AND p.application = o.application
    AND p.pipeline = o.pipeline
    AND o.turn = 1
    AND e.pipeline_id IS NOT NULL
LEFT JOIN authors_by_deployment AS w ON p.deployment_id = w.deployment_id
LEFT JOIN approvals_by_deployment AS q ON p.deployment_id = q.deployment_id
LEFT JOIN approval_separation_of_duties AS j ON p.deployment_id = j.deployment_id
LEFT JOIN latest AS l ON p.deployment_id = l.deployment_id AND l.turn = 1
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
