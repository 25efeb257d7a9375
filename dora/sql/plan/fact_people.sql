-- One row is one name of an author or user in a part, with the persons that it means.
WITH
names AS (
  SELECT repository_parts.part, concat_ws(' ', author, '<' || author_email || '>') AS name
  FROM facts.commit
  INNER JOIN repository_parts ON commit.repository = repository_parts.spelling
  UNION
  SELECT repository_parts.part, unnest(commit.co_authors)
  FROM facts.commit
  INNER JOIN repository_parts ON commit.repository = repository_parts.spelling
  UNION
  SELECT execution_parts.part, unnest([approval.decided_by, approval.skipped_by])
  FROM facts.approval
  INNER JOIN execution_parts
    ON approval.source = execution_parts.source AND approval.execution_id = execution_parts.id
  UNION
  SELECT application_parts.part, execution.triggered_by
  FROM facts.execution
  INNER JOIN application_parts ON execution.application = application_parts.spelling
  UNION
  SELECT execution_parts.part, execution_attempt.restarted_by
  FROM facts.execution_attempt
  INNER JOIN execution_parts
    ON execution_attempt.source = execution_parts.source AND execution_attempt.execution_id = execution_parts.id
  UNION
  SELECT part_numbers.part, approvals_of_events.decided_by
  FROM approvals_of_events
  CROSS JOIN part_numbers
),
identities AS (
  SELECT DISTINCT part, nfc_normalize(lower(name)) AS identity FROM names WHERE name IS NOT NULL
)
SELECT identities.part, people.*
FROM people
INNER JOIN identities ON people.identity = identities.identity
