-- title    = "Goals of a team or an application that does not exist"
-- severity = "warn"
-- next     = "correct the name in dora.toml: [goals.teams.NAME], [goals.applications.NAME]"
-- One row is one such goal.
SELECT goals.owner, goals.name, goals.metric
FROM goals
WHERE
  (goals.owner = 'application' AND goals.name NOT IN (SELECT application FROM memberships))
  OR (
    goals.owner = 'team'
    AND NOT EXISTS (
      SELECT 1 FROM memberships WHERE memberships.team = goals.name OR starts_with(memberships.team, goals.name || '/')
    )
  )
