-- One row is one incident of a part, as its source records it or as its events add up.
SELECT record_parts.part, incident_records.*
FROM incident_records
INNER JOIN record_parts
  ON record_parts.record = 'incident'
  AND incident_records.source = record_parts.source
  AND incident_records.id = record_parts.id
  AND incident_records.application = record_parts.application
