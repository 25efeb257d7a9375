"""Faults G28 and G29: bytes that are hardly JSON, through a pull and a build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from tests.ingest.spinnaker.conftest import NOW, Make, delivered, execution, facts_of, loaded
from tests.simulation.fault_injection import Fault
from tests.simulation.gate import serve

Json = dict[str, Any]
ALL = [("E0",), ("E1",), ("E2",)]
few = settings(  # each example is a pull and a build: to look for a smaller one that fails would take minutes
    max_examples=settings.default.max_examples // 20, phases=[Phase.explicit, Phase.generate]
)


TEXTS = some.text(some.characters(exclude_categories=["Cs"]) | some.sampled_from("\0\u202e\u2066\u2028\ufeff\x1b"))


@few
@given(names=some.lists(TEXTS.filter(str.strip), min_size=20, max_size=40))
def test_g28_whatever_characters_a_name_has_come_back(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """NUL, right-to-left marks and controls land as they are and survive a build."""
    data = tmp_path_factory.mktemp("g28")
    bodies = [execution(f"E{nth:03}", NOW - nth, name=name) for nth, name in enumerate(names)]
    assert loaded(data, *bodies).quarantined == 0
    assert facts_of(data, "SELECT pipeline FROM execution ORDER BY id") == [(name.strip(),) for name in names]
    assert {row["pipeline"] for row in delivered(data)[0].sql("SELECT pipeline FROM deployments")} == {
        name.strip() for name in names
    }


BROKEN = {
    "g28_invalid_utf_8": b'{"id": "X", "application": "shop", "name": "\xff\xfe", "status": "SUCCEEDED"}',
    "g28_overlong": b'{"id": "X", "application": "sh\xc0\xafop", "status": "SUCCEEDED"}',
    "g28_lone_surrogate": b'{"id": "X", "application": "shop", "name": "\\ud800", "status": "SUCCEEDED"}',
    "g29_bare_nan": b'{"id": "X", "application": "shop", "buildTime": NaN, "status": "SUCCEEDED"}',
    "g29_cut": b'{"id": "X", "application": "shop", "stages": [',
    "g29_5000_digits": b'{"id": "X", "application": "shop", "status": "S", "buildTime": %s}' % (b"7" * 5000),
    "g29_nesting": b'{"id": "X", "application": "shop", "status": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
}
TAKEN = {
    "g29_a_huge_exponent": (b'{"id": "X", "application": "shop", "status": "S", "buildTime": 1e308}', None),
    "g29_keys_twice": (b'{"id": "Y", "application": "shop", "name": "a", "status": "S", "name": "b", "id": "X"}', "b"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_g28_g29_what_can_not_be_read_is_quarantined_alone(fault: str, tmp_path: Path) -> None:
    """With a reason, and the run continues: the executions beside it land. A file with nothing else is named."""
    summary = loaded(tmp_path, execution("E1", NOW), BROKEN[fault], execution("E2", NOW))
    assert summary.quarantined == 1
    assert all("of 1 input none could be read" in failure for failure in summary.partial_failures)
    assert facts_of(tmp_path, "SELECT id FROM execution ORDER BY id") == [("E1",), ("E2",)]
    assert facts_of(tmp_path, "SELECT count(*) FROM quarantine WHERE reason <> ''") == [(1,)]


LISTINGS = [
    "/applications/shop/executions/search",
    "/applications/shop/pipelineConfigs",
    "/applications/shop/pipelines",
    "/applications",
    "/credentials",
]


@pytest.mark.parametrize("path", LISTINGS)
def test_g28_a_byte_in_a_reply_of_gate_costs_its_document_alone(path: str, make: Make, tmp_path: Path) -> None:
    """The document is in quarantine, the others land, and the next run reads it."""
    links = {"executionId": "E0", "canaryPipelineExecutionId": "C"}  # these are looked for in each execution
    stages = [{"id": "S", "type": "pipeline", "status": "RUNNING", "context": links}]
    world = make.world(*(make.execution(f"E{n}", NOW - n, status="RUNNING", stages=stages) for n in range(3)))
    with serve(world) as gate:
        gate.injected_faults.add(Fault(path, "latin"))
        summary = make.quickly(tmp_path, gate.url)
        assert gate.injected_faults.left == 0
        assert (summary.quarantined, summary.partial_failures) == (1, [])
        again = make.quickly(tmp_path, gate.url)
    assert (again.quarantined, facts_of(tmp_path, "SELECT id FROM execution ORDER BY id")) == (0, ALL)


@pytest.mark.parametrize("fault", TAKEN)
def test_g29_what_is_odd_and_readable_lands(fault: str, tmp_path: Path) -> None:
    """A number too large for an instant is no time; of a key that is there twice the last one counts."""
    body, name = TAKEN[fault]
    summary = loaded(tmp_path, body, execution("E", NOW))
    assert summary.quarantined == 0
    rows = facts_of(tmp_path, "SELECT pipeline, queued_at FROM execution WHERE id = 'X'")
    assert rows == [(name, None)]
    assert facts_of(tmp_path, "SELECT count(*) FROM execution WHERE id = 'E'") == [(1,)]


@few
@given(
    bodies=some.lists(some.binary(max_size=40) | some.sampled_from(list(BROKEN.values())[:5]), min_size=5, max_size=20)
)
def test_g28_g29_no_bytes_end_a_run(bodies: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every file in a folder of payloads is landed, or quarantined and counted."""
    data = tmp_path_factory.mktemp("g29")
    loaded(data, *bodies, execution("E", NOW))
    assert facts_of(data, "SELECT count(*) FROM execution WHERE id = 'E'") == [(1,)]
