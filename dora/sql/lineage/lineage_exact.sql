-- Nearly every commit is given in full and is in its own repository, where it cannot be another one.
SELECT parts.repository, parts.commit, min(node.rowid) AS node
FROM (SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit FROM content_parts) parts
JOIN lineage_node node ON node.sha = parts.commit AND lower(node.repository) = parts.repository
WHERE regexp_full_match(parts.commit, '[0-9a-f]{40}')
GROUP BY ALL
