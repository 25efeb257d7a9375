-- One row is one source of a part with the local day of its first deployment.
SELECT source_parts.part, first_days.*
FROM first_days
INNER JOIN source_parts ON first_days.source = source_parts.source
