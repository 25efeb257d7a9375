-- One row is one approved deployment: its approvers, and whether an author or the person who triggered it is one of
-- them. Authors are those of all commits that it shipped first, with their co-authors; of a merge those of the commits
-- that it merged. Where it is unknown who a user is (A2), author_approval is unknown
-- and approved_by_trigger_user null.
WITH
approvers AS (
  SELECT DISTINCT
    approvals.deployment_id,
    approvals.decided_by,
    people.persons,
    people.possible,
    coalesce(people.is_known, FALSE) AS is_known
  FROM approvals
  LEFT JOIN people ON nfc_normalize(lower(approvals.decided_by)) = people.identity
  WHERE approvals.decision = 'continue' AND approvals.role = 'approval'
),
approved_commits AS (
  SELECT DISTINCT
    changes.shipped_by AS deployment_id,
    nfc_normalize(lower(concat_ws(' ', commit.author, '<' || commit.author_email || '>'))) AS author,
    commit.co_authors,
    len(commit.parents) > 1 AS is_merge,
    included_commits.sha = changes.sha AND changes.commits > 1 AS has_others
  FROM changes
  SEMI JOIN approvers ON changes.shipped_by = approvers.deployment_id
  INNER JOIN included_commits
    ON changes.repository = included_commits.repository AND changes.sha = included_commits.change_sha
  INNER JOIN landing.commit
    ON included_commits.repository = commit.repository AND included_commits.sha = commit.sha
  WHERE NOT changes.baseline
),
author_names AS (
  SELECT deployment_id, author FROM approved_commits WHERE NOT (is_merge AND has_others)
  UNION
  SELECT deployment_id, nfc_normalize(lower(unnest(co_authors))) FROM approved_commits
),
authors AS (
  SELECT
    author_names.deployment_id,
    flatten(list(people.persons)) AS persons,
    bool_or(people.identity IS NULL) AS some_unknown
  FROM author_names
  LEFT JOIN people ON author_names.author = people.identity
  GROUP BY author_names.deployment_id
),
compared_approvers AS (
  SELECT
    approvers.deployment_id,
    approvers.decided_by,
    CASE
      WHEN authors.deployment_id IS NULL AND deployments.attribution IS DISTINCT FROM 'commit' AND deployments.commit IS NULL
        THEN NULL
      WHEN authors.deployment_id IS NULL THEN FALSE
      WHEN approvers.decided_by IS NULL THEN NULL
      WHEN list_has_any(approvers.persons, authors.persons) THEN TRUE
      WHEN NOT approvers.is_known OR authors.some_unknown OR list_has_any(approvers.possible, authors.persons) THEN NULL
      ELSE FALSE
    END AS is_author,
    CASE
      WHEN deployments.triggered_by IS NULL THEN FALSE
      WHEN list_has_any(approvers.persons, trigger_users.persons) THEN TRUE
      WHEN approvers.decided_by IS NULL
        OR list_has_any(approvers.possible, trigger_users.persons)
        OR list_has_any(trigger_users.possible, approvers.persons) THEN NULL
      ELSE FALSE
    END AS is_trigger_user
  FROM approvers
  INNER JOIN deployments ON approvers.deployment_id = deployments.deployment_id
  LEFT JOIN authors ON approvers.deployment_id = authors.deployment_id
  LEFT JOIN people AS trigger_users ON nfc_normalize(lower(deployments.triggered_by)) = trigger_users.identity
)
SELECT
  deployment_id,
  string_agg(decided_by, ', ' ORDER BY decided_by) AS approved_by,
  CASE
    WHEN bool_and(is_author) AND count(is_author) = count(*) THEN 'alone'
    WHEN bool_or(is_author) AND count(is_author) = count(*) THEN 'shared'
    WHEN count(is_author) < count(*) THEN 'unknown'
  END AS author_approval,
  CASE
    WHEN bool_or(is_trigger_user) THEN TRUE
    WHEN count(is_trigger_user) = count(*) THEN FALSE
  END AS approved_by_trigger_user
FROM compared_approvers
GROUP BY deployment_id
