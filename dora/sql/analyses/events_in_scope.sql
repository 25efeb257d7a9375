-- One row is one event that concerns a scope and overlaps its window, the latest first. It concerns the scope if it is of
-- the whole organisation, or of an application or team of which the scope had a part at that time.
WITH
owners AS (
  SELECT
    events.*,
    events.owner = 'organisation'
    -- A selection of everything has the events of unknown names too.
    OR ($any_team AND len($applications::VARCHAR[]) = (SELECT count(DISTINCT application) FROM memberships))
    OR EXISTS (
      SELECT 1
      FROM memberships
      WHERE
        list_contains($applications::VARCHAR[], memberships.application)
        AND ($any_team OR list_contains($teams::VARCHAR[], memberships.team))
        AND CASE events.owner
          WHEN 'application' THEN memberships.application = events.name
          ELSE starts_with(lower(memberships.team) || '/', lower(events.name) || '/')
        END
        AND memberships.since <= greatest(events.happened_at, events.until)
        AND memberships.until > events.happened_at
    ) AS is_in_scope
  FROM events
)
SELECT
  event_id,
  source,
  kind,
  title,
  happened_at,
  until,
  coalesce(list(name ORDER BY name) FILTER (owner = 'application'), []) AS applications,
  coalesce(list(name ORDER BY name) FILTER (owner = 'team'), []) AS teams,
  url
FROM owners
WHERE
  coalesce(happened_at < $until, $until IS NULL)
  AND coalesce(greatest(happened_at, until - INTERVAL 1 MICROSECOND) >= $since, $since IS NULL)
GROUP BY ALL
HAVING bool_or(is_in_scope)
ORDER BY happened_at DESC, event_id, source
