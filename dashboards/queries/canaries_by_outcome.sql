-- One row is one canary of the scope, with the page's word for the outcome of its deployment.
SELECT
  * REPLACE (
    CASE
      WHEN action_taken = 'stopped' THEN 'stopped'
      WHEN outcome_unknown_reason IS NOT NULL THEN 'unknown'
      WHEN deployment_failed THEN 'failed later'
      ELSE 'healthy'
    END AS outcome
  )
FROM $canary_outcomes
