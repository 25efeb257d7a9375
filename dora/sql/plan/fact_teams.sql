-- One row is one application of a part with its team.
SELECT parts_of_applications.part, teams.*
FROM teams
INNER JOIN parts_of_applications ON teams.application = parts_of_applications.application
