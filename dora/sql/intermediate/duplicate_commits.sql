-- One row is one commit or change that several sources landed, with the source that counts.
SELECT 'commit' AS kind, repository, sha, min(source) AS source
FROM landing.commit
GROUP BY repository, sha
HAVING count(*) > 1
UNION ALL
SELECT 'change' AS kind, repository, sha, min(source) AS source
FROM landing.change
WHERE on_trunk
GROUP BY repository, sha
HAVING count(*) > 1
