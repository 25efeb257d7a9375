-- One row is one row of a list in a scope. A window without bounds includes rows without a time.
SELECT listed.*
FROM $list AS listed
INNER JOIN memberships
  ON
    listed.application = memberships.application
    AND coalesce($time, memberships.since) >= memberships.since
    AND coalesce($time < memberships.until, memberships.until = 'infinity')
WHERE
  ($any_application OR list_contains($applications::VARCHAR[], memberships.application))
  AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
  AND coalesce($time >= $since, $since IS NULL)
  AND coalesce($time < $until, $until IS NULL)
