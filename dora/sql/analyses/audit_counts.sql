-- One row: the production changes of the scope, how many took traffic, and how many users started some by hand.
SELECT
  count(*) AS changes,
  count(changed_at) AS took_traffic,
  count(DISTINCT triggered_by) FILTER (started_manually) AS manual_users
FROM $audit_trail
