-- label = "Self-merged"
-- title = "shipped a change that its author merged without an approval of another user"
-- among = "changes with a known merger"
-- One row is one change of which the host of the code says who merged it; found if an author merged without an approval.
SELECT deployment_id, self_merged > 0 AS found
FROM audit_trail_in_scope
WHERE self_merged IS NOT NULL
