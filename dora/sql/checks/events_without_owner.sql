-- title    = "Events of a team or an application that does not exist"
-- severity = "warn"
-- next     = "correct the name in the file of events"
-- One row is one event and such a name.
SELECT events.event_id, events.title, events.owner, events.name
FROM events
WHERE
  (events.owner = 'application' AND events.name NOT IN (SELECT application FROM memberships))
  OR (
    events.owner = 'team'
    AND NOT EXISTS (
      SELECT 1 FROM memberships WHERE starts_with(lower(memberships.team) || '/', lower(events.name) || '/')
    )
  )
