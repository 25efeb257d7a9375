-- One row is one incident or verdict that its part links otherwise than all parts together do, or did before.
SELECT stated_links.*
FROM stated_links
LEFT JOIN linked_in_parts
  ON stated_links.record = linked_in_parts.record
  AND stated_links.source = linked_in_parts.source
  AND stated_links.id = linked_in_parts.id
LEFT JOIN links
  ON stated_links.record = links.record AND stated_links.source = links.source AND stated_links.id = links.id
WHERE
  links.record IS NOT NULL
  OR stated_links.application IS DISTINCT FROM linked_in_parts.application
  OR stated_links.deployment_id IS DISTINCT FROM linked_in_parts.deployment_id
  OR stated_links.linked_by IS DISTINCT FROM linked_in_parts.linked_by
  OR stated_links.problem IS DISTINCT FROM linked_in_parts.problem
