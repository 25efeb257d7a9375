-- One row is one commit of a change of an application that counts commits, with its lead time's clock: the change's, but
-- begun by the commit's own time where the definitions in force say so. Its change's reasons to be left out are its own.
WITH
begun AS (
  SELECT
    k.application,
    k.change_id,
    b.repository || '@' || b.sha AS commit_id,
    k.shipped,
    k.excluded,
    k.ended_at,
    build.as_of,
    CASE
      WHEN d.lead_time_starts = 'committed_at' THEN m.committed_at
      WHEN d.lead_time_starts IN ('authored_at', 'first_commit_at') THEN m.authored_at
      ELSE k.began_at
    END AS began_at
  FROM lead_times AS k
  INNER JOIN definitions AS d ON k.application = d.application
  INNER JOIN changes AS c ON k.application = c.application AND k.change_id = c.change_id
  INNER JOIN included_commits AS b ON c.repository = b.repository AND c.sha = b.change_sha
  INNER JOIN landing.commit AS m ON b.repository = m.repository AND b.sha = m.sha
  LEFT JOIN duplicate_commits AS w ON m.repository = w.repository AND m.sha = w.sha AND w.kind = 'commit'
  CROSS JOIN build
  WHERE d.lead_time_unit = 'commit' AND m.source = coalesce(w.source, m.source)
)
SELECT
  application,
  change_id,
  commit_id,
  shipped,
  began_at,
  epoch(coalesce(ended_at, as_of) - began_at) / 3600 AS hours,
  CASE
    WHEN excluded IS NOT NULL THEN excluded
    WHEN began_at IS NULL OR began_at < TIMESTAMP '1990-01-01' THEN 'impossible time'
    WHEN shipped AND ended_at < began_at THEN 'deployed before its start'
    WHEN NOT shipped AND began_at > as_of THEN 'merged after the data ends'
  END AS excluded
FROM begun
