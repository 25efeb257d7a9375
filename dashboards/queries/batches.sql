-- One row is one class of batch size: how many deployments brought so many changes.
WITH classed AS (
  SELECT CASE WHEN value <= 3 THEN value WHEN value <= 5 THEN 4 WHEN value <= 9 THEN 6 ELSE 10 END AS place
  FROM $observations
  WHERE excluded IS NULL
)
SELECT
  CASE place WHEN 4 THEN '4–5' WHEN 6 THEN '6–9' WHEN 10 THEN '10 or more' ELSE place::INTEGER::VARCHAR END AS name,
  count(*) AS n,
  count(*) / sum(count(*)) OVER () AS share
FROM classed
GROUP BY place
ORDER BY place
