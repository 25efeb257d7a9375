-- One row is one change of production, or an attempt at it: who triggered it, who wrote what it shipped, who was asked
-- and said what, and what came of it. People are the same where the name before the @ is, letters and digits only.
WITH
shipped AS (
  SELECT
    shipped_by AS deployment_id,
    author,
    regexp_replace(lower(split_part(author, '@', 1)), '[^\p{L}\p{N}]', '', 'g') AS person
  FROM changes
  WHERE shipped_by IS NOT NULL AND NOT baseline
),
told AS (
  SELECT DISTINCT deployment_id, author FROM shipped WHERE author IS NOT NULL
),
authors AS (
  SELECT deployment_id, string_agg(author, ', ' ORDER BY author) AS authors FROM told GROUP BY deployment_id
),
counts AS (
  SELECT deployment_id, count(*) AS changes FROM shipped GROUP BY deployment_id
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
  SELECT DISTINCT
    deployment_id,
    decided_by,
    regexp_replace(lower(split_part(decided_by, '@', 1)), '[^\p{L}\p{N}]', '', 'g') AS person
  FROM approvals
  WHERE decision = 'continue' AND decided_by IS NOT NULL AND deployment_id IS NOT NULL
),
judged AS (
  SELECT
    c.deployment_id,
    string_agg(c.decided_by, ', ' ORDER BY c.decided_by) AS approved_by,
    bool_or(wrote.person IS NOT NULL) AS by_author,
    bool_or(wrote.person IS NULL) AS by_another,
    bool_or(c.person = regexp_replace(lower(split_part(d.triggered_by, '@', 1)), '[^\p{L}\p{N}]', '', 'g')) AS by_trigger
  FROM deciders AS c
  INNER JOIN deployments AS d ON c.deployment_id = d.deployment_id
  LEFT JOIN (SELECT DISTINCT deployment_id, person FROM shipped) AS wrote
    ON c.deployment_id = wrote.deployment_id AND c.person = wrote.person AND c.person <> ''
  GROUP BY c.deployment_id
),
followed AS (
  SELECT
    e.source,
    e.root_id,
    e.application,
    t.template,
    t.template_version,
    t.versions_behind,
    row_number() OVER (PARTITION BY e.source, e.root_id, e.application ORDER BY e.id <> e.root_id, e.id) AS turn
  FROM landing.execution AS e
  INNER JOIN templates AS t ON e.source = t.source AND e.pipeline_id = t.pipeline_id
  WHERE t.template_kind IN ('v1', 'v2')
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
  t.template,
  t.template_version,
  t.versions_behind,
  p.trigger,
  p.triggered_by,
  CASE
    WHEN p.trigger = 'manual' OR (e.pipeline_id IS NULL AND p.trigger IS NOT NULL) THEN TRUE
    WHEN p.trigger IS NOT NULL THEN FALSE
  END AS by_hand,
  p.commit,
  p.version,
  coalesce(n.changes, 0) AS changes,
  a.authors,
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
LEFT JOIN followed AS t ON p.source = t.source AND p.root_id = t.root_id AND p.application = t.application AND t.turn = 1
LEFT JOIN authors AS a ON p.deployment_id = a.deployment_id
LEFT JOIN counts AS n ON p.deployment_id = n.deployment_id
LEFT JOIN questions AS q ON p.deployment_id = q.deployment_id
LEFT JOIN judged AS j ON p.deployment_id = j.deployment_id
LEFT JOIN latest AS l ON p.deployment_id = l.deployment_id AND l.turn = 1
LEFT JOIN recoveries AS r ON p.deployment_id = r.deployment_id
