-- One row is one part of what one rollout of a part brings.
SELECT parts_of_applications.part, content_parts.*
FROM content_parts
INNER JOIN parts_of_applications ON content_parts.application = parts_of_applications.application
