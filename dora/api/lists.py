"""The rows of a build in a scope: observations, lists, audit, and why one deployment is what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

from dora.analysis import deployment_explanation, events, rollbacks
from dora.analysis.audit.changes import ChangeFilter, ChangeList, list_changes
from dora.analysis.audit.trail import AuditTrail, read_audit_trail
from dora.api.build import OpenBuild
from dora.api.keywords import Grouping, Window, takes
from dora.query import lists
from dora.query import metric as query
from dora.query.rows import Rows
from dora.query.value import EVERYTHING, Scope


class Lists(OpenBuild):
    """The rows behind numbers, each as a dictionary; ``df()`` makes a frame of them."""

    @takes(Grouping)
    def observations(self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> Rows:
        """Return the observations behind a metric, excluded ones with their reason."""
        return query.list_observations(self.connection(), name, scope)

    @takes(Grouping)
    def explain(self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Grouping]) -> Rows:
        """Return the observations with details of each subject: people, times, evidence, links."""
        return query.explain_metric(self.connection(), name, scope)

    @takes(Grouping)
    def query_observations(
        self, name: str, scope: Scope, sql: str, parameters: Sequence[object] = (), **_words: Unpack[Grouping]
    ) -> Rows:
        """Return the rows of a SELECT over the observations behind a metric, for which ``$observations`` stands, once.

        Their columns are application, happened_at, subject, value, censored, excluded, team, grp and period.
        """
        return query.query_observations(self.connection(), name, scope, sql, parameters)

    @takes(Window)
    def list_rows(self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> Rows:
        """Return the rows of a list in a scope, the latest first; ``change_timeline`` has one row per change."""
        return lists.list_rows(self.connection(), name, scope)

    @takes(Window)
    def older_detail(self, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> str | None:
        """Return where the detail is that a scope reaches and the build leaves out; null if it leaves out none of it.

        Then changes, and targets, stages and commits of deployments, are incomplete there; metrics never are.
        """
        return lists.describe_older_detail(self.connection(), scope)

    @takes(Window)
    def analyse(self, name: str, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> Rows:
        """Return the rows of an analysis in a scope, such as ``changes_by_hour`` or ``approval_waits``."""
        return lists.run_analysis(self.connection(), name, scope)

    @takes(Window)
    def query_list(
        self,
        sql: str,
        scope: Scope = EVERYTHING,
        parameters: Mapping[str, object] | None = None,
        **_words: Unpack[Window],
    ) -> Rows:
        """Return the rows of a SELECT in which ``$canary_outcomes`` is that table in a scope; so are others with times.

        ``parameters`` fill ``$name``.
        """
        return lists.run_in_scope(self.connection(), sql, scope, **parameters or {})

    @takes(Window)
    def events(self, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> Rows:
        """Return the noted events that concern a scope and overlap its window, the latest first.

        ``happened_at`` and ``until`` are UTC; applications and teams are empty for the whole organisation.
        """
        return events.list_events(self.connection(), scope)

    def event_day(self, event_id: str) -> str:
        """Return the local day of a noted event as ISO 8601; raises ``UsageError`` if there is none with this id."""
        return events.find_day(self.connection(), event_id)

    @takes(Window)
    def audit(
        self,
        scope: Scope = EVERYTHING,
        exception: str | None = None,
        limit: int | None = None,
        **_words: Unpack[Window],
    ) -> AuditTrail:
        """Return the audit trail of a scope; its rows are the latest ``limit`` with one exception, if it is named."""
        return read_audit_trail(self.connection(), scope, ChangeFilter(exception), limit)

    @takes(Window)
    def changes(
        self,
        scope: Scope = EVERYTHING,
        limit: int | None = None,
        *,
        exception: str | None = None,
        hour: int | None = None,
        search: str = "",
        **_words: Unpack[Window],
    ) -> ChangeList:
        """Return the latest production changes that match ``exception``, ``hour``, ``search`` of ``ChangeFilter``."""
        return list_changes(self.connection(), scope, ChangeFilter(exception, hour, search), limit)

    @takes(Window)
    def rollbacks(self, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> rollbacks.Rollbacks:
        """Return the rollbacks of a scope with their coverage, in rows and ``sentences``."""
        return rollbacks.list_rollbacks(self.connection(), scope)

    @takes(Window)
    def definitions(self, name: str | None, scope: Scope = EVERYTHING, **_words: Unpack[Window]) -> Rows:
        """Return the definitions that shaped a metric (all for None) in a scope: key, value, description, count."""
        return query.definitions_in_force(self.connection(), name, scope)

    def explain_deployment(self, deployment_id: str) -> deployment_explanation.DeploymentExplanation:
        """Return why a deployment is what it is; raises ``UsageError`` if the id names none, or several."""
        return deployment_explanation.explain_deployment(self.connection(), str(deployment_id))
