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
        again = self.restarted if self.restarted is not None and self.restarted <= now else None
        begun = self.built + 20 if again is None else again
        done = now >= begun + self.takes
        status = "RUNNING" if not done else "TERMINAL" if self.fails and again is None else "SUCCEEDED"
        stage = {"id": f"{self.id}-1", "refId": "1", "type": "deployManifest", "name": "Deploy", "status": status}
        stage |= {"startTime": begun, "endTime": begun + self.takes if done else None, "tasks": []}
        stage |= {"context": {"account": "prod", "moniker": {"app": "shop"}, "attempt": int(again is not None)}}
        trigger: Json = {"type": "pipeline"} if self.broken_parent else {"type": "manual", "user": "ana"}
        document = {"type": "PIPELINE", "id": self.id, "application": "shop", "name": "release", "status": status}
        document |= {"pipelineConfigId": self.config, "buildTime": self.built, "startTime": begun, "trigger": trigger}
        return {**document, "endTime": begun + self.takes if done else None, "stages": [stage]}

    def stub(self, now: int) -> Stub:
        payload = self.at(now)
        keys = ("id", "application")
        named = {key: payload[key] for key in keys} | {"config_id": self.config, "name": "release"}
        times = {"status": payload["status"], "build_time": self.built, "start_time": payload["startTime"]}
        return Stub(**named, **times, payload=lambda: payload)


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
    asked: list[tuple[int, int]] = field(default_factory=list)

    def alive(self, now: int) -> list[Run]:
        return [run for run in self.runs if run.built <= now and run.id not in self.erased]

    def forget(self, now: int) -> None:
        """Retention: the oldest complete execution goes."""
        done = [run for run in self.alive(now) if run.at(now)["status"] != "RUNNING" and run.built < now - 2 * HOUR]
        if done and self.deletions:
            self.deletions -= 1
            self.erased.add(min(done, key=lambda run: (run.built, run.id)).id)

    def noticed(self, run: Run) -> bool:
        """Whether the law promises that the restart of an execution is known after the last pull."""
        again = run.restarted
        if again is None or again > self.asked[-1][1]:
            return True
        first, seen = run.built + 20 + run.takes, max((pull for pull in self.asked if pull[0] <= again), default=None)
        if seen is None or run.built > seen[1]:
            return True
        if run.config != DELETED and any(again <= start and end < again + run.takes for start, end in self.asked):
            return True
        if again <= seen[1] or first > seen[0]:
            return first > seen[1]
        return run.fails and run.built >= seen[0] - self.days * 24 * HOUR


def configured(*, deleted: bool) -> list[Json]:
    live = [LIVE] if deleted else [LIVE, DELETED]
    configs = [{"id": id_, "application": "shop", "name": id_, "stages": []} for id_ in live]
    return [*configs, {"id": STRATEGY, "application": "shop", "name": "plan", "strategy": True}]


def show(world: World, story: Story, now: int) -> None:
    """Let Gate show the history as it is at an instant."""
    world.now, world.executions = now, [run.stub(now) for run in story.alive(now)]


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


def found(built: int, *, fails: bool, again: int, takes: int, pulls: list[int], config: str = LIVE) -> Story:
    """A history of one restart and of a run that nothing befalls, in hours; such ones were missed once."""
    run = Run(0, NOW + built * HOUR, takes * HOUR, fails, NOW + again * HOUR, config, broken_parent=False)
    other = Run(1, NOW + built * HOUR, 500, fails=False, restarted=None, config=LIVE, broken_parent=False)
    return Story([run, other], [NOW + at * HOUR for at in pulls], deletions=0, arrivals=0, page=6)


def rows(folder: Path, table: str) -> dict[str, Any]:
    """Rows as they count: of the execution's own revision."""
    key = "id" if table == "execution" else "execution_id"
    with opened(folder / "landing.duckdb") as con:
        found = con.execute(
            f"SELECT t.{key}, t.* EXCLUDE (load_id) FROM {table} t"
            f" JOIN execution e ON t.{key} = e.id AND t.revision = e.revision ORDER BY t.id"
        ).fetchall()
        assert con.execute("SELECT count(*) - count(DISTINCT id) FROM execution").fetchall() == [(0,)]
    return {row[0]: row for row in found}


def moving(story: Story, world: World) -> Iterator[None]:
    """What happens between two requests of a pull: an execution begins, the oldest one is deleted."""
    while True:
        later = sorted(run.built for run in story.runs if run.built > world.now)
        if later and story.arrivals and later[0] < world.now + HOUR:
            story.arrivals -= 1
            show(world, story, later[0])
        story.forget(world.now)
        show(world, story, world.now)
        yield


def pulled(
    quickly: Callable[..., Summary], folder: Path, story: Story, mode: Mode, world: World
) -> tuple[set[str], list[Cost]]:
    """Pull at each of the story's instants: the ids that landing has to hold, and what each pull asked for."""
    due: set[str] = set()
    costs = []
    with serve(world, mode=mode) as gate:
        for instant in story.pulls:
            story.arrivals *= instant < story.pulls[-1]
            show(world, story, max(instant, world.now))
            visible = {run.id for run in story.alive(world.now)}
            _watched(gate, story, world)
            begun, gate.requests[:] = world.now, []
            summary = quickly(
                folder, gate.url, page_size=story.page, page_bytes=story.page * 700, restart_days=story.days
            )
            story.asked.append((begun, world.now))
            gate.before = lambda path: None
            assert summary.quarantined == 0
            assert [
                trouble for trouble in summary.partial_failures if "deleted before it was read" not in trouble
            ] == []
            costs.append(cost(story, list(gate.requests)))
            due |= visible - story.erased
            world.pipeline_configs = configured(deleted=True)
    return due, costs


class Cost(NamedTuple):
    """Requests of one pull, and the fewest that any reader needs that misses nothing."""

    asked: int
    least: int


SHARED = ("/applications", "/credentials", "/applications/shop/pipelineConfigs", "/applications/shop/strategyConfigs")
SHARED += ("/applications/shop/pipelines", "/applications/shop/tasks")


def cost(story: Story, requests: list[str]) -> Cost:
    """What a pull asked for, beside the minimum.

    One for each of ``SHARED``; history in whole pages, one where there is nothing; the runs of strategies and deleted
    pipelines in one; what has to be looked at again, fifty ids at a time; what is missing then, each alone.
    """
    paths = [urlsplit(request) for request in requests]
    searches = [dict(parse_qsl(path.query)) for path in paths if path.path.endswith("/search")]
    since = min(int(search["triggerTimeStartBoundary"]) for search in searches)
    window = {run.id for run in story.runs if since <= run.built <= story.asked[-1][1] and run.config != STRATEGY}
    named = [set(parse_qs(path.query).get("executionIds", [""])[0].split(",")) for path in paths]
    again = set().union(*named) - window - {""}
    alone = sum(path.path.startswith("/pipelines/") for path in paths)
    unsearched = any("pipelineConfigIds" in path.query for path in paths)
    least = len(SHARED) + max(-(-len(window) // story.page), 1) + unsearched + -(-len(again) // 50) + alone
    return Cost(len(requests), least)


def _watched(gate: Gate, story: Story, world: World) -> None:
    events = moving(story, world)

    def before(path: str) -> None:
        if "/executions" in path or "/pipelines?" in path:
            next(events)

    gate.before = before


@pytest.mark.parametrize("mode", ["sql", "redis"])
@example(story=found(7, fails=True, again=57, takes=50, pulls=[29, 42, 120]))
@example(story=found(0, fails=False, again=50, takes=7, pulls=[20, 52, 120]))
@example(story=found(0, fails=True, again=30, takes=1, pulls=[20, 40, 120]))
@example(story=found(0, fails=True, again=50, takes=7, pulls=[20, 52, 120], config=STRATEGY))
@given(story=stories())
@settings(
    deadline=None,
    max_examples=settings().max_examples // 16,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
def test_landing_holds_all_that_was_ever_visible(make: SimpleNamespace, mode: Mode, story: Story) -> None:
    """0 missed, 0 doubled, each row equals what one pull of the final state lands, at 1.3 times the fewest requests."""
    story = deepcopy(story)
    world = World(now=NOW, applications=[{"name": "shop"}], pipeline_configs=configured(deleted=False))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        due, costs = pulled(make.quickly, Path(one), story, mode, world)
        landed = {table: rows(Path(one), table) for table in TABLES}
        assert due <= set(landed["execution"]) <= {run.id for run in story.runs}
        world.pipeline_configs = configured(deleted=False)
        with serve(world, mode=mode) as gate:
            make.quickly(Path(other), gate.url)
        promised = due & {run.id for run in story.runs if story.noticed(run)}
        for table in TABLES:
            final = rows(Path(other), table)
            assert {id_: landed[table].get(id_) for id_ in final.keys() & promised} == {
                id_: row for id_, row in final.items() if id_ in promised
            }
    if mode == "sql" or not any(run.broken_parent for run in story.runs):
        assert sum(pull.asked for pull in costs) <= 1.3 * sum(pull.least for pull in costs)
