"""The fields of Spinnaker's JSON that carry meaning here, typed; everything else is skipped unread.

Structure (objects, lists of stages) is checked, single values are not (see ``values``): contexts hold whatever a
pipeline's author wrote. Orca leaves out nulls or writes them, by version: absent and null are the same here.
What is decoded can hold no cycle, so the garbage collector need not look through it (a third of the decoding time).
"""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.spinnaker.model.coerce import as_status

NULL = msgspec.Raw(b"null")


class Task(msgspec.Struct, rename="camel", gc=False):
    """One step of a stage; times in epoch milliseconds."""

    name: Any = None
    status: Any = None
    end_time: Any = None
    task_exception_details: msgspec.Raw = NULL


class Context(msgspec.Struct, rename="camel", gc=False):
    """What a stage was asked and what it found, for the stage types that are recognised."""

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
    strategy: Any = None
    scale_pct: Any = None
    stack: Any = None
    free_form_details: Any = None
    clusters: msgspec.Raw = NULL
    manifest_name: Any = None
    resolved_name: Any = msgspec.field(default=None, name="manifest.name")
    criteria: Any = None
    function_name: Any = None
    deployment_strategy: Any = None
    version_name_a: Any = None
    version_name_b: Any = None
    traffic_percent_a: Any = None
    traffic_percent_b: Any = None
    manifests: msgspec.Raw = NULL
    patch_body: msgspec.Raw = NULL
    deployed: msgspec.Raw = msgspec.field(default=NULL, name="outputs.manifests")
    manifest_names: Any = msgspec.field(default=None, name="outputs.manifestNamesByNamespace")
    server_groups: Any = msgspec.field(default=None, name="deploy.server.groups")
    traffic_management: Any = None
    ami_name: Any = None
    image_name: Any = None
    image: Any = None
    image_id: Any = None
    revision: Any = None
    num_revisions_back: Any = None
    rollback_context: Any = None
    server_group_name: Any = None
    asg_name: Any = None
    target: Any = None
    reason: Any = None
    restart_details: msgspec.Raw = NULL
    execution_id: Any = None
    failed_manifests: msgspec.Raw = NULL
    job_status: msgspec.Raw = NULL
    exception: msgspec.Raw = NULL
    kato_tasks: msgspec.Raw = msgspec.field(default=NULL, name="kato.tasks")
    failure_messages: Any = None
    build_info: msgspec.Raw = NULL
    property_file_contents: msgspec.Raw = NULL
    commits: msgspec.Raw = NULL
    ami_details: msgspec.Raw = NULL
    instructions: Any = None
    judgment_status: Any = None
    judgment_input: Any = None
    last_modified_by: Any = None
    selected_stage_roles: Any = None
    required_judgment_roles: Any = None
    analysis_type: Any = None
    canary_config: Any = None
    canary_score: Any = None
    canary_scores: Any = None
    canary_score_message: Any = None
    score_thresholds: Any = None
    canary: Any = None
    warnings: Any = None
    canary_execution: Any = msgspec.field(default=None, name="canaryPipelineExecutionId")


class Stage(msgspec.Struct, rename="camel", gc=False):
    """One stage, top level or synthetic; ``ref_id`` is its place in the pipeline's graph."""

    id: str
    ref_id: Any = None
    type: Any = None
    name: Any = None
    status: Any = None
    start_time: Any = None
    end_time: Any = None
    parent_stage_id: str | None = None
    last_modified: Any = None
    tasks: list[Task] | None = None
    outputs: msgspec.Raw = NULL
    context: Context | None = None

    @property
    def values(self) -> Context:
        """Its context; an empty one where the server left it out."""
        return self.context or EMPTY_CONTEXT

    @property
    def state(self) -> str:
        """Its status in the contract's words."""
        return as_status(self.status)


class BuildContext(msgspec.Struct, rename="camel", gc=False):
    """What the stage of a parent execution says of a build."""

    build_info: msgspec.Raw = NULL
    property_file_contents: msgspec.Raw = NULL
    commits: msgspec.Raw = NULL
    ami_details: msgspec.Raw = NULL


class ParentStage(msgspec.Struct, gc=False):
    """One stage of a parent execution, as nested in a trigger."""

    type: Any = None
    outputs: msgspec.Raw = NULL
    context: BuildContext | None = None

    @property
    def values(self) -> BuildContext:
        """Its context; an empty one where the server left it out."""
        return self.context or EMPTY_BUILD_CONTEXT


class ParentExecution(msgspec.Struct, gc=False):
    """The execution that started one, as nested in its trigger."""

    id: str = ""
    trigger: Trigger | None = None
    stages: list[ParentStage | str] | None = None


class Trigger(msgspec.Struct, rename="camel", gc=False):
    """What started an execution. A manual re-run keeps the fields of what it repeats: read fields, then type."""

    type: Any = None
    user: Any = None
    dry_run: Any = None
    is_dry_run: Any = None
    strategy: Any = None
    is_strategy: Any = None
    source: Any = None
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
    parent_execution_id: Any = None


class Execution(msgspec.Struct, rename="camel", gc=False):
    """One pipeline run or orchestration (GET /executions, /pipelines/{id}; ``execution`` of GET /tasks/{id})."""

    id: str
    application: Any = None
    name: Any = None
    description: Any = None
    pipeline_config_id: Any = None
    root_id: Any = None
    build_time: Any = None
    start_time: Any = None
    end_time: Any = None
    status: Any = None
    cancellation_reason: Any = None
    canceled_by: Any = None
    paused: Any = None
    authentication: Any = None
    trigger: Trigger | None = None
    stages: list[Stage | str] | None = None

    def staged(self) -> list[Stage]:
        """Its stages; a list may hold bare ids where a serialiser cut a loop."""
        return [stage for stage in self.stages or () if isinstance(stage, Stage)]


class PolicyInput(msgspec.Struct):
    """An execution, and the stage of it that is about to go on."""

    pipeline: Execution
    stage: Stage | None = None


class PolicyRequest(msgspec.Struct):
    """What the policy plug-in of a Spinnaker distribution is asked."""

    input: PolicyInput


class TaskView(msgspec.Struct):
    """The view model of a task: the execution inside it is whole."""

    execution: Execution


EMPTY_CONTEXT, EMPTY_BUILD_CONTEXT = Context(), BuildContext()


def decode_raw(raw: msgspec.Raw) -> Any:
    """A part that was left unread, as plain objects."""
    return None if raw is NULL else msgspec.json.decode(raw)
