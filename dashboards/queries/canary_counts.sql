-- One row is one outcome with the number of canaries of a class that a text finds.
SELECT outcome, count(*) AS n FROM ($canaries) WHERE $part AND $matches GROUP BY outcome ORDER BY min(happened_at) DESC
