-- One row is one result and one outcome of canaries, with their number.
SELECT verdict, outcome, count(*) AS canaries FROM ($canaries) GROUP BY verdict, outcome ORDER BY verdict, outcome
