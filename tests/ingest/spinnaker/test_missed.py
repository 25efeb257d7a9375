"""Nothing is missed: whatever a history does between and during pulls, landing holds what was ever visible."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.run import Summary
from ingest.simulation.gate import Gate, serve
from ingest.simulation.gate_history import Mode
from ingest.simulation.world import Json, Stub, World

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
    erased: set[str] = field(default_factory=set)

    def alive(self, now: int) -> list[Run]:
        return [run for run in self.runs if run.built <= now and run.id not in self.erased]

    def forget(self, now: int) -> None:
        """Retention: the oldest complete execution goes."""
        done = [run for run in self.alive(now) if run.at(now)["status"] != "RUNNING" and run.built < now - 2 * HOUR]
        if done and self.deletions:
            self.deletions -= 1
            self.erased.add(min(done, key=lambda run: (run.built, run.id)).id)


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
    """Ties, bursts, long runs, late completion, restarts, deleted pipelines, parents that are gone."""
    moments = st.one_of(
        st.integers(0, 8), st.integers(0, SPAN // MINUTE).map(lambda at: at * MINUTE), st.just(SPAN - 5)
    )
    runs = []
    for number in range(draw(st.integers(0, 24))):
        built, takes = NOW + draw(moments), draw(st.sampled_from([500, 10 * MINUTE, 7 * HOUR, 50 * HOUR]))
        fails = draw(st.booleans())
        again = built + 20 + takes + draw(st.integers(1, 20)) * HOUR if fails and draw(st.booleans()) else None
        config = draw(st.sampled_from([LIVE, LIVE, LIVE, DELETED, STRATEGY]))
        runs.append(Run(number, built, takes, fails, again, config, draw(st.integers(0, 9)) == 0))
    between = draw(st.lists(st.integers(1, SPAN // HOUR), min_size=1, max_size=3, unique=True))
    pulls = [NOW + at * HOUR for at in sorted(between)] + [NOW + 2 * SPAN]
    return Story(runs, pulls, draw(st.integers(0, 4)), draw(st.integers(0, 5)), draw(st.integers(1, 6)))


def rows(folder: Path, table: str) -> dict[str, Any]:
    """Rows as they count: of the execution's own revision."""
    key = "id" if table == "execution" else "execution_id"
    with duckdb.connect(str(folder / "landing.duckdb"), read_only=True) as con:
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


def pulled(quickly: Callable[..., Summary], folder: Path, story: Story, mode: Mode) -> tuple[set[str], set[str]]:
    """Pull at each of the story's instants: ids that every pull had to see, and ids that any could."""
    world = World(now=NOW, applications=[{"name": "shop"}], pipeline_configs=configured(deleted=False))
    due: set[str] = set()
    with serve(world, mode=mode) as gate:
        for instant in story.pulls:
            show(world, story, max(instant, world.now))
            visible = {run.id for run in story.alive(world.now)}
            _watched(gate, story, world)
            summary = quickly(folder, gate.url, page_size=story.page, page_bytes=story.page * 700)
            gate.before = lambda path: None
            assert summary.quarantined == 0
            assert [trouble for trouble in summary.troubles if "deleted unseen" not in trouble] == []
            due |= visible - story.erased
            world.pipeline_configs = configured(deleted=True)
    return due, {run.id for run in story.runs}


def _watched(gate: Gate, story: Story, world: World) -> None:
    events = moving(story, world)

    def before(path: str) -> None:
        if "/executions" in path:
            next(events)

    gate.before = before


@pytest.mark.parametrize("mode", ["sql", "redis"])
@given(story=stories())
@settings(
    deadline=None,
    max_examples=3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=True,
    phases=[Phase.generate],
)
def test_landing_holds_all_that_was_ever_visible(make: SimpleNamespace, mode: Mode, story: Story) -> None:
    """0 missed, 0 doubled, and each row equals what one pull of the final state lands."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        due, ever = pulled(make.quickly, Path(one), story, mode)
        landed = {table: rows(Path(one), table) for table in TABLES}
        assert due <= set(landed["execution"]) <= ever
        world = World(now=0, applications=[{"name": "shop"}], pipeline_configs=configured(deleted=False))
        show(world, story, story.pulls[-1] + HOUR)
        with serve(world, mode=mode) as gate:
            make.quickly(Path(other), gate.url)
        for table in TABLES:
            for id_, row in rows(Path(other), table).items():
                assert landed[table].get(id_) == row or id_ not in due
