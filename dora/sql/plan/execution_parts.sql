-- One row is one execution and the part of its application.
SELECT application_parts.part, execution.source, execution.id
FROM facts.execution
INNER JOIN application_parts ON execution.application = application_parts.spelling
