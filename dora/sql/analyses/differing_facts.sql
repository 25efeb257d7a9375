-- One row is one subject (application, id) of which the facts $fact of a table $table differ between two builds, attached
-- as earlier and dora. With $differs = "<>" both have rows of it; with "IS DISTINCT FROM" one may have none. Only those
-- of the temporary table differing_observations are compared.
WITH
old_facts AS (
  SELECT application, $key AS subject, list_sort(list(DISTINCT coalesce($fact::VARCHAR, ''))) AS facts
  FROM earlier.$table
  WHERE $key IN (SELECT subject FROM differing_observations)
  GROUP BY application, $key
),
new_facts AS (
  SELECT application, $key AS subject, list_sort(list(DISTINCT coalesce($fact::VARCHAR, ''))) AS facts
  FROM dora.$table
  WHERE $key IN (SELECT subject FROM differing_observations)
  GROUP BY application, $key
)
SELECT application, subject
FROM old_facts
FULL JOIN new_facts USING (application, subject)
WHERE old_facts.facts $differs new_facts.facts
