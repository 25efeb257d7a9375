-- One row is one event and one application or team that it concerns; of the whole organisation it has one row.
--
-- unique_key = ["source", "event_id", "owner", "name"]
-- time = "happened_at"
-- example = "SELECT happened_at, kind, title, owner, name FROM events ORDER BY happened_at DESC"
-- event_id = "Id of the event."
-- kind = "freeze, migration, reorganisation, template or other."
-- title = "Title of the event."
-- happened_at = "When it happened, or began."
-- until = "When it ended; null if it is a moment, or has no end."
-- owner = "Whom it concerns: organisation, team or application."
-- name = "Name of that team or application; null for the organisation."
WITH
owners AS (
  SELECT source, id, 'application' AS owner, unnest(applications) AS name
  FROM landing.event
  UNION ALL
  SELECT source, id, 'team', unnest(teams)
  FROM landing.event
  UNION ALL
  SELECT source, id, 'organisation', NULL
  FROM landing.event
  WHERE applications IS NULL AND teams IS NULL
)
SELECT
  event.id AS event_id,
  event.source,
  event.kind,
  event.title,
  event.began_at AS happened_at,
  event.ended_at AS until,
  owners.owner,
  owners.name,
  event.url
FROM landing.event
INNER JOIN owners ON event.source = owners.source AND event.id = owners.id
