"""Nothing is missed: whatever a history does between and during pulls, landing holds what was ever visible.

A restart of an execution that had completed changes it without moving it in any listing by time. It is noticed by
the next run if it has not completed then and its pipeline is configured; else if the execution had failed or been
canceled, and had been built within ``restart_days`` before the run that saw it last; else if it is listed by time
again. What is left, a restart of an older or successful execution that began and ended between two runs, is read
with ``--since``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from ingest.core.pipeline import Summary
from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.model.world import Json, Stub, World
from tests.conftest import opened
from tests.simulation.gate import Gate, serve

NOW = 1_750_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
TABLES = ("execution", "stage", "rollout")
LIVE, DELETED, STRATEGY = "config-live", "config-deleted", "config-strategy"


@dataclass(frozen=True)
class Run:
    """One execution: when it was built, how long it takes, how it ends, and when it is restarted into success."""

    number: int
    built: int
    takes: int
    fails: bool
    restarted: int | None
    config: str
    broken_parent: bool

    @property
    def id(self) -> str:
        return f"E{self.number:03}"

    def at(self, now: int) -> Json:
        """The document as Orca holds it at an instant."""
        restarted = self.restarted if self.restarted is not None and self.restarted <= now else None
        begun = self.built + 20 if restarted is None else restarted
        done = now >= begun + self.takes
        status = "RUNNING" if not done else "TERMINAL" if self.fails and restarted is None else "SUCCEEDED"
        stage = {"id": f"{self.id}-1", "refId": "1", "type": "deployManifest", "name": "Deploy", "status": status}
        stage |= {"startTime": begun, "endTime": begun + self.takes if done else None, "tasks": []}
        stage |= {"context": {"account": "prod", "moniker": {"app": "shop"}, "attempt": int(restarted is not None)}}
        trigger: Json = {"type": "pipeline"} if self.broken_parent else {"type": "manual", "user": "ana"}
        document = {"type": "PIPELINE", "id": self.id, "application": "shop", "name": "release", "status": status}
        document |= {"pipelineConfigId": self.config, "buildTime": self.built, "startTime": begun, "trigger": trigger}
        return {**document, "endTime": begun + self.takes if done else None, "stages": [stage]}

    def stub(self, now: int) -> Stub:
        payload = self.at(now)
        keys = ("id", "application")
        identity = {key: payload[key] for key in keys} | {"config_id": self.config, "name": "release"}
        times = {"status": payload["status"], "build_time": self.built, "start_time": payload["startTime"]}
        return Stub(**identity, **times, payload=lambda: payload)


@dataclass
class Story:
    """A history, the instants at which it is pulled, and how much is deleted between the pages of each pull."""

    runs: list[Run]
    pulls: list[int]
    deletions: int
    arrivals: int
    page: int
    days: int = 3
    erased: set[str] = field(default_factory=set)
    pull_windows: list[tuple[int, int]] = field(default_factory=list)

    def visible_at(self, now: int) -> list[Run]:
        return [run for run in self.runs if run.built <= now and run.id not in self.erased]

    def delete_oldest(self, now: int) -> None:
        """Delete the oldest completed execution, as retention does."""
        done = [
            run for run in self.visible_at(now) if run.at(now)["status"] != "RUNNING" and run.built < now - 2 * HOUR
        ]
        if done and self.deletions:
            self.deletions -= 1
            self.erased.add(min(done, key=lambda run: (run.built, run.id)).id)

    def is_restart_noticed(self, run: Run) -> bool:
        """Return whether the last pull has to notice the restart of an execution."""
        again = run.restarted
        if again is None or again > self.pull_windows[-1][1]:
            return True
        finished = run.built + 20 + run.takes
        last_pull = max((pull for pull in self.pull_windows if pull[0] <= again), default=None)
        if last_pull is None or run.built > last_pull[1]:
            return True
        if run.config != DELETED and any(
            again <= start and end < again + run.takes for start, end in self.pull_windows
        ):
            return True
        if again <= last_pull[1] or finished > last_pull[0]:
            return finished > last_pull[1]
        return run.fails and run.built >= last_pull[0] - self.days * 24 * HOUR


def pipeline_configs(*, deleted: bool) -> list[Json]:
    live = [LIVE] if deleted else [LIVE, DELETED]
    configs = [{"id": id_, "application": "shop", "name": id_, "stages": []} for id_ in live]
    return [*configs, {"id": STRATEGY, "application": "shop", "name": "plan", "strategy": True}]


def set_visible_executions(world: World, story: Story, now: int) -> None:
    """Show the history in Gate as of an instant."""
    world.now, world.executions = now, [run.stub(now) for run in story.visible_at(now)]


SPAN = 60 * HOUR


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Ties, bursts, long runs, late completion, restarts, deleted pipelines, parents that are gone; pages of three up:

    of two executions a store that gives one again gives one new, which no reader can help."""
    moments = st.one_of(
        st.integers(0, 8), st.integers(0, SPAN // MINUTE).map(lambda at: at * MINUTE), st.just(SPAN - 5)
    )
    runs = []
    for number in range(draw(st.integers(0, 24))):
        built, takes = NOW + draw(moments), draw(st.sampled_from([500, 10 * MINUTE, 7 * HOUR, 50 * HOUR]))
        fails = draw(st.booleans())
        again = built + 20 + takes + draw(st.integers(1, 60)) * HOUR if draw(st.booleans()) else None
        config = draw(st.sampled_from([LIVE, LIVE, LIVE, DELETED, STRATEGY]))
        runs.append(Run(number, built, takes, fails, again, config, draw(st.integers(0, 9)) == 0))
    between = draw(st.lists(st.integers(1, SPAN // HOUR), min_size=1, max_size=3, unique=True))
    pulls = [NOW + at * HOUR for at in sorted(between)] + [NOW + 2 * SPAN]
    counts = draw(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(3, 6), st.integers(0, 3)))
    return Story(runs, pulls, *counts)


def restart_story(built: int, *, fails: bool, again: int, takes: int, pulls: list[int], config: str = LIVE) -> Story:
    """A history of one restart and of a run that nothing befalls, in hours; such ones were missed once."""
    run = Run(0, NOW + built * HOUR, takes * HOUR, fails, NOW + again * HOUR, config, broken_parent=False)
    other = Run(1, NOW + built * HOUR, 500, fails=False, restarted=None, config=LIVE, broken_parent=False)
    return Story([run, other], [NOW + at * HOUR for at in pulls], deletions=0, arrivals=0, page=6)


def read_rows(folder: Path, table: str) -> dict[str, Any]:
    """Rows as they count: of the execution's own revision."""
    key = "id" if table == "execution" else "execution_id"
    with opened(folder / "landing.duckdb") as con:
        records = con.execute(
            f"SELECT t.{key}, t.* EXCLUDE (load_id) FROM {table} t"
            f" JOIN execution e ON t.{key} = e.id AND t.revision = e.revision ORDER BY t.id"
        ).fetchall()
        assert con.execute("SELECT count(*) - count(DISTINCT id) FROM execution").fetchall() == [(0,)]
    return {row[0]: row for row in records}


def move_between_requests(story: Story, world: World) -> Iterator[None]:
    """What happens between two requests of a pull: an execution begins, the oldest one is deleted."""
    while True:
        later = sorted(run.built for run in story.runs if run.built > world.now)
        if later and story.arrivals and later[0] < world.now + HOUR:
            story.arrivals -= 1
            set_visible_executions(world, story, later[0])
        story.delete_oldest(world.now)
        set_visible_executions(world, story, world.now)
        yield


def pull_story(
    pull_quickly: Callable[..., Summary], folder: Path, story: Story, mode: Mode, world: World
) -> tuple[set[str], list[Cost]]:
    """Pull at each of the story's instants: the ids that landing has to hold, and what each pull asked for."""
    due: set[str] = set()
    costs = []
    with serve(world, mode=mode) as gate:
        for instant in story.pulls:
            story.arrivals *= instant < story.pulls[-1]
            set_visible_executions(world, story, max(instant, world.now))
            visible = {run.id for run in story.visible_at(world.now)}
            change_between_requests(gate, story, world)
            begun, gate.requests[:] = world.now, []
            summary = pull_quickly(
                folder, gate.url, page_size=story.page, page_bytes=story.page * 700, restart_days=story.days
            )
            story.pull_windows.append((begun, world.now))
            gate.before = lambda path: None
            assert summary.quarantined == 0
            assert [
                failure for failure in summary.partial_failures if "deleted before it was read" not in failure
            ] == []
            costs.append(count_requests(story, list(gate.requests)))
            due |= visible - story.erased
            world.pipeline_configs = pipeline_configs(deleted=True)
    return due, costs


class Cost(NamedTuple):
    """Requests of one pull, and the fewest with which any reader can miss nothing."""

    requests: int
    minimum: int


SHARED = ("/applications", "/credentials", "/applications/shop/pipelineConfigs", "/applications/shop/strategyConfigs")
SHARED += ("/applications/shop/pipelines", "/applications/shop/tasks")


def count_requests(story: Story, requests: list[str]) -> Cost:
    """Return the requests of a pull and their minimum.

    The minimum is one for each of ``SHARED``, the full pages of history and at least one, one for the runs of
    strategies and deleted pipelines, one for fifty executions to read again, and one for each that is then missing.
    """
    paths = [urlsplit(request) for request in requests]
    searches = [dict(parse_qsl(path.query)) for path in paths if path.path.endswith("/search")]
    since = min(int(search["triggerTimeStartBoundary"]) for search in searches)
    window = {
        run.id for run in story.runs if since <= run.built <= story.pull_windows[-1][1] and run.config != STRATEGY
    }
    requested_ids = [set(parse_qs(path.query).get("executionIds", [""])[0].split(",")) for path in paths]
    again = set().union(*requested_ids) - window - {""}
    alone = sum(path.path.startswith("/pipelines/") for path in paths)
    unsearched = any("pipelineConfigIds" in path.query for path in paths)
    minimum = len(SHARED) + max(-(-len(window) // story.page), 1) + unsearched + -(-len(again) // 50) + alone
    return Cost(len(requests), minimum)


def change_between_requests(gate: Gate, story: Story, world: World) -> None:
    events = move_between_requests(story, world)

    def before(path: str) -> None:
        if "/executions" in path or "/pipelines?" in path:
            next(events)

    gate.before = before


@pytest.mark.parametrize("mode", ["sql", "redis"])
@example(story=restart_story(7, fails=True, again=57, takes=50, pulls=[29, 42, 120]))
@example(story=restart_story(0, fails=False, again=50, takes=7, pulls=[20, 52, 120]))
@example(story=restart_story(0, fails=True, again=30, takes=1, pulls=[20, 40, 120]))
@example(story=restart_story(0, fails=True, again=50, takes=7, pulls=[20, 52, 120], config=STRATEGY))
@given(story=stories())
@settings(
    deadline=None,
    max_examples=settings().max_examples // 16,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
def test_landing_holds_all_that_was_ever_visible(make: SimpleNamespace, mode: Mode, story: Story) -> None:
    """No execution is missed or doubled, rows equal those of one final pull, at 1.3 times the fewest requests."""
    story = deepcopy(story)
    world = World(now=NOW, applications=[{"name": "shop"}], pipeline_configs=pipeline_configs(deleted=False))
    with tempfile.TemporaryDirectory() as first_folder, tempfile.TemporaryDirectory() as second_folder:
        due, costs = pull_story(make.quickly, Path(first_folder), story, mode, world)
        landed = {table: read_rows(Path(first_folder), table) for table in TABLES}
        assert due <= set(landed["execution"]) <= {run.id for run in story.runs}
        world.pipeline_configs = pipeline_configs(deleted=False)
        with serve(world, mode=mode) as gate:
            make.quickly(Path(second_folder), gate.url)
        promised = due & {run.id for run in story.runs if story.is_restart_noticed(run)}
        for table in TABLES:
            final = read_rows(Path(second_folder), table)
            assert {id_: landed[table].get(id_) for id_ in final.keys() & promised} == {
                id_: row for id_, row in final.items() if id_ in promised
            }
    if mode == "sql" or not any(run.broken_parent for run in story.runs):
        assert sum(cost.requests for cost in costs) <= 1.3 * sum(cost.minimum for cost in costs)
