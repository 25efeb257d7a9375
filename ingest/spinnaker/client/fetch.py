"""What is requested from Gate, in which order: applications, each application, then what no search returns.

Executions that had not ended when last read are fetched by id until they have; so are those that failed recently
and may have been restarted. Those of deleted pipelines and of strategies are fetched by pipeline. Both are for all
applications together, since Gate limits the number of requests.

The next run notices a restart if it has not ended by then, however old the execution is. A restart that began and
ended between two runs is noticed if the execution had failed or been canceled and was built within ``restart_days``
before the last run, or is within the overlap; otherwise ``--since`` reads history again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from dora.errors import DoraError, UsageError, counted
from ingest.core.names import matches
from ingest.core.source import AsOf, Item, Note, PartialFailure, Progress, Request, SourceState, Watermark
from ingest.http.session import ForbiddenError, RequestError
from ingest.payloads.archive import Document
from ingest.spinnaker.client.application import ApplicationReader, RunContext
from ingest.spinnaker.client.child_executions import PENDING, ChildExecutions
from ingest.spinnaker.client.coverage import DAY
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.paging import get_batches
from ingest.spinnaker.client.parallel import merge_streams
from ingest.spinnaker.client.refetch import list_unfinished_of_pipelines, list_unsearchable, refetch_executions
from ingest.spinnaker.model.coerce import COMPLETE
from ingest.spinnaker.settings import Settings

READERS = 4
DELETED_PIPELINE_DAYS = 14 * DAY  # Orca's tasks.controller.daysOfExecutionHistory
RESTARTABLE = frozenset({"failed", "canceled"})


class GateReader:
    """One run over one Gate."""

    def __init__(self, gate: Gate, settings: Settings, request: Request, state: SourceState) -> None:
        self._gate, self._settings, self._request, self._state = gate, settings, request, state
        self._failures: list[DoraError] = []
        self._forbidden: list[str] = []
        self._applications: dict[str, ApplicationReader] = {}
        self._now = 0
        ended_ids = {execution.id for execution in state.recent_executions if execution.status in COMPLETE}
        self._children = ChildExecutions(state.watermarks.get(PENDING), ended_ids)

    def read(self) -> Iterator[Item]:
        """Yield everything that the request asks for, and the child executions.

        An application that can not be read is a partial failure; if none can be read, its error is raised.
        """
        yield from self._children.collect(self._read_listings())
        read_ids = self._listed_ids() | self._changeable_ids()
        read_ids.update(execution.id for execution in self._state.unfinished_executions)
        yield from self._children.fetch(self._gate, read_ids, self._now)

    def _listed_ids(self) -> set[str]:
        return {id_ for application in self._applications.values() for id_ in application.history.ids}

    def _read_listings(self) -> Iterator[Item]:
        applications, date = self._gate.list_applications()
        as_of = date or datetime.now(UTC)
        self._now = int(as_of.timestamp() * 1000)
        yield AsOf(as_of)
        names = [name for name in sorted(applications) if matches(name, self._settings.applications)]
        yield from self._report_hidden(applications, names)
        names = self._select(names)
        yield from (Document("application", applications[name]) for name in names)
        try:
            yield from (Document("account", body) for body in self._gate.list_accounts())
        except (RequestError, ForbiddenError) as error:
            yield Progress(f"accounts: {error.happened}")
        yield from merge_streams([partial(self._read_application, name) for name in names], READERS)
        yield from self._report_forbidden(len(names))
        if names and len(self._failures) == len(names):
            raise self._failures[0]
        yield from self._read_unsearchable()
        yield from self._read_disabled()
        yield from refetch_executions(self._gate, sorted(self._changeable_ids()), self._now)
        yield from self._read_other_applications(applications)

    def _report_hidden(self, applications: Collection[str], names: Sequence[str]) -> Iterator[Item]:
        """Report once which applications the last run could read and this one can not."""
        globs = self._settings.applications
        before = msgspec.json.decode(self._state.watermarks.get("applications", "[]"), type=list[str])
        lost = [name for name in before if name not in applications and matches(name, globs)]
        if lost:
            yield PartialFailure(
                f"Gate no longer shows {len(lost)} of {len(before)} applications: {', '.join(lost)};"
                " they were deleted, or the READ permission was."
            )
        landed = {pipeline.application for pipeline in self._state.pipelines if matches(pipeline.application, globs)}
        if hidden := landed.difference(applications, lost):
            number = counted(len(hidden), "application")
            yield Note(f"{number} of earlier runs still hidden or deleted: `dora doctor` lists them")
        yield Watermark("applications", msgspec.json.encode(names).decode())

    def _select(self, names: list[str]) -> list[str]:
        if not self._request.applications:
            return names
        selected = [name for name in names if matches(name, self._request.applications)]
        if not selected:
            raise UsageError(
                f"Gate shows no application {', '.join(self._request.applications)}; nothing was fetched.",
                "check the name, `applications` in [sources.spinnaker], and the token's READ permission.",
            )
        return selected

    def _read_application(self, name: str) -> Iterator[Item]:
        run = RunContext(self._gate, self._settings, self._request, self._state, self._now)
        application = ApplicationReader(run, name)
        try:
            yield from application.read()
            self._applications[name] = application
        except ForbiddenError as error:
            self._failures.append(error)
            self._forbidden.append(name)
        except RequestError as error:
            self._failures.append(error)
            yield PartialFailure(f"application {name}: {error.happened}")

    def _report_forbidden(self, total: int) -> Iterator[Item]:
        """Report in one sentence what Gate lists and refuses to read; raises if that is everything."""
        if not self._forbidden:
            return
        forbidden = len(self._forbidden)
        message = f"Gate refuses {forbidden} of {total} applications (403): {', '.join(sorted(self._forbidden))}"
        if forbidden == total:
            raise ForbiddenError(f"{message}; nothing new was landed.", "request READ permission on them.")
        yield PartialFailure(f"{message}; request READ permission on them")

    def _read_unsearchable(self) -> Iterator[Item]:
        """Yield executions of strategies, and of pipelines that are no longer configured."""
        applications = self._applications
        since = {id_: application.since for application in applications.values() for id_ in application.strategy_ids}
        for id_, name in self._state.pipelines:
            application = applications.get(name)
            if application is None or id_ in application.disabled_by_pipeline or id_ in application.strategy_ids:
                continue
            deleted_at = self._state.watermarks.get(f"deleted/{id_}")
            # Gate lists what a deleted pipeline ran for 14 days; after that a request would return nothing.
            if self._now - int(deleted_at or self._now) > DELETED_PIPELINE_DAYS:
                continue
            since[id_] = application.since
            if deleted_at is None:
                yield Watermark(f"deleted/{id_}", str(self._now))
        try:
            for execution in list_unsearchable(self._gate, since):
                for application in applications.values():
                    application.history.ids.add(execution.id)
                yield Document("execution", execution.body)
        except (RequestError, ForbiddenError) as error:
            yield PartialFailure(f"executions of deleted pipelines and strategies: {error.happened}")

    def _read_disabled(self) -> Iterator[Item]:
        """Yield unfinished executions of disabled pipelines, unless their application has listed them."""
        disabled = [application.disabled_by_pipeline for application in self._applications.values()]
        pipeline_ids = sorted(id_ for pipelines in disabled for id_ in pipelines if pipelines[id_])
        listed_ids = self._listed_ids()
        try:
            for execution in list_unfinished_of_pipelines(self._gate, pipeline_ids):
                if execution.id not in listed_ids:
                    yield Document("execution", execution.body)
        except (RequestError, ForbiddenError) as error:
            yield PartialFailure(f"restarts of disabled pipelines may be missing: {error.happened}")

    def _read_other_applications(self, applications: Collection[str]) -> Iterator[Item]:
        """Yield unfinished children in applications that are not read: an execution that is read started them."""
        ids = sorted(
            execution.id
            for execution in self._state.unfinished_executions
            if execution.application not in applications
            or not matches(execution.application, self._settings.applications)
        )
        for _, bodies in get_batches(self._gate, ids):
            yield from (Document("execution", body) for body in bodies.values())

    def _changeable_ids(self) -> set[str]:
        """Return executions that no listing returned, and that may have changed since the last run."""
        applications, span = self._applications, self._settings.restart_days * DAY
        restartable_since = {
            name: (application.history.last_run or self._now) - span for name, application in applications.items()
        }
        candidates: set[tuple[str, str]] = set(self._state.unfinished_executions)
        for id_, name, _, status, queued_at in self._state.recent_executions:
            if status in RESTARTABLE and queued_at >= restartable_since.get(name, self._now):
                candidates.add((id_, name))
        return {id_ for id_, name in candidates if name in applications and id_ not in applications[name].history.ids}
