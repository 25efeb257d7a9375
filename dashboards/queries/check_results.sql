-- One row is one check with the rows that it found, the most severe first.
SELECT name, title, severity, rows, examples, next
FROM check_results
ORDER BY rows = 0, severity, name
