-- A part is a commit if that is known, else a version, else a commit that no repository has, else like no other (C6).
SELECT parts.source, parts.rollout_id, parts.application, parts.slot, parts.repository, parts.commit,
  coalesce(exact.node, CASE WHEN candidates = 1 THEN resolved.node END) AS node,
  CASE WHEN parts.commit IS NULL THEN CASE parts.origin WHEN 'ambiguous' THEN 'ambiguous' ELSE 'missing' END
    WHEN exact.node IS NOT NULL OR candidates = 1 THEN parts.origin
    WHEN candidates > 1 THEN 'ambiguous' ELSE 'unknown' END AS attribution,
  CASE WHEN coalesce(exact.node, resolved.node) IS NOT NULL AND attribution IN ('commit', 'tag', 'version')
      THEN 'commit ' || coalesce(exact.node, resolved.node)
    WHEN parts.identity IS NOT NULL THEN 'version ' || parts.identity
    WHEN parts.commit IS NOT NULL THEN 'commit ' || lower(parts.commit)
    ELSE 'rollout ' || parts.source || ' ' || parts.rollout_id END AS part
FROM content_parts parts
LEFT JOIN lineage_exact exact
  ON exact.repository = lower(parts.repository) AND exact.commit = lower(parts.commit)
LEFT JOIN lineage_resolved resolved
  ON resolved.repository IS NOT DISTINCT FROM lower(parts.repository) AND resolved.commit = lower(parts.commit)
WHERE (parts.source, parts.rollout_id) IN (SELECT (source, source_rollout_id) FROM deciding_rollouts)
