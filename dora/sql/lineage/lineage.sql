-- A restart has no commit of its own: it takes over what serves.
SELECT compared.* EXCLUDE (repository), coalesce(compared.repository, served.repository) AS repository, served.commit,
  coalesce(served.attribution, CASE WHEN sha IS NULL THEN 'missing' ELSE 'version' END) AS attribution
FROM lineage_compared compared
JOIN lineage_attempt attempt USING (deployment_id)
LEFT JOIN (
  SELECT attempt, arg_min(attribution, rowid) AS attribution, arg_min(repository, rowid) AS repository,
    arg_min(commit, rowid) AS commit
  FROM lineage_served GROUP BY attempt) served
  ON served.attempt = attempt.rowid
