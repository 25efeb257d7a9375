-- One row is one canary and the part of its execution, else of its application.
SELECT coalesce(execution_parts.part, application_parts.part) AS part, canary.source, canary.id
FROM facts.canary
LEFT JOIN execution_parts ON canary.source = execution_parts.source AND canary.execution_id = execution_parts.id
LEFT JOIN application_parts ON canary.application = application_parts.spelling
WHERE coalesce(execution_parts.part, application_parts.part) IS NOT NULL
