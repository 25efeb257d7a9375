-- One row is one entry on a trunk with the facts of its commit. Of the copies that several sources landed, one counts.
SELECT
  change.*,
  commit.subject,
  commit.author,
  commit.authored_at,
  commit.committed_at
FROM landing.change
LEFT JOIN duplicate_commits AS duplicate_changes
  ON change.repository = duplicate_changes.repository
  AND change.sha = duplicate_changes.sha
  AND duplicate_changes.kind = 'change'
LEFT JOIN landing.commit ON change.repository = commit.repository AND change.sha = commit.sha
LEFT JOIN duplicate_commits
  ON commit.repository = duplicate_commits.repository
  AND commit.sha = duplicate_commits.sha
  AND duplicate_commits.kind = 'commit'
WHERE
  change.on_trunk
  AND change.source = coalesce(duplicate_changes.source, change.source)
  AND coalesce(commit.source = coalesce(duplicate_commits.source, commit.source), TRUE)
