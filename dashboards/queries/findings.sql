-- One row is one check with what it found, the gravest first.
SELECT name, title, severity, found, examples, next
FROM findings
ORDER BY found = 0, severity, name
