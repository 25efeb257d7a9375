-- One row is one approval that its source reports by events and one part with an execution that it may concern.
WITH concerned AS (
  SELECT execution_parts.part, approvals_of_events.source, approvals_of_events.approval_id
  FROM approvals_of_events
  INNER JOIN landing.execution
    ON approvals_of_events.source = execution.source
    AND (
      approvals_of_events.chain = execution.chain
      OR approvals_of_events.deployment = coalesce(execution.external_id, execution.id)
    )
  INNER JOIN execution_parts ON execution.source = execution_parts.source AND execution.id = execution_parts.id
  GROUP BY ALL
)
SELECT concerned.part, approvals_of_events.*
FROM approvals_of_events
INNER JOIN concerned
  ON approvals_of_events.source = concerned.source AND approvals_of_events.approval_id = concerned.approval_id
