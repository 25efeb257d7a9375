-- One row is one deployment that somebody approved: who, and whether they wrote or triggered what they approved. People
-- are the same where the name before the @ is, letters and digits only.
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
)
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
