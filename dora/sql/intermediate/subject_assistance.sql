-- One row is one change, commit or deployment with who made it (X1): assisted where a marker of the definitions says so,
-- bot where bots wrote all of it, else human. A deployment is assisted if any change is that it shipped first, and bot
-- if all are; one without changes has no row. Unmarked use of assistance can not be seen.
WITH
commit_texts AS (
  SELECT repository, sha, unnest(trailers) AS text FROM landing.commit WHERE trailers IS NOT NULL
  UNION ALL
  SELECT repository, sha, concat_ws(' ', author, '<' || author_email || '>') AS text FROM landing.commit
),
patterns AS (
  SELECT DISTINCT key, pattern FROM globs WHERE key IN ('assistance_markers', 'bot_authors')
),
texts AS (
  SELECT DISTINCT text FROM commit_texts
  UNION
  SELECT unnest(labels) FROM change_requests
),
matches AS (
  SELECT texts.text, patterns.key, patterns.pattern
  FROM texts
  INNER JOIN patterns ON texts.text ILIKE patterns.pattern ESCAPE '\'
),
marks AS (
  SELECT DISTINCT commit_texts.repository, commit_texts.sha, matches.key, matches.pattern
  FROM commit_texts
  INNER JOIN matches ON commit_texts.text = matches.text
),
change_marks AS (
  SELECT changes.application, changes.change_id, globs.key, marks.sha
  FROM marks
  INNER JOIN included_commits ON marks.repository = included_commits.repository AND marks.sha = included_commits.sha
  INNER JOIN changes
    ON included_commits.repository = changes.repository AND included_commits.change_sha = changes.sha
  INNER JOIN globs
    ON changes.application = globs.application AND marks.key = globs.key AND marks.pattern = globs.pattern
  UNION
  SELECT changes.application, changes.change_id, 'assistance_markers', changes.sha
  FROM change_requests
  INNER JOIN changes ON change_requests.repository = changes.repository AND change_requests.sha = changes.sha
  INNER JOIN matches ON list_contains(change_requests.labels, matches.text) AND matches.key = 'assistance_markers'
  INNER JOIN globs
    ON changes.application = globs.application AND matches.key = globs.key AND matches.pattern = globs.pattern
),
change_counts AS (
  SELECT
    application,
    change_id,
    bool_or(key = 'assistance_markers') AS is_assisted,
    count(DISTINCT CASE WHEN key = 'bot_authors' THEN sha END) AS bot_commits
  FROM change_marks
  GROUP BY application, change_id
),
change_assistance AS (
  SELECT
    changes.application,
    changes.change_id,
    changes.shipped_by,
    changes.baseline,
    CASE
      WHEN change_counts.is_assisted THEN 'assisted'
      WHEN change_counts.bot_commits >= coalesce(changes.commits, 1) THEN 'bot'
      ELSE 'human'
    END AS assistance
  FROM changes
  LEFT JOIN change_counts
    ON changes.application = change_counts.application AND changes.change_id = change_counts.change_id
)
SELECT application, change_id AS subject, assistance
FROM change_assistance
UNION ALL
SELECT
  min(application),
  shipped_by,
  CASE
    WHEN bool_or(assistance = 'assisted') THEN 'assisted'
    WHEN bool_and(assistance = 'bot') THEN 'bot'
    ELSE 'human'
  END
FROM change_assistance
WHERE shipped_by IS NOT NULL AND NOT baseline
GROUP BY shipped_by
UNION ALL
SELECT lead_times.application, lead_times.commit_id, change_assistance.assistance
FROM commit_lead_times AS lead_times
INNER JOIN change_assistance
  ON lead_times.application = change_assistance.application AND lead_times.change_id = change_assistance.change_id
WHERE lead_times.commit_id <> lead_times.change_id
