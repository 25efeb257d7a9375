-- title    = "Counted observations with a value that can not be: negative, infinite, no number, or a share above 1"
-- severity = "stop"
-- next     = "report this: the models are wrong"
-- One row is one observation.
SELECT metric, application, subject, value, unit
FROM observations
WHERE
  excluded IS NULL
  AND NOT coalesce(value >= 0 AND isfinite(value) AND (unit <> 'share' OR value IN (0, 1)), FALSE)
