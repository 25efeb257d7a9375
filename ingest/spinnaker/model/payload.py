"""The fields of Spinnaker's JSON that are read, typed; msgspec skips all others undecoded.

Structure and what Orca itself writes (names, statuses, times) are checked: a document in which one has another type is
unreadable. What the author of a pipeline writes is not, and is read by ``coerce``. An absent field and null are the
same: Orca's mapper omits nulls since ``NON_NULL``, older versions write them. A field is ``msgspec.Raw`` if it may be
large (manifests, answers of Clouddriver) and is rarely needed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.spinnaker.model.coerce import as_status

NULL = msgspec.Raw(b"null")
Text = str | None
Time = int | float | str | None  # epoch milliseconds, also as digits

# gc=False on every struct: decoded JSON holds no cycles, and tracking it took a third of the decoding time.


class Task(msgspec.Struct, rename="camel", gc=False):
    """One step of a stage; times in epoch milliseconds."""

    name: Text = None
    raw_status: Text = msgspec.field(default=None, name="status")
    end_time: Time = None
    task_exception_details: msgspec.Raw = NULL

    @property
    def status(self) -> str:
        """Its status in the words of the contract."""
        return as_status(self.raw_status)


class BuildContext(msgspec.Struct, rename="camel", gc=False):
    """What a stage knows of builds and machine images, which may name a commit."""

    build_info: msgspec.Raw = NULL
    property_file_contents: msgspec.Raw = NULL
    commits: msgspec.Raw = NULL
    ami_details: msgspec.Raw = NULL


class Context(BuildContext, rename="camel", gc=False):
    """The configuration and the results of a stage, for the stage types that are recognised."""

    # Where a stage acts; the name of an account depends on the cloud provider.
    account: Any = None
    credentials: Any = None
    deploy_account: Any = msgspec.field(default=None, name="deploy.account.name")
    application: Any = None
    location: Any = None
    namespace_override: Any = None
    region: Any = None
    regions: Any = None
    availability_zones: Any = None
    cluster: Any = None
    moniker: Any = None
    # Server groups of virtual machines.
    clusters: msgspec.Raw = NULL
    strategy: Any = None
    scale_pct: Any = None
    stack: Any = None
    free_form_details: Any = None
    server_groups: Any = msgspec.field(default=None, name="deploy.server.groups")
    server_group_name: Any = None
    asg_name: Any = None
    target: Any = None
    desired_percentage: Any = None
    remaining_enabled_server_groups: Any = None
    ami_name: Any = None
    image_name: Any = None
    image: Any = None
    image_id: Any = None
    # Kubernetes and Cloud Run.
    manifest_name: Any = None
    resolved_name: Any = msgspec.field(default=None, name="manifest.name")
    mode: Any = None
    criteria: Any = None
    manifests: msgspec.Raw = NULL
    manifest: msgspec.Raw = NULL
    patch_body: msgspec.Raw = NULL
    applied: msgspec.Raw = msgspec.field(default=NULL, name="outputs.manifests")
    manifest_names: Any = msgspec.field(default=None, name="outputs.manifestNamesByNamespace")
    traffic_management: Any = None
    # AWS Lambda.
    function_name: Any = None
    deployment_strategy: Any = None
    version_name_a: Any = None
    version_name_b: Any = None
    version_number_a: Any = None
    version_number_b: Any = None
    traffic_percent_a: Any = None
    traffic_percent_b: Any = None
    # Rollbacks.
    revision: Any = None
    num_revisions_back: Any = None
    rollback_context: Any = None
    reason: Any = None
    # Restarts, child pipelines and failures.
    restart_details: msgspec.Raw = NULL
    execution_id: Any = None
    failed_manifests: msgspec.Raw = NULL
    job_status: msgspec.Raw = NULL
    exception: msgspec.Raw = NULL
    kato_tasks: msgspec.Raw = msgspec.field(default=NULL, name="kato.tasks")
    failure_messages: Any = None
    webhook: msgspec.Raw = NULL
    # Manual judgments; the roles have had two names.
    instructions: Any = None
    judgment_status: Any = None
    judgment_input: Any = None
    last_modified_by: Any = None
    selected_stage_roles: Any = None
    required_judgment_roles: Any = None
    mark_successful_on_timeout: Any = None
    stage_timeout_ms: Any = None
    # Canary analysis; `canary` is what orca-mine's monitorCanary found.
    analysis_type: Any = None
    canary_config: Any = None
    canary_score: Any = None
    canary_scores: Any = None
    canary_score_message: Any = None
    score_thresholds: Any = None
    canary: Any = None
    warnings: Any = None
    canary_execution: Any = msgspec.field(default=None, name="canaryPipelineExecutionId")
    canary_pipeline_status: Any = None
    storage_account_name: Any = None


class Stage(msgspec.Struct, rename="camel", gc=False):
    """One stage, top level or synthetic (made by another stage, which ``parent_stage_id`` names)."""

    id: str
    type: Text = None
    name: Text = None
    raw_status: Text = msgspec.field(default=None, name="status")
    start_time: Time = None
    end_time: Time = None
    parent_stage_id: str | None = None
    last_modified: Any = None
    tasks: list[Task] | None = None
    outputs: msgspec.Raw = NULL
    raw_context: Context | None = msgspec.field(default=None, name="context")

    @property
    def context(self) -> Context:
        """Its context; an empty one if the server left it out."""
        return self.raw_context or EMPTY_CONTEXT

    @property
    def status(self) -> str:
        """Its status in the words of the contract."""
        return as_status(self.raw_status)


class ParentStage(msgspec.Struct, gc=False):
    """One stage of a parent execution, as nested in a trigger."""

    type: Any = None
    outputs: msgspec.Raw = NULL
    raw_context: BuildContext | None = msgspec.field(default=None, name="context")

    @property
    def context(self) -> BuildContext:
        """Its context; an empty one if the server left it out."""
        return self.raw_context or EMPTY_BUILD_CONTEXT


class ParentExecution(msgspec.Struct, gc=False):
    """The execution that started another, as nested in the trigger of that."""

    id: str = ""
    trigger: Trigger | None = None
    stages: list[ParentStage | str] | None = None


class Trigger(msgspec.Struct, rename="camel", gc=False):
    """What started an execution. A manual re-run keeps the fields of the trigger that it repeats."""

    type: Text = None
    user: Any = None
    dry_run: Any = None
    is_dry_run: Any = None
    strategy: Any = None
    is_strategy: Any = None
    project: Any = None
    slug: Any = None
    branch: Any = None
    hash: Any = None
    repository: Any = None
    tag: Any = None
    job: Any = None
    build_number: Any = None
    build_info: msgspec.Raw = NULL
    properties: msgspec.Raw = NULL
    parameters: msgspec.Raw = NULL
    artifacts: msgspec.Raw = NULL
    resolved_expected_artifacts: msgspec.Raw = NULL
    payload: msgspec.Raw = NULL
    parent_execution: ParentExecution | None = None
    parent_pipeline_id: Any = None
    parent_pipeline_stage_id: Any = None
    parent_execution_id: Any = None


class Execution(msgspec.Struct, rename="camel", gc=False):
    """A pipeline run (GET /executions, /pipelines/{id}) or an orchestration (``execution`` of GET /tasks/{id})."""

    id: str
    application: Text = None
    name: Text = None
    description: Text = None
    pipeline_config_id: Text = None
    root_id: Any = None
    build_time: Time = None
    start_time: Time = None
    end_time: Time = None
    raw_status: Text = msgspec.field(default=None, name="status")
    cancellation_reason: Text = None
    canceled_by: Text = None
    paused: Any = None
    authentication: Any = None
    trigger: Trigger | None = None
    raw_stages: list[Stage | str] | None = msgspec.field(default=None, name="stages")

    @property
    def stages(self) -> list[Stage]:
        """Its stages, without the bare ids that a serialiser leaves where it cut a loop."""
        return [stage for stage in self.raw_stages or () if isinstance(stage, Stage)]

    @property
    def status(self) -> str:
        """Its status in the words of the contract."""
        return as_status(self.raw_status)


class PolicyInput(msgspec.Struct):
    """An execution, and the stage of it that is about to start."""

    pipeline: Execution
    stage: Stage | None = None


class PolicyRequest(msgspec.Struct):
    """What Armory's policy engine sends to be allowed or denied."""

    input: PolicyInput


class TaskView(msgspec.Struct):
    """The view model of a task (``OrchestrationViewModel``); the execution in it is complete."""

    execution: Execution


EMPTY_CONTEXT, EMPTY_BUILD_CONTEXT = Context(), BuildContext()


def decode_raw(raw: msgspec.Raw) -> Any:
    """Decode a part that was left raw to plain objects; None if it is absent."""
    return None if raw is NULL else msgspec.json.decode(raw)
