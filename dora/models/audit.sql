-- One row is one change of production, or an attempt at it: who triggered it, who wrote what it shipped, who was asked
-- and said what, and what came of it. People are the same where the name before the @ is, letters and digits only.
WITH
persons AS (
  SELECT name, regexp_replace(lower(split_part(name, '@', 1)), '[^\p{L}\p{N}]', '', 'g') AS person
  FROM (
    SELECT author AS name FROM changes WHERE author IS NOT NULL
    UNION
    SELECT decided_by FROM approvals WHERE decided_by IS NOT NULL
    UNION
    SELECT triggered_by FROM deployments WHERE triggered_by IS NOT NULL
  ) AS named
),
batches AS (
  SELECT shipped_by AS deployment_id, min(author) AS first_author, max(author) AS last_author, count(*) AS changes
  FROM changes
  WHERE shipped_by IS NOT NULL AND NOT baseline
  GROUP BY shipped_by
),
crowds AS (
  SELECT DISTINCT c.shipped_by AS deployment_id, c.author
  FROM changes AS c
  INNER JOIN batches AS b ON c.shipped_by = b.deployment_id
  WHERE NOT c.baseline AND b.first_author <> b.last_author AND c.author IS NOT NULL
),
several AS (
  SELECT deployment_id, string_agg(author, ', ' ORDER BY author) AS authors FROM crowds GROUP BY deployment_id
),
questions AS (
  SELECT
    deployment_id,
    count(*) AS questions,
    string_agg(asked, ' · ' ORDER BY started_at, approval_id) AS asked,
    string_agg(answer, ' · ' ORDER BY started_at, approval_id) AS answers,
    string_agg(roles, ' · ' ORDER BY started_at, approval_id) AS roles,
    string_agg(refused, ', ' ORDER BY started_at, approval_id) AS refused,
    string_agg(CASE WHEN decision = 'stop' THEN decided_by END, ', ' ORDER BY started_at, approval_id) AS stopped_by,
    max(CASE WHEN decision = 'continue' THEN decided_at END) AS approved_at,
    sum(waited_minutes) AS waited_minutes,
    sum(CASE WHEN outcome = 'skipped' THEN 1 ELSE 0 END) AS skipped,
    sum(CASE WHEN outcome = 'timed_out' THEN 1 ELSE 0 END) AS timed_out,
    sum(CASE WHEN outcome = 'passed_by_timeout' THEN 1 ELSE 0 END) AS passed_by_timeout
  FROM approvals
  WHERE deployment_id IS NOT NULL
  GROUP BY deployment_id
),
deciders AS (
  SELECT DISTINCT a.deployment_id, a.decided_by, n.person
  FROM approvals AS a
  INNER JOIN persons AS n ON a.decided_by = n.name
  WHERE a.decision = 'continue' AND a.deployment_id IS NOT NULL
),
wrote AS (
  SELECT DISTINCT c.shipped_by AS deployment_id, n.person
  FROM changes AS c
  INNER JOIN deciders AS w ON c.shipped_by = w.deployment_id
  INNER JOIN persons AS n ON c.author = n.name
  WHERE NOT c.baseline AND n.person <> ''
),
judged AS (
  SELECT
    c.deployment_id,
    string_agg(c.decided_by, ', ' ORDER BY c.decided_by) AS approved_by,
    bool_or(wrote.person IS NOT NULL) AS by_author,
    bool_or(wrote.person IS NULL) AS by_another,
    bool_or(c.person = n.person) AS by_trigger
  FROM deciders AS c
  INNER JOIN deployments AS d ON c.deployment_id = d.deployment_id
  LEFT JOIN persons AS n ON d.triggered_by = n.name
  LEFT JOIN wrote ON c.deployment_id = wrote.deployment_id AND c.person = wrote.person
  GROUP BY c.deployment_id
),
followed AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY source, application, pipeline ORDER BY updated_at DESC, pipeline_id) AS turn
  FROM templates
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
  END AS by_hand,
  p.commit,
  p.version,
  coalesce(b.changes, 0) AS changes,
  coalesce(s.authors, b.first_author) AS authors,
  coalesce(q.questions, 0) AS questions,
  q.asked,
  q.answers,
  q.roles,
  j.approved_by,
  q.approved_at,
  q.waited_minutes,
  q.refused,
  q.stopped_by,
  coalesce(q.skipped, 0) AS skipped,
  coalesce(q.timed_out, 0) AS timed_out,
  coalesce(q.passed_by_timeout, 0) AS passed_by_timeout,
  nullif(
    concat_ws(
      '; ',
      CASE WHEN j.by_author AND NOT j.by_another THEN 'an author alone approved it' END,
      CASE WHEN j.by_author AND j.by_another THEN 'an author approved it, and somebody else' END,
      CASE WHEN j.by_trigger THEN 'who triggered it approved it' END
    ),
    ''
  ) AS four_eyes,
  l.verdict,
  l.score,
  r.evidence,
  r.recovered_at,
  coalesce(p.restored_id, p.previous_id) AS before_id,
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
LEFT JOIN batches AS b ON p.deployment_id = b.deployment_id
LEFT JOIN several AS s ON p.deployment_id = s.deployment_id
LEFT JOIN questions AS q ON p.deployment_id = q.deployment_id
LEFT JOIN judged AS j ON p.deployment_id = j.deployment_id
LEFT JOIN latest AS l ON p.deployment_id = l.deployment_id AND l.turn = 1
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
