-- One row is one execution tree that the completion of an execution of another tree triggered. A chain of such trees is
-- in tree_chains.
SELECT root.source AS scope, root.id, parent.root_id AS earlier_id
FROM landing.execution AS root
INNER JOIN landing.execution AS parent ON root.source = parent.source AND root.parent_id = parent.id
WHERE root.root_id = root.id
