-- title    = "Incidents and verdicts whose link leads to no deployment that can fail"
-- severity = "warn"
-- next     = "correct the deployment or the commit that they name; `problem` says what it leads to"
-- One row is one incident or verdict.
SELECT 'incident' AS record, incident_id AS id, application, link_problem AS problem, opened_at AS happened_at
FROM incidents
WHERE link_problem IS NOT NULL
UNION ALL
SELECT 'verdict', verdict_id, application, link_problem, decided_at
FROM verdicts
WHERE link_problem IS NOT NULL
