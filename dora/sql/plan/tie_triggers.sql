-- One row is two applications of which an execution of one triggered an execution of the other.
SELECT DISTINCT list_sort([child.application, parent.application]) AS applications
FROM landing.execution AS child
INNER JOIN landing.execution AS parent ON child.source = parent.source AND child.parent_id = parent.id
WHERE child.application <> parent.application
