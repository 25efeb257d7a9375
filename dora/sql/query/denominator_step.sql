-- One row is a number of observations by whether an earlier denominator and the next one count them, and why the next one
-- does not (null: it has no observation of them in the window).
WITH
origin AS (
  SELECT application, subject FROM $origin WHERE excluded IS NULL
),
target AS (
  SELECT application, subject, excluded FROM $target
)
SELECT
  origin.subject IS NOT NULL AS was_counted,
  target.subject IS NOT NULL AND target.excluded IS NULL AS is_counted,
  target.excluded AS reason,
  count(*) AS n
FROM origin
FULL JOIN target ON origin.application = target.application AND origin.subject = target.subject
GROUP BY ALL
ORDER BY n DESC, reason
