-- label = "Outside business hours"
-- title = "were made outside business hours"
-- among = "production changes"
-- One row is one production change; found outside the working hours of its application.
SELECT deployment_id, outside_business_hours AS found
FROM audit_trail_in_scope
WHERE changed_at IS NOT NULL
