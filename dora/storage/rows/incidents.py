"""Incidents, their events, and verdicts of people on deployments."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import Micros, Revision, Row, Text, Time


class Incident(Row, frozen=True, kw_only=True):
    """One incident of one application."""

    revision: Revision = 0
    external_id: Annotated[Text, "Id in the system that reports it, which rows may share; null if it is id."] = None
    system: Annotated[Text, "System that reports it and in which its id is unique; null if the source is one."] = None
    application: Annotated[str, "Application with the incident."]
    environment: Annotated[Text, "Environment with the incident; null if unknown."] = None
    opened_at: Annotated[Time, "When it opened."]
    resolved_at: Annotated[Micros, "When it was resolved; null while open."] = None
    deployment: Annotated[Text, "Id of the deployment or execution that caused it; null if unknown."] = None
    commit: Annotated[Text, "Commit that caused it; null if unknown."] = None
    severity: Annotated[Text, "Severity as the incident tool names it."] = None
    title: Annotated[Text, "Title."] = None
    url: Annotated[Text, "Page of the incident for people."] = None
    exclusion: Annotated[
        Text, "Why it does not count, such as no application, severity, merged or deleted; null if it does."
    ] = None


class IncidentEvent(Row, frozen=True, kw_only=True):
    """One event of an incident, from a source that reports events one by one."""

    incident: Annotated[str, "Id of the incident."]
    system: Annotated[Text, "System in which the id of the incident is unique; null if unknown."] = None
    application: Annotated[str, "Application with the incident."]
    environment: Annotated[Text, "Environment with the incident; null if unknown."] = None
    event: Annotated[str, "opened or resolved."]
    happened_at: Annotated[Time, "When it happened."]
    deployment: Annotated[Text, "Id of the deployment or execution that caused it; null if unknown."] = None
    title: Annotated[Text, "Title of the incident."] = None


class Verdict(Row, frozen=True, kw_only=True):
    """One verdict of a person: a deployment failed, or it was stable."""

    application: Annotated[Text, "Application of the deployment; null if its id alone says it."] = None
    deployment: Annotated[Text, "Id of the deployment or execution."] = None
    commit: Annotated[Text, "Commit that the deployment shipped, in place of its id."] = None
    verdict: Annotated[str, "failed or stable."]
    decided_by: Annotated[str, "Who decided."]
    decided_at: Annotated[Time, "When it was decided."]
    reason: Annotated[Text, "Why."] = None
