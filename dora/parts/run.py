"""The driver of a build in parts: plan, split, let an engine build the parts, join them, publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from dora.config import definitions
from dora.config.engine import EngineSettings, read_engine_settings
from dora.config.settings import Config
from dora.engines.here import count_processes
from dora.engines.task import Task
from dora.errors import DoraError
from dora.parts import layout, plan, split, union
from dora.parts.detail import DetailLimit
from dora.parts.last_build import (
    LastBuild,
    Result,
    read_last_build,
    recall_late_facts,
    remove_old_builds,
    write_last_build,
)
from dora.parts.store import Store
from dora.parts.task import build_part, versions
from dora.sql import catalog
from dora.sql.catalog import CheckResult
from dora.storage import database
from dora.storage.connection import Connection, remove

# The settings that tasks need; those of sources stay where they are.
SETTINGS = ("timezone", "stale_after_hours", "definitions", "teams", "applications", "people", "goals")
PASSES = 4  # the second pass knows what the models of all parts say, and what that ties
RunTasks = Callable[[Sequence[Task]], None]
ATTEMPTS = 10  # numbers of attempts that belong to one pass


class PartsBuild(NamedTuple):
    """A build in parts: the results of its checks, the number of its parts, and of those that were built for it."""

    results: list[CheckResult]
    parts: int
    built: int


def build_in_parts(
    config: Config,
    report: Callable[[str], None] = lambda _: None,
    *,
    landing: Path | None = None,
    only_changed: bool = False,
    run_tasks: RunTasks | None = None,
) -> PartsBuild:
    """Build dora.duckdb from parts of landing.duckdb, which an engine builds; its rows are those of ``build``.

    ``landing`` is another folder to read facts from, ``run_tasks`` another engine than that of the settings. With
    ``only_changed`` a part whose rows are those of the last build keeps its result. Raises ``StaleError`` if a check of
    severity stop finds rows, and ``DoraError`` if a part was not built; the last build stays.
    """
    definitions.validate(config)
    settings = read_engine_settings(config.engine, config.path.parent if config.path else Path())
    data = landing or config.data
    with database.lock(data), TemporaryDirectory(prefix="parts-", dir=config.data) as scratch:
        for abandoned in config.data.glob("parts-*"):  # by runs that were killed
            if abandoned != Path(scratch):
                remove(abandoned)
        driver = Driver(config, settings, data, Path(scratch), report)
        try:
            driver.plan(only_changed=only_changed)
            driver.build(run_tasks or driver.run_tasks)
            return driver.publish()
        finally:
            driver.clean_up()


class Driver:
    """One build in parts, from its plan until it is published; the caller holds the lock of the landing."""

    def __init__(
        self, config: Config, settings: EngineSettings, data: Path, scratch: Path, report: Callable[[str], None]
    ) -> None:
        self._config, self._settings, self._data, self._report = config, settings, data, report
        self._store = Store(settings.store or str(config.data / "store"))
        self._scratch, self._file = scratch, scratch / "plan.duckdb"
        self._id, self._pass, self._snapshots = uuid4().hex, 0, 0
        self._last = read_last_build(self._store)
        self._parts: dict[str, int] = {}  # of each application
        self._count = 0
        self._rows: split.Contents = {}
        self._late: split.Contents = {}
        self._results: list[Result] = []
        self._reusable: dict[tuple[str, str], Result] = {}
        self._built = 0

    def plan(self, *, only_changed: bool) -> None:
        """Divide the applications into parts and write the rows of each part into the store."""
        self._report("plan")
        with self._open() as con:
            plan.prepare(con, self._config)
            if self._last:
                recall_late_facts(con, self._store, self._last)
            if self._last and only_changed:
                self._parts = dict(self._last.parts)
                self._reusable = {(result.content, result.late): result for result in self._last.results}
            self._divide(con)
            self._late = self._write_late(con)

    def build(self, run_tasks: RunTasks) -> None:
        """Let the engine build the parts, again where the models of all parts say what a part could not know."""
        while self._pass < PASSES:
            self._build_pass(run_tasks)
            self._pass += 1
            if self._is_settled():
                return
        raise DoraError("What parts need of each other does not settle; the last build stays.", "report this.")

    def publish(self) -> PartsBuild:
        """Join the parts in dora.duckdb, and make this build the last one of the store. Raises ``StaleError``."""
        self._report("union")
        tables = union.read_results(self._store, [result.folder for result in self._results], self._scratch)
        target = self._config.data / database.PUBLISHED
        with database.write_build(self._data, target, share_memory(self._settings)) as con:
            results = union.join_tables(con, self._config, self._file, tables, self._detail_limit())
        with self._open() as con:
            write_last_build(con, self._store, LastBuild(self._id, self._parts, self._results))
        self._last = None
        return PartsBuild(results, self._count, self._built)

    def _detail_limit(self) -> DetailLimit | None:
        """Leave old detail to a store only where the settings name one: by default it is as lasting as the build."""
        return DetailLimit(self._settings.detail_days, self._store.address) if self._settings.store else None

    def clean_up(self) -> None:
        """Remove the rows that were split, and what no published build needs."""
        for number in range(self._snapshots):
            self._store.delete(f"{layout.LANDING}/{self._id}-{number}")
        remove_old_builds(self._store)

    def _open(self) -> AbstractContextManager[Connection]:
        return database.open_scratch(self._data, self._file, share_memory(self._settings))

    def _divide(self, con: Connection, ties: Sequence[Sequence[str]] = ()) -> None:
        groups = plan.find_groups(con, ties)
        wanted = 1 + max(self._parts.values()) if self._parts else self._settings.parts
        self._count = plan.count_parts(None if wanted == "auto" else wanted, groups)
        self._parts = plan.assign_parts(groups, self._count, self._parts)
        plan.write_parts(con, self._parts, self._count)
        self._report("split")
        self._snapshots += 1
        queries = split.landing_queries() | split.fact_queries()
        self._rows = split.write_rows(con, self._store, queries, self._rows_folder, self._scratch)
        self._store.write_table(f"{self._rows_folder(None)}/build.parquet", con.sql("FROM build").to_arrow_table())

    def _rows_folder(self, part: int | None) -> str:
        return layout.rows_folder(f"{self._id}-{self._snapshots - 1}", part)

    def _late_folder(self, part: int | None) -> str:
        return layout.late_folder(self._id, self._pass, part)

    def _write_late(self, con: Connection) -> split.Contents:
        return split.write_rows(con, self._store, split.late_queries(), self._late_folder, self._scratch)

    def _build_pass(self, run_tasks: RunTasks) -> None:
        keys = [self._key(part) for part in range(self._count)]
        folders = [self._folders(part) for part in range(self._count)]
        document = {
            "settings": self._task_settings(), "versions": versions(), "memory": self._task_memory(),
            "parts": [{"folders": of_part} for of_part in folders],
        }  # fmt: skip
        name = f"{layout.build_folder(self._id)}/{layout.PLAN}"
        self._store.write(name, msgspec.json.encode(document))
        missing = [part for part, key in enumerate(keys) if key not in self._reusable]
        first = ATTEMPTS * self._pass
        run_tasks([Task(self._store.address, self._id, part, first) for part in missing])
        for part in missing:
            attempts = (layout.result_folder(self._id, part, first + number) for number in range(ATTEMPTS))
            done = [folder for folder in attempts if self._store.exists(f"{folder}/{layout.CONTROL}")]
            if not done:
                raise DoraError(f"Part {part} was not built to its end; the last build is kept.", "repeat it.")
            self._reusable[keys[part]] = Result(done[0], *keys[part])
        self._results = [self._reusable[key] for key in keys]
        self._built += len(missing)

    def run_tasks(self, tasks: Sequence[Task]) -> None:
        """Let the engine of the settings carry out tasks."""
        if self._settings.kind == "spark":
            from dora.engines import spark  # noqa: PLC0415 - an extra

            spark.run(tasks, build_part, self._settings)
        else:
            from dora.engines import here  # noqa: PLC0415 - only one of the two is needed

            here.run(tasks, build_part, self._settings, self._report)

    def _folders(self, part: int) -> list[str]:
        return [self._rows_folder(None), self._rows_folder(part), self._late_folder(None), self._late_folder(part)]

    def _key(self, part: int) -> tuple[str, str]:
        """Return hashes of what a part is built from: rows and settings, and facts of the models of all parts."""
        basis = [self._task_settings(), versions(), self._rows.get(part)]
        return hash_text(basis), hash_text(self._late.get(part))

    def _task_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = msgspec.to_builtins({name: getattr(self._config, name) for name in SETTINGS})
        return settings

    def _task_memory(self) -> str:
        return share_memory(self._settings, count_processes(self._settings))

    def _is_settled(self) -> bool:
        """Compute from all parts what each needed of them, and return whether it is what they were built with."""
        tables = union.read_results(self._store, [result.folder for result in self._results], self._scratch)
        with self._open() as con:
            plan.open_names(con, self._config)
            union.compute_late_facts(con, tables)
            ties = [names for (names,) in con.execute(catalog.queries("plan")["tie_links"]).fetchall()]
            if ties:
                self._divide(con, ties)
            before, self._late = self._late, self._write_late(con)
            return not ties and all(self._late.get(part) == before.get(part) for part in range(self._count))


def share_memory(settings: EngineSettings, processes: int = 1) -> str:
    """Return what queries of one of some processes may use: half of its share, as Python needs memory, too."""
    return f"{int(settings.gigabytes * 500 / processes)}MB"


def hash_text(basis: object) -> str:
    """Return the SHA-256 of a value as JSON."""
    return sha256(msgspec.json.encode(basis, order="deterministic")).hexdigest()
