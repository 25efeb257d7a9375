-- One row is one observation of a scope that counts and has a value: the number of its group, its local day (days since
-- 1970-01-01, 0 without periods), the value, whether it is still open, and the age at which its observation began.
-- With a bound, what a deployment of unknown content may have shipped counts too, by its earliest value or by its own.
-- Groups are numbered because ten million names take seconds to become numpy objects.
SELECT
  memberships.group_number,
  (CASE WHEN $every::VARCHAR IS NULL THEN 0 ELSE ($local_time)::DATE - DATE '1970-01-01' END)::INTEGER AS day,
  CASE WHEN $bound::VARCHAR = 'earliest' THEN coalesce(observations.earliest, observations.value) ELSE observations.value END
    AS value,
  observations.censored AND NOT coalesce($bound::VARCHAR = 'earliest' AND observations.earliest IS NOT NULL, FALSE) AS censored,
  CASE WHEN $bound::VARCHAR IS NULL OR observations.earliest IS NULL THEN observations.entry END AS entry
FROM metrics."$metric" AS observations
INNER JOIN (
  SELECT *, list_position($groups::VARCHAR[], $group) - 1 AS group_number FROM memberships
) AS memberships
  ON
    observations.application = memberships.application
    AND coalesce(observations.happened_at, memberships.since) >= memberships.since
    AND coalesce(observations.happened_at < memberships.until, memberships.until = 'infinity')
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND ($assistance::VARCHAR IS NULL OR observations.assistance = $assistance)
  AND (
    observations.excluded IS NULL
    OR ($bound::VARCHAR IS NOT NULL AND observations.excluded = 'unknown deployment in between')
  )
  AND observations.value IS NOT NULL
  AND (
    (observations.happened_at >= $since AND observations.happened_at < $until)
    OR ($undated AND $every::VARCHAR IS NULL AND observations.happened_at IS NULL)
  )
