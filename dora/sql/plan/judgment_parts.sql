-- One row is one judgment of canaries and one part with an interval of it.
SELECT DISTINCT canary_parts.part, canary_interval.source, canary_interval.judgment_id
FROM facts.canary_interval
INNER JOIN canary_parts
  ON canary_interval.source = canary_parts.source AND canary_interval.canary_id = canary_parts.id
WHERE canary_interval.judgment_id IS NOT NULL
