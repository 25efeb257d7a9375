-- One row is one deployment with approval prompts: their instructions, answers and people, and how long it waited for
-- any of them: prompts that were open at the same time count once. Verifications are apart.
WITH
waits AS (
  SELECT
    deployment_id,
    started_at,
    coalesce(decided_at, finished_at) AS ended_at,
    max(coalesce(decided_at, finished_at)) OVER (
      PARTITION BY deployment_id
      ORDER BY started_at, approval_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier_ended_at
  FROM approvals
  WHERE role = 'approval' AND waited_minutes >= 0
),
total_waits AS (
  SELECT
    deployment_id,
    sum(greatest(epoch(ended_at - greatest(started_at, coalesce(earlier_ended_at, started_at))), 0)) / 60
      AS waited_minutes
  FROM waits
  GROUP BY deployment_id
),
verifications AS (
  SELECT
    deployment_id,
    string_agg(CASE WHEN decision = 'continue' THEN decided_by END, ', ' ORDER BY started_at, approval_id)
      AS verified_by,
    string_agg(CASE WHEN decision = 'stop' THEN decided_by END, ', ' ORDER BY started_at, approval_id)
      AS verification_stopped_by,
    count(*) FILTER (decision = 'stop') AS stopped_verifications
  FROM approvals
  WHERE role = 'verification'
  GROUP BY deployment_id
),
prompts AS (
  SELECT
    deployment_id,
    count(*) AS prompt_count,
    string_agg(prompt, ' · ' ORDER BY started_at, approval_id) AS prompts,
    string_agg(answer, ' · ' ORDER BY started_at, approval_id) AS answers,
    string_agg(roles, ' · ' ORDER BY started_at, approval_id) AS roles,
    string_agg(unauthorized_user, ', ' ORDER BY started_at, approval_id) AS unauthorized_users,
    string_agg(skipped_by, ', ' ORDER BY finished_at, approval_id) AS skipped_by,
    string_agg(CASE WHEN decision = 'stop' THEN decided_by END, ', ' ORDER BY started_at, approval_id) AS stopped_by,
    max(CASE WHEN decision = 'continue' THEN decided_at END) AS approved_at,
    count(*) FILTER (decision = 'stop') AS prompts_rejected,
    count(*) FILTER (outcome = 'skipped') AS prompts_skipped,
    count(*) FILTER (outcome = 'timed_out') AS prompts_timed_out,
    count(*) FILTER (outcome = 'passed_by_timeout') AS prompts_passed_by_timeout
  FROM approvals
  WHERE role = 'approval'
  GROUP BY deployment_id
)
SELECT
  coalesce(prompts.deployment_id, verifications.deployment_id) AS deployment_id,
  prompts.* EXCLUDE (deployment_id),
  total_waits.waited_minutes,
  verifications.verified_by,
  verifications.verification_stopped_by,
  coalesce(verifications.stopped_verifications, 0) AS stopped_verifications
FROM prompts
FULL JOIN verifications ON prompts.deployment_id = verifications.deployment_id
LEFT JOIN total_waits ON prompts.deployment_id = total_waits.deployment_id
