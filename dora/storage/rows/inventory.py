"""What a source knows beside executions: applications, accounts and pipelines."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import Flag, Micros, Row, Text, Time


class Application(Row, frozen=True, kw_only=True):
    """One application (service) that a source knows."""

    application: Annotated[str, "Name of the application."]
    team: Annotated[Text, "Team that owns it according to the source."] = None
    owner: Annotated[Text, "Contact at the source."] = None
    repository: Annotated[Text, "Repository (owner/name) of its code according to the source."] = None


class Account(Row, frozen=True, kw_only=True):
    """One account to which applications are deployed; its environment helps to define production."""

    account: Annotated[str, "Name of the account."]
    environment: Annotated[Text, "Environment of the account at the source, such as prod."] = None
    provider: Annotated[Text, "Platform, such as kubernetes."] = None


class Pipeline(Row, frozen=True, kw_only=True):
    """One pipeline with its current configuration."""

    application: Annotated[str, "Application that the pipeline belongs to."]
    pipeline: Annotated[Text, "Name of the pipeline."] = None
    template_kind: Annotated[
        Text, "v1 or v2 for a managed template, convention if only its name or a key says so, else null."
    ] = None
    template: Annotated[Text, "Id of the template it is made from."] = None
    template_version: Annotated[Text, "Tag or digest of that template."] = None
    protected: Annotated[Flag, "True if its template forbids changes of its stages."] = None
    disabled: Annotated[Flag, "True if it can not be triggered."] = None
    has_canary: Annotated[Flag, "True if it has a canary stage."] = None
    has_approval: Annotated[Flag, "True if it has a manual judgment stage."] = None
    has_rollback: Annotated[Flag, "True if it has a rollback stage."] = None
    updated_at: Annotated[Micros, "When it was last changed."] = None


class PipelineRevision(Row, frozen=True, kw_only=True):
    """One earlier configuration of a pipeline; id is pipeline@time."""

    pipeline_id: Annotated[str, "The pipeline."]
    application: Annotated[str, "Application that the pipeline belongs to."]
    template: Annotated[Text, "Id of the template it was made from."] = None
    template_version: Annotated[Text, "Tag or digest of that template."] = None
    updated_at: Annotated[Micros, "When this configuration was saved."] = None
    updated_by: Annotated[Text, "User who saved it."] = None


class EnvironmentEvent(Row, frozen=True, kw_only=True):
    """One event of an environment, which tells its name."""

    environment_id: Annotated[str, "Id of the environment, which deployments and incidents have in place of its name."]
    system: Annotated[Text, "System in which the id is unique; null if unknown."] = None
    name: Annotated[Text, "Name of the environment, such as production; null if the event has none."] = None
    happened_at: Annotated[Time, "When it happened."]
