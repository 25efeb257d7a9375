-- title    = "Counted observations with an impossible value: negative, infinite, not a number, or a share other than 0 and 1"
-- severity = "stop"
-- next     = "report this: the models are wrong"
-- One row is one observation.
SELECT metric, application, subject, value, unit
FROM observations
WHERE
  excluded IS NULL
  AND NOT coalesce(value >= 0 AND isfinite(value) AND (unit <> 'share' OR value IN (0, 1)), FALSE)
