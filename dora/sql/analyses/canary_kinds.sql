-- One row is one kind of canaries, with their number: one verdict, what happened next, the outcome of the deployment,
-- the lowest score of its class (those of calibration; below 50 it is 0), and what qualifies the verdict.
SELECT
  verdict,
  action_taken,
  deployment_failed,
  outcome_unknown_reason,
  unread_judgment,
  could_pass,
  CASE
    WHEN score >= 95 THEN 95
    WHEN score >= 90 THEN 90
    WHEN score >= 75 THEN 75
    WHEN score >= 50 THEN 50
    WHEN score IS NOT NULL THEN 0
  END AS score_from,
  count(*) AS canaries
FROM $canary_outcomes
GROUP BY ALL
ORDER BY ALL
