-- No incident or verdict: each part links its own.
SELECT
  NULL::VARCHAR AS record,
  NULL::VARCHAR AS source,
  NULL::VARCHAR AS id,
  NULL::VARCHAR AS application,
  NULL::VARCHAR AS deployment_id,
  NULL::VARCHAR AS linked_by,
  NULL::VARCHAR AS problem
WHERE FALSE
