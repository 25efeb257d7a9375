-- One row is one change of the audit trail that has a text in its names, people, commits or requests, or in those of a
-- change that it shipped.
SELECT deployment_id
FROM audit_trail_in_scope
WHERE
  contains(
    lower(concat_ws(
      ' ', deployment_id, application, team, kind, outcome, pipeline, template, triggered_by, restarted_by, commit,
      version, authors, merged_by, reviewers, approved_by, stopped_by, skipped_by, verified_by,
      verification_stopped_by, unauthorized_users, why, prompts
    )),
    $search
  )
  OR deployment_id IN (
    SELECT shipped_by
    FROM changes
    WHERE NOT baseline AND contains(lower(concat_ws(' ', sha, subject, author, '#' || change_request)), $search)
  )
