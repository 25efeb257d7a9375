-- The contract between ingest and dora: every landing table, every column typed and explained.
-- Times are UTC, in microseconds. (source, id) is the natural key of every fact table: `source` is the configured name
-- of the source, `id` is unique within it. `load_id` names the load that last changed the row.
-- `revision` orders the versions of one execution: a row is replaced only by one of the same or a later revision.
-- `status` is one of not_started, running, succeeded, failed, canceled, skipped, unknown.

CREATE TABLE application (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  application VARCHAR NOT NULL, team VARCHAR, owner VARCHAR, repository VARCHAR);
COMMENT ON TABLE application IS 'One application (service) that a source knows.';
COMMENT ON COLUMN application.application IS 'Name of the application.';
COMMENT ON COLUMN application.team IS 'Team that owns it according to the source.';
COMMENT ON COLUMN application.owner IS 'Contact at the source.';
COMMENT ON COLUMN application.repository IS 'Repository (owner/name) of its code according to the source.';

CREATE TABLE account (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  account VARCHAR NOT NULL, environment VARCHAR, provider VARCHAR);
COMMENT ON TABLE account IS 'One account to which applications are deployed; its environment helps to define production.';
COMMENT ON COLUMN account.account IS 'Name of the account.';
COMMENT ON COLUMN account.environment IS 'Environment of the account at the source, such as prod.';
COMMENT ON COLUMN account.provider IS 'Platform, such as kubernetes.';

CREATE TABLE pipeline (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  application VARCHAR NOT NULL, pipeline VARCHAR, template_kind VARCHAR, template VARCHAR, template_version VARCHAR,
  protected BOOLEAN, disabled BOOLEAN, has_canary BOOLEAN, has_approval BOOLEAN, has_rollback BOOLEAN, updated_at TIMESTAMP);
COMMENT ON TABLE pipeline IS 'One pipeline with its current configuration.';
COMMENT ON COLUMN pipeline.application IS 'Application that the pipeline belongs to.';
COMMENT ON COLUMN pipeline.pipeline IS 'Name of the pipeline.';
COMMENT ON COLUMN pipeline.template_kind IS 'v1 or v2 for a managed template, convention if only its name or a key says so, else null.';
COMMENT ON COLUMN pipeline.template IS 'Id of the template it is made from.';
COMMENT ON COLUMN pipeline.template_version IS 'Tag or digest of that template.';
COMMENT ON COLUMN pipeline.protected IS 'True if its template forbids changes of its stages.';
COMMENT ON COLUMN pipeline.disabled IS 'True if it can not be triggered.';
COMMENT ON COLUMN pipeline.has_canary IS 'True if it has a canary stage.';
COMMENT ON COLUMN pipeline.has_approval IS 'True if it has a manual judgment stage.';
COMMENT ON COLUMN pipeline.has_rollback IS 'True if it has a rollback stage.';
COMMENT ON COLUMN pipeline.updated_at IS 'When it was last changed.';

CREATE TABLE pipeline_revision (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  pipeline_id VARCHAR NOT NULL, application VARCHAR NOT NULL, template VARCHAR, template_version VARCHAR,
  updated_at TIMESTAMP, updated_by VARCHAR);
COMMENT ON TABLE pipeline_revision IS 'One earlier configuration of a pipeline; id is pipeline@time.';
COMMENT ON COLUMN pipeline_revision.pipeline_id IS 'The pipeline.';
COMMENT ON COLUMN pipeline_revision.application IS 'Application that the pipeline belongs to.';
COMMENT ON COLUMN pipeline_revision.template IS 'Id of the template it was made from.';
COMMENT ON COLUMN pipeline_revision.template_version IS 'Tag or digest of that template.';
COMMENT ON COLUMN pipeline_revision.updated_at IS 'When this configuration was saved.';
COMMENT ON COLUMN pipeline_revision.updated_by IS 'User who saved it.';

CREATE TABLE execution (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  application VARCHAR NOT NULL, pipeline VARCHAR, pipeline_id VARCHAR, root_id VARCHAR NOT NULL, parent_id VARCHAR,
  status VARCHAR NOT NULL, queued_at TIMESTAMP, started_at TIMESTAMP, finished_at TIMESTAMP,
  trigger VARCHAR, triggered_by VARCHAR, dry_run BOOLEAN NOT NULL,
  repository VARCHAR, commit VARCHAR, branch VARCHAR, commit_origin VARCHAR, reason VARCHAR, url VARCHAR);
COMMENT ON COLUMN execution.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE execution IS 'One run of a pipeline, or one operation started manually.';
COMMENT ON COLUMN execution.application IS 'Application it ran for.';
COMMENT ON COLUMN execution.pipeline IS 'Name of the pipeline, or description of the operation.';
COMMENT ON COLUMN execution.pipeline_id IS 'Id of the pipeline; null for an operation started manually.';
COMMENT ON COLUMN execution.root_id IS 'Id of the execution at the root of its tree; its own id if no execution started it.';
COMMENT ON COLUMN execution.parent_id IS 'Id of the execution that started it.';
COMMENT ON COLUMN execution.status IS 'Last status at the source.';
COMMENT ON COLUMN execution.queued_at IS 'When it was triggered.';
COMMENT ON COLUMN execution.started_at IS 'When it last began to run (a restart moves it).';
COMMENT ON COLUMN execution.finished_at IS 'When it completed.';
COMMENT ON COLUMN execution.trigger IS 'What triggered it: git, build, image, manual, pipeline, webhook, schedule, other.';
COMMENT ON COLUMN execution.triggered_by IS 'User or system that triggered it.';
COMMENT ON COLUMN execution.dry_run IS 'True for a dry run, which changes nothing.';
COMMENT ON COLUMN execution.repository IS 'Repository (owner/name) of the commit.';
COMMENT ON COLUMN execution.commit IS 'Commit that it deploys, possibly abbreviated.';
COMMENT ON COLUMN execution.branch IS 'Branch of that commit.';
COMMENT ON COLUMN execution.commit_origin IS 'Where the commit was found, such as trigger or build.';
COMMENT ON COLUMN execution.reason IS 'Why it was canceled or failed.';
COMMENT ON COLUMN execution.url IS 'Page of the execution for people.';

CREATE TABLE execution_attempt (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  execution_id VARCHAR NOT NULL, rollout_id VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP,
  first_traffic_at TIMESTAMP, restarted_by VARCHAR, reason VARCHAR);
COMMENT ON TABLE execution_attempt IS 'One failed attempt of a rollout or execution, kept because a restart overwrites it at the source.';
COMMENT ON COLUMN execution_attempt.execution_id IS 'Execution it belongs to.';
COMMENT ON COLUMN execution_attempt.rollout_id IS 'Rollout that failed; null if only the restart is known.';
COMMENT ON COLUMN execution_attempt.started_at IS 'When the attempt began; null if only the restart is known.';
COMMENT ON COLUMN execution_attempt.ended_at IS 'When it failed, or was restarted.';
COMMENT ON COLUMN execution_attempt.first_traffic_at IS 'When its version first took traffic; null if it never did, or if that is unknown.';
COMMENT ON COLUMN execution_attempt.restarted_by IS 'User who restarted it.';
COMMENT ON COLUMN execution_attempt.reason IS 'Why it failed.';

CREATE TABLE deleted_execution (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, noticed_at TIMESTAMP NOT NULL);
COMMENT ON TABLE deleted_execution IS 'One execution that its source has deleted; its rows stay in landing.';
COMMENT ON COLUMN deleted_execution.noticed_at IS 'When it was first missing.';

CREATE TABLE coverage (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  application VARCHAR NOT NULL, since TIMESTAMP NOT NULL, until TIMESTAMP NOT NULL);
COMMENT ON TABLE coverage IS 'One period in which all executions of an application were read; the time between two periods is a gap.';
COMMENT ON COLUMN coverage.application IS 'The application.';
COMMENT ON COLUMN coverage.since IS 'Start: the oldest execution that the source still had, or the end of the previous run.';
COMMENT ON COLUMN coverage.until IS 'End: the time of the run.';

CREATE TABLE stage (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  execution_id VARCHAR NOT NULL, parent_id VARCHAR, name VARCHAR, kind VARCHAR NOT NULL, status VARCHAR NOT NULL,
  started_at TIMESTAMP, finished_at TIMESTAMP, reason VARCHAR);
COMMENT ON COLUMN stage.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE stage IS 'One stage of an execution, as it last ran.';
COMMENT ON COLUMN stage.execution_id IS 'Execution it belongs to.';
COMMENT ON COLUMN stage.parent_id IS 'Stage that contains it.';
COMMENT ON COLUMN stage.name IS 'Its name.';
COMMENT ON COLUMN stage.kind IS 'deploy, rollback, restart, scale, canary, approval, build, bake, test, wait, window, child, other.';
COMMENT ON COLUMN stage.status IS 'Its status.';
COMMENT ON COLUMN stage.started_at IS 'When it began.';
COMMENT ON COLUMN stage.finished_at IS 'When it ended.';
COMMENT ON COLUMN stage.reason IS 'Why it failed.';

CREATE TABLE rollout (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  execution_id VARCHAR NOT NULL, application VARCHAR NOT NULL, action VARCHAR NOT NULL, role VARCHAR, strategy VARCHAR,
  environment VARCHAR, target VARCHAR, account VARCHAR, location VARCHAR, cluster VARCHAR, workload_kind VARCHAR,
  status VARCHAR NOT NULL, started_at TIMESTAMP, accepted_at TIMESTAMP, first_traffic_at TIMESTAMP,
  full_traffic_at TIMESTAMP, finished_at TIMESTAMP, version VARCHAR, images VARCHAR[], template VARCHAR,
  template_keys VARCHAR[], labels VARCHAR[], commit VARCHAR, server_group VARCHAR, restores VARCHAR,
  steps_back INTEGER, kind VARCHAR, reason VARCHAR);
COMMENT ON COLUMN rollout.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE rollout IS 'One change of the version that runs on one target; a deployment has one or many.';
COMMENT ON COLUMN rollout.execution_id IS 'Execution that made the change.';
COMMENT ON COLUMN rollout.application IS 'Application that changes.';
COMMENT ON COLUMN rollout.action IS 'deploy, rollback, restart, scale, enable, disable or delete.';
COMMENT ON COLUMN rollout.role IS 'canary if it only serves a canary analysis, else null.';
COMMENT ON COLUMN rollout.strategy IS 'How traffic moves: none, redblack, bluegreen, highlander, rollingredblack, rollingpush, monitored, custom, weights, dark.';
COMMENT ON COLUMN rollout.environment IS 'Environment according to the source; null if the definitions decide.';
COMMENT ON COLUMN rollout.target IS 'Part of the environment, according to the source; null for a single one.';
COMMENT ON COLUMN rollout.account IS 'Target account.';
COMMENT ON COLUMN rollout.location IS 'Namespace or region.';
COMMENT ON COLUMN rollout.cluster IS 'Cluster or workload name.';
COMMENT ON COLUMN rollout.workload_kind IS 'Kind of the manifest that holds the pod template, servergroup or function; null if unknown.';
COMMENT ON COLUMN rollout.status IS 'Its status; not_started if it was planned and never reached.';
COMMENT ON COLUMN rollout.started_at IS 'When it began.';
COMMENT ON COLUMN rollout.accepted_at IS 'When the cluster accepted it; null if it was refused or not begun.';
COMMENT ON COLUMN rollout.first_traffic_at IS 'When the new version first took traffic; null if it never did.';
COMMENT ON COLUMN rollout.full_traffic_at IS 'When the new version took all traffic of the target; null if it never did.';
COMMENT ON COLUMN rollout.finished_at IS 'When it ended, including clean-up.';
COMMENT ON COLUMN rollout.version IS 'Version where there is no pod template: a machine image, or what a file says.';
COMMENT ON COLUMN rollout.images IS 'Images of the pod template: containers in their order, then init containers.';
COMMENT ON COLUMN rollout.template IS 'Hash of the pod template without images, labels, annotations and environment variables.';
COMMENT ON COLUMN rollout.template_keys IS 'Labels, annotations and environment variables of the pod template: name=hash of the value:class.';
COMMENT ON COLUMN rollout.labels IS 'Labels of the pod template, name=value.';
COMMENT ON COLUMN rollout.commit IS 'Commit that a label or annotation of the manifest names.';
COMMENT ON COLUMN rollout.server_group IS 'Server group or revision that it created.';
COMMENT ON COLUMN rollout.restores IS 'Server group or revision that a rollback restored.';
COMMENT ON COLUMN rollout.steps_back IS 'Number of revisions that a rollback went back.';
COMMENT ON COLUMN rollout.kind IS 'Deployment kind according to the source: release, hotfix, rollback, redeploy, config.';
COMMENT ON COLUMN rollout.reason IS 'Why it failed or was made.';

CREATE TABLE config_manifest (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  execution_id VARCHAR NOT NULL, application VARCHAR NOT NULL, action VARCHAR NOT NULL, account VARCHAR,
  location VARCHAR, kind VARCHAR NOT NULL, name VARCHAR, fingerprint VARCHAR, status VARCHAR NOT NULL,
  started_at TIMESTAMP, applied_at TIMESTAMP, finished_at TIMESTAMP, reason VARCHAR);
COMMENT ON COLUMN config_manifest.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE config_manifest IS 'One manifest without a pod template that an execution applied: configuration beside the workloads.';
COMMENT ON COLUMN config_manifest.execution_id IS 'Execution that applied it.';
COMMENT ON COLUMN config_manifest.application IS 'Application that it belongs to.';
COMMENT ON COLUMN config_manifest.action IS 'deploy, patch or delete.';
COMMENT ON COLUMN config_manifest.account IS 'Target account.';
COMMENT ON COLUMN config_manifest.location IS 'Namespace.';
COMMENT ON COLUMN config_manifest.kind IS 'Kind of the manifest.';
COMMENT ON COLUMN config_manifest.name IS 'Its name, without a version.';
COMMENT ON COLUMN config_manifest.fingerprint IS 'Hash of its content; null if unknown.';
COMMENT ON COLUMN config_manifest.status IS 'Status of its stage.';
COMMENT ON COLUMN config_manifest.started_at IS 'When its stage began.';
COMMENT ON COLUMN config_manifest.applied_at IS 'When it was in force; null if it was refused.';
COMMENT ON COLUMN config_manifest.finished_at IS 'When its stage ended.';
COMMENT ON COLUMN config_manifest.reason IS 'Why it failed.';

CREATE TABLE traffic_route (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  execution_id VARCHAR NOT NULL, application VARCHAR NOT NULL, account VARCHAR, location VARCHAR, kind VARCHAR NOT NULL,
  name VARCHAR, host VARCHAR NOT NULL, subset VARCHAR, labels VARCHAR[], weight DOUBLE, status VARCHAR NOT NULL,
  started_at TIMESTAMP, applied_at TIMESTAMP);
COMMENT ON COLUMN traffic_route.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE traffic_route IS 'One destination of a manifest or stage that divides traffic.';
COMMENT ON COLUMN traffic_route.execution_id IS 'Execution that applied it.';
COMMENT ON COLUMN traffic_route.application IS 'Application that it belongs to.';
COMMENT ON COLUMN traffic_route.account IS 'Target account.';
COMMENT ON COLUMN traffic_route.location IS 'Namespace or region.';
COMMENT ON COLUMN traffic_route.kind IS 'virtualservice, destinationrule, httproute, trafficsplit or function.';
COMMENT ON COLUMN traffic_route.name IS 'Name of the manifest or function.';
COMMENT ON COLUMN traffic_route.host IS 'Host of the destination.';
COMMENT ON COLUMN traffic_route.subset IS 'Subset of the host, or version of the function; null if there is none.';
COMMENT ON COLUMN traffic_route.labels IS 'Labels that a destination rule selects for the subset.';
COMMENT ON COLUMN traffic_route.weight IS 'Share of the traffic in percent; null for a destination rule.';
COMMENT ON COLUMN traffic_route.status IS 'Status of its stage.';
COMMENT ON COLUMN traffic_route.started_at IS 'When its stage began.';
COMMENT ON COLUMN traffic_route.applied_at IS 'When it was in force; null if it was refused.';

CREATE TABLE approval (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  execution_id VARCHAR NOT NULL, prompt VARCHAR, outcome VARCHAR NOT NULL, decision VARCHAR, answer VARCHAR, decided_by VARCHAR, unauthorized_user VARCHAR, roles VARCHAR,
  status VARCHAR NOT NULL, started_at TIMESTAMP, decided_at TIMESTAMP, finished_at TIMESTAMP);
COMMENT ON COLUMN approval.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE approval IS 'One manual judgment: an execution waits until a user decides.';
COMMENT ON COLUMN approval.execution_id IS 'Execution that waits.';
COMMENT ON COLUMN approval.prompt IS 'Instructions that the prompt shows.';
COMMENT ON COLUMN approval.outcome IS 'decided, waiting, timed_out, passed_by_timeout, skipped, canceled.';
COMMENT ON COLUMN approval.unauthorized_user IS 'User who last tried to decide without permission.';
COMMENT ON COLUMN approval.decision IS 'continue or stop; null if no user decided.';
COMMENT ON COLUMN approval.answer IS 'Option that the user selected; null if the prompt has no options.';
COMMENT ON COLUMN approval.decided_by IS 'User who decided.';
COMMENT ON COLUMN approval.roles IS 'Roles that may decide, joined by a space.';
COMMENT ON COLUMN approval.status IS 'Status of its stage.';
COMMENT ON COLUMN approval.started_at IS 'When the prompt opened.';
COMMENT ON COLUMN approval.decided_at IS 'When the decision was made.';
COMMENT ON COLUMN approval.finished_at IS 'When the execution continued or stopped.';

CREATE TABLE canary (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  execution_id VARCHAR NOT NULL, analysis VARCHAR, config VARCHAR, score DOUBLE, pass_threshold DOUBLE,
  marginal_threshold DOUBLE, intervals INTEGER, status VARCHAR NOT NULL, started_at TIMESTAMP, finished_at TIMESTAMP,
  reason VARCHAR);
COMMENT ON COLUMN canary.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE canary IS 'One canary analysis of an execution.';
COMMENT ON COLUMN canary.execution_id IS 'Execution that ran it.';
COMMENT ON COLUMN canary.analysis IS 'Type of the analysis: realTime, realTimeAutomatic, retrospective, legacy.';
COMMENT ON COLUMN canary.config IS 'Name or id of the canary configuration.';
COMMENT ON COLUMN canary.score IS 'Score of the last interval that ended, 0 to 100; null if it has none.';
COMMENT ON COLUMN canary.pass_threshold IS 'Score from which it passes.';
COMMENT ON COLUMN canary.marginal_threshold IS 'Score up to which it fails at once.';
COMMENT ON COLUMN canary.intervals IS 'Number of intervals with a judgment.';
COMMENT ON COLUMN canary.status IS 'Status of its stage.';
COMMENT ON COLUMN canary.started_at IS 'When it began.';
COMMENT ON COLUMN canary.finished_at IS 'When it ended.';
COMMENT ON COLUMN canary.reason IS 'Reason given by the judge, or why there is no score.';

CREATE TABLE canary_interval (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, revision BIGINT NOT NULL,
  canary_id VARCHAR NOT NULL, execution_id VARCHAR NOT NULL, judgment_id VARCHAR, score DOUBLE, status VARCHAR NOT NULL,
  started_at TIMESTAMP, finished_at TIMESTAMP, warnings VARCHAR);
COMMENT ON COLUMN canary_interval.revision IS 'Position of the execution when this row was written; only rows of its latest revision count.';
COMMENT ON TABLE canary_interval IS 'One interval of a canary analysis with its judgment.';
COMMENT ON COLUMN canary_interval.canary_id IS 'Canary it belongs to.';
COMMENT ON COLUMN canary_interval.execution_id IS 'Execution that ran it.';
COMMENT ON COLUMN canary_interval.judgment_id IS 'Id of the judgment at the canary service.';
COMMENT ON COLUMN canary_interval.score IS 'Score, 0 to 100; null if there is none.';
COMMENT ON COLUMN canary_interval.status IS 'Its status.';
COMMENT ON COLUMN canary_interval.started_at IS 'When it began.';
COMMENT ON COLUMN canary_interval.finished_at IS 'When it ended.';
COMMENT ON COLUMN canary_interval.warnings IS 'Warnings of the judgment, such as too few data points; joined by a line break.';

CREATE TABLE canary_judgment (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  execution_id VARCHAR, application VARCHAR, config VARCHAR, score DOUBLE, classification VARCHAR, reason VARCHAR,
  pass_threshold DOUBLE, marginal_threshold DOUBLE, no_data_groups INTEGER, groups INTEGER, status VARCHAR NOT NULL,
  started_at TIMESTAMP, finished_at TIMESTAMP);
COMMENT ON TABLE canary_judgment IS 'One judgment as the canary service stores it: exact, while the execution rounds.';
COMMENT ON COLUMN canary_judgment.execution_id IS 'Execution that requested it.';
COMMENT ON COLUMN canary_judgment.application IS 'Application of the canary.';
COMMENT ON COLUMN canary_judgment.config IS 'Id or name of the canary configuration.';
COMMENT ON COLUMN canary_judgment.score IS 'Exact score, 0 to 100; null if there is none.';
COMMENT ON COLUMN canary_judgment.classification IS 'pass, marginal, fail, nodata or error.';
COMMENT ON COLUMN canary_judgment.reason IS 'Reason given by the judge.';
COMMENT ON COLUMN canary_judgment.pass_threshold IS 'Score from which it passes.';
COMMENT ON COLUMN canary_judgment.marginal_threshold IS 'Score up to which it fails at once.';
COMMENT ON COLUMN canary_judgment.no_data_groups IS 'Number of metric groups that were scored without any data.';
COMMENT ON COLUMN canary_judgment.groups IS 'Number of metric groups that were scored.';
COMMENT ON COLUMN canary_judgment.status IS 'Its status.';
COMMENT ON COLUMN canary_judgment.started_at IS 'When it began.';
COMMENT ON COLUMN canary_judgment.finished_at IS 'When it ended.';

CREATE TABLE canary_metric (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  judgment_id VARCHAR NOT NULL, metric VARCHAR NOT NULL, groups VARCHAR, provider VARCHAR, classification VARCHAR,
  reason VARCHAR, critical BOOLEAN, muted BOOLEAN, ratio DOUBLE, baseline_mean DOUBLE, baseline_count BIGINT,
  experiment_mean DOUBLE, experiment_count BIGINT);
COMMENT ON TABLE canary_metric IS 'One metric of one canary judgment; id is judgment/metric.';
COMMENT ON COLUMN canary_metric.judgment_id IS 'The judgment.';
COMMENT ON COLUMN canary_metric.metric IS 'Name of the metric.';
COMMENT ON COLUMN canary_metric.groups IS 'Metric groups that it belongs to, joined by a space.';
COMMENT ON COLUMN canary_metric.provider IS 'Metric store: istio, prometheus, datadog and so on.';
COMMENT ON COLUMN canary_metric.classification IS 'pass, high, low, nodata, nodata_fail or error.';
COMMENT ON COLUMN canary_metric.reason IS 'Reason given by the judge.';
COMMENT ON COLUMN canary_metric.critical IS 'True if this metric alone can fail the canary.';
COMMENT ON COLUMN canary_metric.muted IS 'True if it does not count.';
COMMENT ON COLUMN canary_metric.ratio IS 'Experiment divided by baseline, as judged.';
COMMENT ON COLUMN canary_metric.baseline_mean IS 'Mean of the baseline.';
COMMENT ON COLUMN canary_metric.baseline_count IS 'Number of values of the baseline.';
COMMENT ON COLUMN canary_metric.experiment_mean IS 'Mean of the experiment.';
COMMENT ON COLUMN canary_metric.experiment_count IS 'Number of values of the experiment.';

-- Commit ids are random: compressing them takes as long as the rest of loading a history.

CREATE TABLE commit (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL USING COMPRESSION uncompressed, load_id VARCHAR NOT NULL,
  repository VARCHAR NOT NULL, sha VARCHAR NOT NULL USING COMPRESSION uncompressed,
  parents VARCHAR[] NOT NULL USING COMPRESSION uncompressed,
  authored_at TIMESTAMP, committed_at TIMESTAMP, author VARCHAR, subject VARCHAR, reverts VARCHAR,
  picked_from VARCHAR);
COMMENT ON TABLE commit IS 'One commit that a trunk or a deployment can reach; id is repository@sha.';
COMMENT ON COLUMN commit.repository IS 'Repository, owner/name.';
COMMENT ON COLUMN commit.sha IS 'Full commit id.';
COMMENT ON COLUMN commit.parents IS 'Full ids of its parents, first parent first.';
COMMENT ON COLUMN commit.authored_at IS 'Author time.';
COMMENT ON COLUMN commit.committed_at IS 'Committer time.';
COMMENT ON COLUMN commit.author IS 'Author as the commit records it.';
COMMENT ON COLUMN commit.subject IS 'First line of its message.';
COMMENT ON COLUMN commit.reverts IS 'Full id of the commit that it reverts, according to its message.';
COMMENT ON COLUMN commit.picked_from IS 'Full id of the commit that it was cherry-picked from: its message says so, or it is the same patch by the same author.';

CREATE TABLE change (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL USING COMPRESSION uncompressed, load_id VARCHAR NOT NULL,
  repository VARCHAR NOT NULL, sha VARCHAR NOT NULL USING COMPRESSION uncompressed, merged_at TIMESTAMP, change_request VARCHAR, paths VARCHAR[],
  applications VARCHAR[], on_trunk BOOLEAN NOT NULL, branch VARCHAR, kind VARCHAR, labels VARCHAR[], reverts VARCHAR,
  first_commit_at TIMESTAMP, commits INTEGER, files INTEGER, lines_added INTEGER, lines_removed INTEGER, merge_time_issue VARCHAR);
COMMENT ON TABLE change IS 'One entry on a trunk''s first-parent line; id is repository@sha.';
COMMENT ON COLUMN change.repository IS 'Repository, owner/name.';
COMMENT ON COLUMN change.sha IS 'Full id of the trunk commit.';
COMMENT ON COLUMN change.merged_at IS 'When it was merged to trunk: committer time of the trunk commit.';
COMMENT ON COLUMN change.change_request IS 'Number of its pull or merge request.';
COMMENT ON COLUMN change.paths IS 'Files that it changes against its first parent, if applications share the repository.';
COMMENT ON COLUMN change.applications IS 'Applications that it belongs to according to the source.';
COMMENT ON COLUMN change.on_trunk IS 'False if a rewrite of the trunk dropped it.';
COMMENT ON COLUMN change.branch IS 'Branch that it is on: the trunk, or a release branch configured beside it.';
COMMENT ON COLUMN change.kind IS 'How it was merged: merge, squash (one commit with the number of its request), direct (pushed, or rebased onto trunk).';
COMMENT ON COLUMN change.labels IS 'Labels derived from its author and subject: bot, dependencies, revert, backport.';
COMMENT ON COLUMN change.reverts IS 'Full id of the commit that it reverts, according to its message or that of a commit that it merged.';
COMMENT ON COLUMN change.first_commit_at IS 'Earliest plausible author time of its commits.';
COMMENT ON COLUMN change.commits IS 'Number of its commits, including itself.';
COMMENT ON COLUMN change.files IS 'Number of files that it changes against its first parent; null if not counted.';
COMMENT ON COLUMN change.lines_added IS 'Lines added to text files; null if not counted.';
COMMENT ON COLUMN change.lines_removed IS 'Lines removed from text files; null if not counted.';
COMMENT ON COLUMN change.merge_time_issue IS 'Why merged_at is not plausible: unreadable, too_early, in_future, before_parent; null if it is.';

CREATE TABLE change_request (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  repository VARCHAR NOT NULL, number VARCHAR NOT NULL, author VARCHAR, opened_at TIMESTAMP, first_commit_at TIMESTAMP,
  first_review_at TIMESTAMP, approved_at TIMESTAMP, merged_at TIMESTAMP, sha VARCHAR,
  labels VARCHAR[]);
COMMENT ON TABLE change_request IS 'One pull or merge request as its host describes it; id is repository#number.';
COMMENT ON COLUMN change_request.repository IS 'Repository, owner/name, by its name in our settings.';
COMMENT ON COLUMN change_request.number IS 'Its number.';
COMMENT ON COLUMN change_request.author IS 'User who opened it.';
COMMENT ON COLUMN change_request.opened_at IS 'When it was opened.';
COMMENT ON COLUMN change_request.first_commit_at IS 'Author time of the first of its commits.';
COMMENT ON COLUMN change_request.first_review_at IS 'When a user other than its author first reviewed it.';
COMMENT ON COLUMN change_request.approved_at IS 'When it was first approved.';
COMMENT ON COLUMN change_request.merged_at IS 'When it was merged, by the clock of the host.';
COMMENT ON COLUMN change_request.sha IS 'Full id of the commit that it became on its branch.';
COMMENT ON COLUMN change_request.labels IS 'Its labels at the host.';

CREATE TABLE incident (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  application VARCHAR NOT NULL, opened_at TIMESTAMP NOT NULL, resolved_at TIMESTAMP, deployment VARCHAR, commit VARCHAR,
  severity VARCHAR, title VARCHAR, url VARCHAR);
COMMENT ON TABLE incident IS 'One incident of one application.';
COMMENT ON COLUMN incident.application IS 'Application with the incident.';
COMMENT ON COLUMN incident.opened_at IS 'When it opened.';
COMMENT ON COLUMN incident.resolved_at IS 'When it was resolved; null while open.';
COMMENT ON COLUMN incident.deployment IS 'Id of the deployment or execution that caused it; null if unknown.';
COMMENT ON COLUMN incident.commit IS 'Commit that caused it; null if unknown.';
COMMENT ON COLUMN incident.severity IS 'Severity as the incident tool names it.';
COMMENT ON COLUMN incident.title IS 'Title.';
COMMENT ON COLUMN incident.url IS 'Page of the incident for people.';

CREATE TABLE incident_event (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL,
  incident VARCHAR NOT NULL, application VARCHAR NOT NULL, event VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL,
  deployment VARCHAR, title VARCHAR);
COMMENT ON TABLE incident_event IS 'One event of an incident, from a source that reports events one by one.';
COMMENT ON COLUMN incident_event.incident IS 'Id of the incident.';
COMMENT ON COLUMN incident_event.application IS 'Application with the incident.';
COMMENT ON COLUMN incident_event.event IS 'opened or resolved.';
COMMENT ON COLUMN incident_event.happened_at IS 'When it happened.';
COMMENT ON COLUMN incident_event.deployment IS 'Id of the deployment or execution that caused it; null if unknown.';
COMMENT ON COLUMN incident_event.title IS 'Title of the incident.';

-- Bookkeeping: loads, control totals, watermarks and quarantine.

CREATE TABLE contract (version INTEGER NOT NULL);
COMMENT ON TABLE contract IS 'The number of this contract, raised with every change of a table or column, or of its meaning.';
INSERT INTO contract VALUES (4);

CREATE TABLE load (
  load_id VARCHAR NOT NULL, source VARCHAR NOT NULL, started_at TIMESTAMP NOT NULL, finished_at TIMESTAMP,
  as_of TIMESTAMP, documents BIGINT NOT NULL, quarantined BIGINT NOT NULL, partial_failures VARCHAR[] NOT NULL);
COMMENT ON TABLE load IS 'One run of one source; finished_at is null if it did not complete.';
COMMENT ON COLUMN load.as_of IS 'Instant up to which the facts of the source are complete, by the clock of the source if it has one.';
COMMENT ON COLUMN load.documents IS 'Documents received.';
COMMENT ON COLUMN load.quarantined IS 'Documents that could not be read.';
COMMENT ON COLUMN load.partial_failures IS 'Parts of the source that could not be fetched.';

CREATE TABLE control_total (
  table_name VARCHAR NOT NULL, rows BIGINT NOT NULL, checksum HUGEINT NOT NULL, load_id VARCHAR NOT NULL, engine VARCHAR NOT NULL);
COMMENT ON TABLE control_total IS 'Row count and checksum of each table after the last commit; compared whenever the file is opened.';
COMMENT ON COLUMN control_total.checksum IS 'Sum of the hashes of all rows, updated with each commit.';
COMMENT ON COLUMN control_total.engine IS 'Version of DuckDB that computed the hashes.';

CREATE TABLE watermark (source VARCHAR NOT NULL, stream VARCHAR NOT NULL, value VARCHAR NOT NULL, load_id VARCHAR NOT NULL);
COMMENT ON TABLE watermark IS 'How far each stream of each source has been read; committed with the rows it covers.';

CREATE TABLE quarantine (
  source VARCHAR NOT NULL, id VARCHAR NOT NULL, load_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, reason VARCHAR NOT NULL,
  excerpt VARCHAR, resolved_at TIMESTAMP);
COMMENT ON TABLE quarantine IS 'One document or row that could not be read, with the reason.';
COMMENT ON COLUMN quarantine.resolved_at IS 'When the same input was read without an error, or was no longer in its file; null while open.';
COMMENT ON COLUMN quarantine.kind IS 'Kind of document or row.';
COMMENT ON COLUMN quarantine.reason IS 'Why it could not be read.';
COMMENT ON COLUMN quarantine.excerpt IS 'Its beginning.';
