"""Documents of one execution may arrive in any order: the latest one is landed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingest.core.pipeline import pull
from ingest.core.source import Item, Request, Row, SourceState
from ingest.payloads.archive import Document
from ingest.simulation.gate.execution_store import strip_execution
from ingest.simulation.model.world import Json
from ingest.spinnaker.model.payload import Execution
from ingest.spinnaker.model.revision import compute_revision
from ingest.spinnaker.parse.document import parse_document
from tests.conftest import fresh, opened

T = 1_750_000_000_000
CHILDREN = ("stage", "rollout")


def document(id_: str, status: str, begun: int, stages: Sequence[tuple[str, str, int]]) -> Json:
    """An execution at one time: its status, when it began, and (name, status, start) of its stages."""
    done = status not in ("RUNNING", "NOT_STARTED")
    last = max((start + 900 for _, _, start in stages), default=begun)
    return {
        "id": id_,
        "application": "shop",
        "name": "release",
        "status": status,
        "buildTime": T,
        "startTime": begun,
        "endTime": last if done else None,
        "trigger": {"type": "manual"},
        "stages": [
            {
                "id": f"{id_}-{name}",
                "name": name,
                "type": "deployManifest",
                "status": state,
                "startTime": start,
                "endTime": None if state == "RUNNING" else start + 900,
                "context": {"account": "prod", "tries": start},
                "tasks": [{"name": "monitorDeploy", "status": state, "endTime": start + 800}],
            }
            for name, state, start in stages
        ],
    }


def execution_states(id_: str) -> list[bytes]:
    """Queued, running, failed, restarted, succeeded: full documents, then the same light."""
    full = [
        document(id_, "NOT_STARTED", T, []),
        document(id_, "RUNNING", T + 10, [("A", "RUNNING", T + 20)]),
        document(id_, "TERMINAL", T + 10, [("A", "SUCCEEDED", T + 20), ("B", "TERMINAL", T + 1000)]),
        document(id_, "RUNNING", T + 9000, [("A", "SUCCEEDED", T + 20), ("C", "RUNNING", T + 9010)]),
        document(id_, "SUCCEEDED", T + 9000, [("A", "SUCCEEDED", T + 20), ("C", "SUCCEEDED", T + 9010)]),
    ]
    return [msgspec.json.encode(body) for body in [*full, *map(strip_execution, full)]]


class SavedDocuments:
    """A source that fetches these documents."""

    name: ClassVar[str] = "given"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self.bodies = bodies

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        yield from (Document("execution", body) for body in self.bodies)

    def parse(self, document: Document) -> list[Row]:
        return list(parse_document(document))


def land_batches(*batches: Sequence[bytes]) -> dict[str, list[Any]]:
    """The rows after these loads: the execution, and the children of its revision."""
    with tempfile.TemporaryDirectory() as folder:
        for bodies in batches:
            pull(SavedDocuments(bodies), fresh(Path(folder)), Request())
        with opened(Path(folder) / "landing.duckdb") as con:
            rows = {"execution": con.execute("SELECT * EXCLUDE load_id FROM execution ORDER BY id").fetchall()}
            for table in CHILDREN:
                rows[table] = con.execute(
                    f"SELECT t.* EXCLUDE load_id FROM {table} t JOIN execution e"
                    " ON t.execution_id = e.id AND t.revision = e.revision ORDER BY t.id"
                ).fetchall()
    return rows


def interleave_states(orders: Sequence[Sequence[int]], cut: int) -> tuple[list[bytes], list[bytes]]:
    """The documents of one execution an order, in two loads."""
    documents = [[execution_states(f"E{n:03}")[step] for step in order] for n, order in enumerate(orders)]
    return [body for bodies in documents for body in bodies[:cut]], [
        body for bodies in documents for body in bodies[cut:]
    ]


ORDERS = st.permutations(range(10)).flatmap(
    lambda order: st.lists(st.integers(0, 9), max_size=3).map(lambda again: [*order, *again])
)


@given(orders=st.lists(ORDERS, min_size=10, max_size=20), cut=st.integers(0, 13))
@settings(
    deadline=None, max_examples=3, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate]
)
def test_any_order_lands_the_same(orders: list[list[int]], cut: int) -> None:
    """Running, failed, restarted, succeeded; light and full; some twice; in one load or two."""
    rows = land_batches(*interleave_states(orders, cut))
    assert rows == land_batches([execution_states(f"E{n:03}")[4] for n in range(len(orders))])
    assert [row[1][5:] for row in rows["stage"]] == ["A", "C"] * len(orders)


@given(orders=st.lists(st.permutations(range(4)), min_size=10, max_size=24))
@settings(
    deadline=None, max_examples=3, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate]
)
def test_the_latest_counts_whatever_it_says(orders: list[list[int]]) -> None:
    """While the restarted attempt runs, the failure before it does not count."""
    assert land_batches(*interleave_states(orders, 2)) == land_batches(
        [execution_states(f"E{n:03}")[3] for n in range(len(orders))]
    )


@pytest.mark.parametrize(("earlier", "later"), [(n, n + 1) for n in range(4)])
def test_each_step_of_a_life_is_a_later_revision(earlier: int, later: int) -> None:
    """A full document ranks above the light one of the same state and below the next state."""
    documents = execution_states("E")
    order = [documents[earlier + 5], documents[earlier], documents[later]]
    revisions = [compute_revision(msgspec.json.decode(body, type=Execution), body) for body in order]
    assert revisions == sorted(revisions)


@pytest.mark.parametrize("step", range(1, 5))
def test_a_full_document_beats_a_light_one_of_the_same_state(step: int) -> None:
    """Not by the chance of their contents: an empty context is none."""
    for number in range(20):
        documents = execution_states(f"E{number}")
        full, light = (
            compute_revision(msgspec.json.decode(b, type=Execution), b) for b in (documents[step], documents[step + 5])
        )
        assert full > light


def test_what_has_ended_beats_what_runs_of_the_same_instant() -> None:
    """Also if only the running document is full: a lagging replica lists the end before its details."""
    ended, runs = document("E", "SUCCEEDED", T + 20, []), document("E", "RUNNING", T + 20, [("A", "RUNNING", T)])
    runs["endTime"] = ended["endTime"]
    runs["stages"][0] |= {"endTime": None, "tasks": [], "context": {"account": "prod"}}
    bodies = [msgspec.json.encode(execution) for execution in (runs, ended)]
    low, high = (compute_revision(msgspec.json.decode(body, type=Execution), body) for body in bodies)
    assert low < high


@pytest.mark.parametrize("loads", [1, 2])
def test_a_document_with_other_content_replaces_all_of_an_equal_one(loads: int) -> None:
    """Of two that had come equally far the last one is landed with its own stages, whatever their hashes."""
    for number in range(8):
        first, second = (
            msgspec.json.encode(document(f"E{number}", "SUCCEEDED", T, [(name, "SUCCEEDED", T + 20) for name in names]))
            for names in ("AB", "CD")
        )
        batches = [[first, second]] if loads == 1 else [[first], [second]]
        rows = land_batches(*batches)
        assert rows == land_batches([second])
        assert [row[1][3:] for row in rows["stage"]] == ["C", "D"]
        assert land_batches(*batches, [first, second]) == rows  # as a replay reads them


def test_a_revision_fits_a_bigint_for_a_century() -> None:
    """Also if a document names the latest time that is accepted."""
    body = msgspec.json.encode(document("E", "SUCCEEDED", 4_102_444_799_999, []))
    assert 0 < compute_revision(msgspec.json.decode(body, type=Execution), body) < 2**63
