-- One row is one production change, or an attempt at one: who triggered it, who wrote what it shipped, who approved it,
-- and its outcome.
--
-- unique_key = ["deployment_id"]
-- time = "happened_at"
-- example = "SELECT happened_at, application, triggered_by, authors, approved_by FROM audit_trail WHERE author_approval = 'alone' ORDER BY happened_at DESC"
-- reason = "Why it failed or was stopped, in the source's words."
-- changed_at = "When production began to change: first traffic."
-- changes = "Number of changes that it shipped first."
-- authors = "Authors of those changes."
-- prompt_count = "Number of approval prompts."
-- prompts = "Instructions of all approval prompts of the deployment."
-- answers = "Options chosen, if there were options."
-- unauthorized_users = "Users who tried to decide without permission."
-- stopped_by = "User who stopped it."
-- prompts_skipped = "Approval prompts that were skipped."
-- skipped_by = "Users who skipped them; null if the pipeline did."
-- prompts_rejected = "Approval prompts at which a user stopped it."
-- verified_by = "Users who confirmed it after it served."
-- verification_stopped_by = "Users who stopped the pipeline at a verification after it served."
-- stopped_verifications = "Verifications after it served at which a user stopped the pipeline."
-- prompts_timed_out = "Approval prompts that timed out and stopped the pipeline."
-- prompts_passed_by_timeout = "Approval prompts that timed out and let the pipeline continue."
-- author_approval = "alone if only its authors approved it, shared if others did too, unknown if a user may be an author or not; null if no author did."
-- why = "What it was made for: the latest change that it shipped first and how many more, or the reason that its source gives."
-- hour_of_week = "Hour of the local week in which production began to change: 0 is Monday from 0:00, 167 Sunday from 23:00."
-- outside_business_hours = "True if that is outside the working hours of its application; null if it took no traffic."
-- merged_by = "Users who merged the requests of its changes."
-- reviewers = "Users who reviewed those changes without having written them."
-- self_merged = "Number of its changes that their author merged without an approval of another user; null if no merger is known, or no approvals are."
-- restarted_by_another = "True if another person than the one who triggered it restarted a stage of it; null if no one did, or it is unknown who."
-- canary_configured = "True if its executions planned a canary, or its pipeline has had one since before it; null if that pipeline has changed since."
-- restarts = "How often a stage of it was restarted."
-- approved_by_trigger_user = "True if the person who triggered it approved it; null without an approval, or where it may be another."
-- restored_or_previous_id = "Deployment whose content a rollback restored, else the previous one."
-- stability_verdict = "Verdict of a person that is in force: failed or stable."
-- stability_reason = "Who gave that verdict, and why."
-- silenced_evidence = "Evidence of failure that the verdict silences."
WITH
timed_deployments AS (
  SELECT *, coalesce(traffic_at, finished_at, queued_at) AS happened_at FROM deployments
),
ranked_canaries AS (
  SELECT
    deployment_id,
    verdict,
    score,
    row_number() OVER (PARTITION BY deployment_id ORDER BY happened_at DESC, canary_id DESC) AS latest
  FROM canary_outcomes
  WHERE deployment_id IS NOT NULL
)
SELECT
  deployments.deployment_id,
  deployments.source,
  deployments.application,
  memberships.team,
  deployments.happened_at,
  deployments.first_traffic_at AS changed_at,
  definitions.working_hours,
  hours.hour_of_week,
  hours.outside_business_hours,
  deployments.kind,
  deployments.outcome,
  coalesce(
    CASE WHEN deployments.kind = 'rollback' THEN deployments.reason END, reasons.reason, deployments.reason
  ) AS why,
  deployments.pipeline,
  templates.template,
  templates.template_version,
  templates.versions_behind,
  deployments.trigger,
  deployments.triggered_by,
  CASE
    WHEN deployments.trigger = 'manual' OR deployments.is_restart THEN TRUE
    WHEN deployments.trigger IS NOT NULL THEN execution.pipeline_id IS NULL
  END AS started_manually,
  restarts.restarted_by,
  coalesce(restarts.restarts, 0) AS restarts,
  restarts.restarted_by_another,
  deployments.commit,
  deployments.version,
  coalesce(authors.changes, 0) AS changes,
  authors.authors,
  reviews.merged_by,
  reviews.reviewers,
  reviews.self_merged,
  coalesce(approvals.prompt_count, 0) AS prompt_count,
  approvals.prompts,
  approvals.answers,
  approvals.roles,
  duties.approved_by,
  approvals.approved_at,
  approvals.waited_minutes,
  approvals.unauthorized_users,
  approvals.stopped_by,
  coalesce(approvals.prompts_rejected, 0) AS prompts_rejected,
  coalesce(approvals.prompts_skipped, 0) AS prompts_skipped,
  approvals.skipped_by,
  coalesce(approvals.prompts_timed_out, 0) AS prompts_timed_out,
  coalesce(approvals.prompts_passed_by_timeout, 0) AS prompts_passed_by_timeout,
  approvals.verified_by,
  approvals.verification_stopped_by,
  coalesce(approvals.stopped_verifications, 0) AS stopped_verifications,
  duties.author_approval,
  duties.approved_by_trigger_user,
  CASE
    WHEN plans.deployment_id IS NOT NULL THEN TRUE
    WHEN pipelines.updated_at <= deployments.queued_at THEN pipelines.has_canary
  END AS canary_configured,
  canaries.verdict,
  canaries.score,
  recoveries.evidence,
  recoveries.recovered_at,
  verdicts.verdict AS stability_verdict,
  CASE WHEN verdicts.verdict_id IS NOT NULL THEN concat_ws(': ', verdicts.decided_by, verdicts.reason) END
    AS stability_reason,
  verdicts.silenced_evidence,
  coalesce(deployments.restored_id, deployments.previous_id) AS restored_or_previous_id,
  deployments.reason,
  deployments.url
FROM timed_deployments AS deployments
INNER JOIN definitions ON deployments.application = definitions.application
LEFT JOIN memberships
  ON deployments.application = memberships.application
  AND coalesce(deployments.happened_at, memberships.since) >= memberships.since
  AND coalesce(deployments.happened_at < memberships.until, memberships.until > TIMESTAMP '2200-01-01')
LEFT JOIN landing.execution ON deployments.source = execution.source AND deployments.root_id = execution.id
LEFT JOIN pipelines ON execution.source = pipelines.source AND execution.pipeline_id = pipelines.pipeline_id
LEFT JOIN deployment_hours AS hours ON deployments.deployment_id = hours.deployment_id
LEFT JOIN reasons_by_deployment AS reasons ON deployments.deployment_id = reasons.deployment_id
LEFT JOIN reviews_by_deployment AS reviews ON deployments.deployment_id = reviews.deployment_id
LEFT JOIN canary_plans AS plans ON deployments.deployment_id = plans.deployment_id
LEFT JOIN template_by_deployment AS templates ON deployments.deployment_id = templates.deployment_id
LEFT JOIN authors_by_deployment AS authors ON deployments.deployment_id = authors.deployment_id
LEFT JOIN approvals_by_deployment AS approvals ON deployments.deployment_id = approvals.deployment_id
LEFT JOIN approval_separation_of_duties AS duties ON deployments.deployment_id = duties.deployment_id
LEFT JOIN ranked_canaries AS canaries ON deployments.deployment_id = canaries.deployment_id AND canaries.latest = 1
LEFT JOIN restarts_by_deployment AS restarts ON deployments.deployment_id = restarts.deployment_id
LEFT JOIN recoveries ON deployments.deployment_id = recoveries.deployment_id
LEFT JOIN verdicts ON deployments.deployment_id = verdicts.deployment_id AND verdicts.in_force
