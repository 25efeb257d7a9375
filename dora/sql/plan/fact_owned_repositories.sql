-- One row is one repository of which a part publishes the commits.
SELECT part, repository FROM homes_of_repositories
