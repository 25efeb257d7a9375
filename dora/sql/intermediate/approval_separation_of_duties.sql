-- One row is one approved deployment: its approvers, and whether an author or the person who triggered it is one of
-- them. Names are of one person if the part before the @ is equal, letters and digits only.
WITH
names AS (
  SELECT author AS name FROM changes WHERE author IS NOT NULL
  UNION
  SELECT decided_by FROM approvals WHERE decided_by IS NOT NULL
  UNION
  SELECT triggered_by FROM deployments WHERE triggered_by IS NOT NULL
),
persons AS (
  SELECT name, regexp_replace(lower(split_part(name, '@', 1)), '[^\p{L}\p{N}]', '', 'g') AS person FROM names
),
approvers AS (
  SELECT DISTINCT approvals.deployment_id, approvals.decided_by, persons.person
  FROM approvals
  INNER JOIN persons ON approvals.decided_by = persons.name
  WHERE approvals.decision = 'continue' AND approvals.role = 'approval'
),
authors AS (
  SELECT DISTINCT changes.shipped_by AS deployment_id, persons.person
  FROM changes
  INNER JOIN approvers ON changes.shipped_by = approvers.deployment_id
  INNER JOIN persons ON changes.author = persons.name
  WHERE NOT changes.baseline AND persons.person <> ''
),
approvals_by_role AS (
  SELECT
    approvers.deployment_id,
    string_agg(approvers.decided_by, ', ' ORDER BY approvers.decided_by) AS approved_by,
    bool_or(authors.person IS NOT NULL) AS by_author,
    bool_or(authors.person IS NULL) AS by_another,
    bool_or(approvers.person = trigger_users.person) AS by_trigger
  FROM approvers
  INNER JOIN deployments ON approvers.deployment_id = deployments.deployment_id
  LEFT JOIN persons AS trigger_users ON deployments.triggered_by = trigger_users.name
  LEFT JOIN authors ON approvers.deployment_id = authors.deployment_id AND approvers.person = authors.person
  GROUP BY approvers.deployment_id
)
SELECT
  deployment_id,
  approved_by,
  CASE WHEN by_author AND by_another THEN 'shared' WHEN by_author THEN 'alone' END AS author_approval,
  coalesce(by_trigger, FALSE) AS approved_by_trigger_user
FROM approvals_by_role
