-- title    = "Counted observations with a value that can not be: negative, infinite, or no number"
-- severity = "stop"
-- next     = "report this: the models are wrong"
-- One row is one observation.
SELECT 'lead_time' AS metric, subject, value FROM metrics.lead_time WHERE excluded IS NULL AND NOT coalesce(value >= 0 AND isfinite(value), FALSE)
UNION ALL
SELECT 'recovery_time', subject, value FROM metrics.recovery_time WHERE excluded IS NULL AND NOT coalesce(value >= 0 AND isfinite(value), FALSE)
