-- One row is one repository whose changes belong to several applications.
SELECT repository
FROM changes
GROUP BY repository
HAVING count(DISTINCT application) > 1
