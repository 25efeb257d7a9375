"""Executions with their stages, rollouts and approvals, and how completely they were read."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import Flag, Int32, Micros, Number, Numbers, Revision, Row, Text, Texts, Time


class Execution(Row, frozen=True, kw_only=True):
    """One run of a pipeline, or one operation started manually."""

    revision: Revision = 0
    external_id: Annotated[Text, "Id in the system that reports it, which rows may share; null if it is id."] = None
    system: Annotated[Text, "System that reports it and in which its id is unique; null if the source is one."] = None
    application: Annotated[str, "Application it ran for."]
    pipeline: Annotated[Text, "Name of the pipeline, or description of the operation."] = None
    pipeline_id: Annotated[Text, "Id of the pipeline; null for an operation started manually."] = None
    root_id: Annotated[str, "Id of the execution at the root of its tree; its own id if no execution started it."]
    parent_id: Annotated[Text, "Id of the execution that started it."] = None
    chain: Annotated[Text, "Chain of events that it belongs to, which all systems name alike."] = None
    status: Annotated[str, "One of not_started, running, succeeded, failed, canceled, skipped, unknown."]
    queued_at: Annotated[Micros, "When it was triggered."] = None
    started_at: Annotated[Micros, "When it last began to run (a restart moves it)."] = None
    finished_at: Annotated[Micros, "When it completed."] = None
    trigger: Annotated[Text, "What triggered it: git, build, image, manual, pipeline, webhook, schedule, other."] = None
    triggered_by: Annotated[Text, "User or system that triggered it."] = None
    dry_run: Annotated[bool, "True for a dry run, which changes nothing."] = False
    repository: Annotated[Text, "Repository (owner/name) of the commit."] = None
    commit: Annotated[Text, "Commit that it deploys, possibly abbreviated."] = None
    branch: Annotated[Text, "Branch of that commit."] = None
    commit_origin: Annotated[Text, "Where the commit was found, such as trigger or build."] = None
    reason: Annotated[Text, "Why it was canceled or failed."] = None
    url: Annotated[Text, "Page of the execution for people."] = None


class ExecutionAttempt(Row, frozen=True, kw_only=True):
    """One failed attempt of a rollout or execution, kept because a restart overwrites it at the source."""

    execution_id: Annotated[str, "Execution it belongs to."]
    rollout_id: Annotated[Text, "Rollout that failed; null if only the restart is known."] = None
    started_at: Annotated[Micros, "When the attempt began; null if only the restart is known."] = None
    ended_at: Annotated[Micros, "When it failed, or was restarted."] = None
    first_traffic_at: Annotated[Micros, "When its version first took traffic; null if never or unknown."] = None
    restarted_by: Annotated[Text, "User who restarted it."] = None
    reason: Annotated[Text, "Why it failed."] = None


class DeletedExecution(Row, frozen=True, kw_only=True):
    """One execution that its source has deleted; its rows stay in landing."""

    noticed_at: Annotated[Time, "When it was first missing."]


class Coverage(Row, frozen=True, kw_only=True):
    """One period in which all executions of an application were read; the time between two periods is a gap."""

    application: Annotated[str, "The application."]
    since: Annotated[Time, "Start: the oldest execution that the source still had, or the end of the previous run."]
    until: Annotated[Time, "End: the time of the run."]


class Stage(Row, frozen=True, kw_only=True):
    """One stage of an execution, as it last ran."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution it belongs to."]
    parent_id: Annotated[Text, "Stage that contains it."] = None
    name: Annotated[Text, "Its name."] = None
    kind: Annotated[
        str, "deploy, rollback, restart, scale, canary, approval, build, bake, test, wait, window, child, other."
    ]
    status: Annotated[str, "Its status."]
    started_at: Annotated[Micros, "When it began."] = None
    finished_at: Annotated[Micros, "When it ended."] = None
    reason: Annotated[Text, "Why it failed."] = None


class Rollout(Row, frozen=True, kw_only=True):
    """One change of the version that runs on one target; a deployment has one or many."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution that made the change."]
    application: Annotated[str, "Application that changes."]
    other_application: Annotated[
        Text, "Application that the stage or the server group names, where the manifest or the stage names another."
    ] = None
    action: Annotated[
        str,
        "deploy, rollback, restart, scale, enable, disable, delete, or what people do to what waits: "
        "promote (to its next pause), promote_fully, abort; completed or aborted in the cluster.",
    ]
    role: Annotated[Text, "canary if it only serves a canary analysis, else null."] = None
    strategy: Annotated[
        Text,
        "How traffic moves: none, redblack, bluegreen, highlander, rollingredblack, rollingpush, monitored, "
        "custom, weights, dark.",
    ] = None
    environment: Annotated[Text, "Environment according to the source; null if the definitions decide."] = None
    target: Annotated[Text, "Part of the environment, according to the source; null for a single one."] = None
    account: Annotated[Text, "Target account."] = None
    location: Annotated[Text, "Namespace or region."] = None
    cluster: Annotated[Text, "Cluster or workload name."] = None
    workload_kind: Annotated[
        Text, "Kind of the manifest that holds the pod template, else what kind of thing it is; null if unknown."
    ] = None
    status: Annotated[str, "Its status; not_started if it was planned and never reached."]
    started_at: Annotated[Micros, "When it began."] = None
    accepted_at: Annotated[Micros, "When the cluster accepted it; null if it was refused or not begun."] = None
    first_traffic_at: Annotated[Micros, "When the new version first took traffic; null if it never did."] = None
    earliest_traffic_at: Annotated[
        Micros, "When it can have taken traffic at the earliest, if the source does not say when; else null."
    ] = None
    full_traffic_at: Annotated[Micros, "When the new version took all traffic of the target; null if never."] = None
    finished_at: Annotated[Micros, "When it ended, including clean-up."] = None
    version: Annotated[Text, "Version where there is no pod template: a machine image, or what a file says."] = None
    images: Annotated[Texts, "Images of the pod template: containers in their order, then init containers."] = None
    template: Annotated[Text, "Hash of the pod template without images, labels, annotations and variables."] = None
    template_keys: Annotated[
        Texts, "Labels, annotations and variables of the pod template: name=hash of the value:class of the value."
    ] = None
    labels: Annotated[Texts, "Labels of the pod template, name=value."] = None
    commit: Annotated[Text, "Commit that a label or annotation of the manifest names."] = None
    server_group: Annotated[Text, "Server group or revision that it created."] = None
    pause_weights: Annotated[
        Numbers,
        "Percentages of the traffic at which it waits until somebody promotes it, where another version served before.",
    ] = None
    aborted_by_analysis: Annotated[Flag, "True if an analysis of its own stopped it; null if none did."] = None
    services: Annotated[Texts, "Services among which it divides its traffic itself."] = None
    restores: Annotated[Text, "Server group or revision that a rollback restored."] = None
    steps_back: Annotated[Int32 | None, "Number of revisions that a rollback went back."] = None
    kind: Annotated[Text, "Kind according to the source: release, hotfix, rollback, redeploy, config, promotion."] = (
        None
    )
    reason: Annotated[Text, "Why it failed or was made."] = None


class ConfigManifest(Row, frozen=True, kw_only=True):
    """One manifest without a pod template that an execution applied: configuration beside the workloads."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution that applied it."]
    application: Annotated[str, "Application that it belongs to."]
    action: Annotated[str, "deploy, patch or delete."]
    account: Annotated[Text, "Target account."] = None
    location: Annotated[Text, "Namespace."] = None
    kind: Annotated[str, "Kind of the manifest."]
    name: Annotated[Text, "Its name, without a version."] = None
    fingerprint: Annotated[Text, "Hash of its content; null if unknown."] = None
    status: Annotated[str, "Status of its stage."]
    started_at: Annotated[Micros, "When its stage began."] = None
    applied_at: Annotated[Micros, "When it was in force; null if it was refused."] = None
    finished_at: Annotated[Micros, "When its stage ended."] = None
    reason: Annotated[Text, "Why it failed."] = None


class TrafficRoute(Row, frozen=True, kw_only=True):
    """One destination of a manifest or stage that divides traffic."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution that applied it."]
    application: Annotated[str, "Application that it belongs to."]
    account: Annotated[Text, "Target account."] = None
    location: Annotated[Text, "Namespace or region."] = None
    kind: Annotated[str, "virtualservice, destinationrule, httproute, trafficsplit or function."]
    name: Annotated[Text, "Name of the manifest or function."] = None
    host: Annotated[str, "Host of the destination."]
    subset: Annotated[
        Text,
        "Subset of the host; of a function its version: a number, latest, previous or oldest. Null if there is none.",
    ] = None
    labels: Annotated[Texts, "Labels that a destination rule selects for the subset."] = None
    weight: Annotated[Number, "Share of the traffic in percent; null for a destination rule."] = None
    status: Annotated[str, "Status of its stage."]
    started_at: Annotated[Micros, "When its stage began."] = None
    applied_at: Annotated[Micros, "When it was in force; null if it was refused."] = None


class Approval(Row, frozen=True, kw_only=True):
    """One manual judgment: an execution waits until a user decides."""

    revision: Revision = 0
    execution_id: Annotated[str, "Execution that waits."]
    prompt: Annotated[Text, "Instructions that the prompt shows."] = None
    outcome: Annotated[str, "decided, waiting, timed_out, passed_by_timeout, skipped, canceled."] = "decided"
    decision: Annotated[Text, "continue or stop; null if no user decided."] = None
    answer: Annotated[Text, "Option that the user selected; null if the prompt has no options."] = None
    decided_by: Annotated[Text, "User who decided; null if no user did or a later click replaced the name."] = None
    unauthorized_user: Annotated[Text, "User who last tried to decide without permission."] = None
    unauthorized_at: Annotated[Micros, "When that user tried."] = None
    skipped_by: Annotated[Text, "User who skipped it; null if its pipeline did."] = None
    roles: Annotated[Text, "Roles that may decide, joined by a space."] = None
    status: Annotated[str, "Status of its stage."]
    started_at: Annotated[Micros, "When the prompt opened."] = None
    decided_at: Annotated[Micros, "When the decision was made."] = None
    finished_at: Annotated[Micros, "When the execution continued or stopped."] = None


class ApprovalEvent(Row, frozen=True, kw_only=True):
    """One event of an approval, from a source that reports events one by one."""

    approval: Annotated[str, "Id of the approval."]
    system: Annotated[Text, "System in which the id of the approval is unique; null if unknown."] = None
    event: Annotated[str, "opened or closed."]
    happened_at: Annotated[Time, "When it happened."]
    chain: Annotated[Text, "Chain of events that it belongs to; null if unknown."] = None
    deployment: Annotated[Text, "Id of the deployment that it names; null if it names none."] = None
    outcome: Annotated[Text, "decided, timed_out, canceled; null until it is closed."] = None
    decision: Annotated[Text, "continue or stop; null if no user decided."] = None
    decided_by: Annotated[Text, "User who decided."] = None
    url: Annotated[Text, "Page of the approval for people."] = None
