-- One row is one team that an application belongs to or belonged to, with its group in an answer, in the order of groups.
SELECT DISTINCT application, team, $group AS grp
FROM memberships
ORDER BY grp NULLS LAST, application, team
