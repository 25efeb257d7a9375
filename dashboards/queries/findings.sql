-- One row is one check with what it found, the gravest first.
SELECT name, title, severity, rows AS found, examples, next
FROM check_results
ORDER BY rows = 0, severity, name
