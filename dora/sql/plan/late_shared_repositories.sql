-- One row is one repository of a part whose changes belong to several applications.
SELECT parts_of_repositories.part, shared_repositories.*
FROM shared_repositories
INNER JOIN parts_of_repositories ON shared_repositories.repository = parts_of_repositories.repository
