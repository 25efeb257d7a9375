-- One row is one approval that its source reports by events, as they add up. Approvals of two systems with one id have
-- ids with both.
SELECT
  source,
  CASE
    WHEN count(*) OVER (PARTITION BY source, approval) = 1 THEN approval
    ELSE concat_ws('/', system, approval)
  END AS approval_id,
  min(chain) AS chain,
  min(deployment) AS deployment,
  min(CASE WHEN event = 'opened' THEN happened_at END) AS started_at,
  max(CASE WHEN event = 'closed' THEN happened_at END) AS finished_at,
  coalesce(max_by(outcome, happened_at) FILTER (event = 'closed'), 'waiting') AS outcome,
  max_by(decision, happened_at) FILTER (event = 'closed') AS decision,
  max_by(decided_by, happened_at) FILTER (event = 'closed') AS decided_by,
  min(url) AS url
FROM landing.approval_event
GROUP BY source, approval, system
