-- One row is one source of a part with the time of the first row of its history.
SELECT source_parts.part, source_starts.*
FROM source_starts
INNER JOIN source_parts ON source_starts.source = source_parts.source
