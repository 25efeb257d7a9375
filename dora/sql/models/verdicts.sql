-- One row is one verdict of a person on a deployment: that it failed, or that it was stable. The latest on a deployment
-- is in force (E5): a stable one silences all evidence older than it.
--
-- unique_key = ["source", "verdict_id"]
-- time = "decided_at"
-- example = "SELECT decided_at, decided_by, verdict, deployment_id, reason FROM verdicts WHERE in_force ORDER BY decided_at DESC"
-- verdict_id = "Id of the verdict."
-- verdict = "failed or stable."
-- decided_by = "Who decided."
-- decided_at = "When it was decided."
-- reason = "Why."
-- in_force = "True for the latest on its deployment."
-- silenced_evidence = "Evidence that it silences, joined by a comma."
-- link_problem = "Why it says nothing: the deployment or commit that it names is unknown, took no traffic, and so on; null if it counts."
WITH
ranked AS (
  SELECT
    verdict.id AS verdict_id,
    verdict.source,
    stated_links.application,
    coalesce(releases.blamed_id, stated_links.deployment_id) AS deployment_id,
    verdict.verdict,
    verdict.decided_by,
    verdict.decided_at,
    verdict.reason,
    stated_links.problem AS link_problem,
    stated_links.problem IS NULL
    AND row_number() OVER (
      PARTITION BY coalesce(releases.blamed_id, stated_links.deployment_id)
      ORDER BY verdict.decided_at DESC, verdict.id DESC, verdict.source
    ) = 1 AS in_force
  FROM landing.verdict
  INNER JOIN stated_links
    ON stated_links.record = 'verdict' AND verdict.source = stated_links.source AND verdict.id = stated_links.id
  LEFT JOIN deployments_that_can_fail AS releases ON stated_links.deployment_id = releases.deployment_id
),
silenced AS (
  SELECT
    ranked.verdict_id,
    ranked.source,
    string_agg(
      all_evidence.evidence || ' ' || all_evidence.evidence_id, ', ' ORDER BY all_evidence.happened_at, evidence_id
    ) AS silenced_evidence
  FROM ranked
  INNER JOIN all_evidence
    ON ranked.deployment_id = all_evidence.deployment_id AND ranked.decided_at > all_evidence.happened_at
  WHERE ranked.in_force AND ranked.verdict = 'stable'
  GROUP BY ranked.verdict_id, ranked.source
)
SELECT ranked.*, silenced.silenced_evidence
FROM ranked
LEFT JOIN silenced ON ranked.verdict_id = silenced.verdict_id AND ranked.source = silenced.source
