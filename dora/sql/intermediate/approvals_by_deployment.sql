-- One row is one deployment with approval prompts: their instructions, answers and total wait.
SELECT
  deployment_id,
  count(*) AS prompt_count,
  string_agg(prompt, ' · ' ORDER BY started_at, approval_id) AS prompts,
  string_agg(answer, ' · ' ORDER BY started_at, approval_id) AS answers,
  string_agg(roles, ' · ' ORDER BY started_at, approval_id) AS roles,
  string_agg(unauthorized_user, ', ' ORDER BY started_at, approval_id) AS unauthorized_users,
  string_agg(CASE WHEN decision = 'stop' THEN decided_by END, ', ' ORDER BY started_at, approval_id) AS stopped_by,
  max(CASE WHEN decision = 'continue' THEN decided_at END) AS approved_at,
  sum(waited_minutes) AS waited_minutes,
  sum(CASE WHEN outcome = 'skipped' THEN 1 ELSE 0 END) AS prompts_skipped,
  sum(CASE WHEN outcome = 'timed_out' THEN 1 ELSE 0 END) AS prompts_timed_out,
  sum(CASE WHEN outcome = 'passed_by_timeout' THEN 1 ELSE 0 END) AS prompts_passed_by_timeout
FROM approvals
WHERE deployment_id IS NOT NULL
GROUP BY deployment_id
