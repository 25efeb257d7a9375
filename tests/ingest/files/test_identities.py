"""Repeated ids: no deployment of a file replaces another one, and a later export finds its rows again."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.storage import landing
from dora.storage.source_state import ReportedRecord
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from ingest.files import SOURCE
from ingest.files.identities import Identities, Identity
from ingest.files.settings import Settings
from ingest.rebuild import rebuild_landing
from tests.conftest import fresh
from tests.conftest import landed as query

ROWS = "SELECT id, root_id, application, system, status, started_at, repository FROM execution ORDER BY ALL"


def line(number: object = 1, day: int = 2, status: str = "succeeded", **more: str) -> dict[str, str]:
    """A deployment of shop that takes ten minutes from 9:00."""
    end = "" if status == "in_progress" else f"2026-03-{day:02}T09:10:00Z"
    cells = {"id": str(number), "application": "shop", "environment": "production", "status": status}
    return cells | {"started_at": f"2026-03-{day:02}T09:00:00Z", "finished_at": end} | more


def land_lines(data: Path, *lines: dict[str, str], name: str = "deployments.csv") -> Summary:
    """Land the lines of one file."""
    fresh(data)
    with (data / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(column for line in lines for column in line)))
        writer.writeheader()
        writer.writerows(lines)
    return pull(SOURCE(Settings()), data, Request(paths=(data / name,)))


def list_statuses(data: Path) -> list[tuple[str, str]]:
    return query(data, "SELECT e.id, r.status FROM execution e JOIN rollout r USING (id, revision) ORDER BY 1")


def open_delivery(data: Path) -> dora.Delivery:
    build(Config(data=data))
    return dora.open(data / "dora.duckdb")


# --- who else has this id -------------------------------------------------------------------------


def test_two_systems_count_from_one(tmp_path: Path) -> None:
    """With a column ``system`` each has its own build 1, also of one application at one time."""
    land_lines(tmp_path, line(1, system="eu"), line(2, day=3, system="eu"))
    land_lines(tmp_path, line(1, system="us"), line(2, day=3, system="us"), name="us-deployments.csv")
    assert [row[:2] for row in query(tmp_path, ROWS)] == [("1", "1"), ("1~us", "1~us"), ("2", "2"), ("2~us", "2~us")]


def test_two_applications_count_from_one(tmp_path: Path) -> None:
    """Each keeps its deployment."""
    land_lines(tmp_path, line(1), line(1, application="search"))
    assert [row[:3] for row in query(tmp_path, ROWS)] == [("1", "1", "shop"), ("1~search", "1~search", "search")]


def test_a_count_that_restarts(tmp_path: Path) -> None:
    """Without a system the same id with another start is another deployment, and a finding."""
    land_lines(tmp_path, line(1), line(2, day=3))
    land_lines(tmp_path, line(1, day=4), line(3, day=5), name="new-deployments.csv")
    delivery = open_delivery(tmp_path)
    assert sorted(row["root_id"] for row in delivery.sql("SELECT root_id FROM deployments")) == [
        "1",
        "1~2026-03-04T09:00:00",
        "2",
        "3",
    ]
    assert delivery.sql("SELECT rows FROM check_results WHERE name = 'repeated_ids'") == [{"rows": 1}]


def test_the_end_tells_two_runs_apart_whose_start_is_unknown(tmp_path: Path) -> None:
    """A file without a column of starts loses no deployment."""
    land_lines(tmp_path, *(line(1, day=day) | {"started_at": ""} for day in (2, 3)))
    assert [row[0] for row in query(tmp_path, ROWS)] == ["1", "1~2026-03-03T09:10:00"]


def test_a_system_may_move_the_start(tmp_path: Path) -> None:
    """In one system an id is one deployment, whatever its times."""
    land_lines(tmp_path, line(1, system="eu"))
    land_lines(tmp_path, line(1, day=3, system="eu"))
    assert [row[0] for row in query(tmp_path, ROWS)] == ["1"]


def test_two_systems_name_a_group_alike(tmp_path: Path) -> None:
    """Rows of one group are one deployment of their own system."""
    lines = [line(f"{system}{n}", system=system, group="g") for system in ("eu", "us") for n in (1, 2)]
    land_lines(tmp_path, *lines)
    assert [row[:2] for row in query(tmp_path, ROWS)] == [("eu1", "g"), ("eu2", "g"), ("us1", "g~us"), ("us2", "g~us")]


# --- several rows of one deployment ---------------------------------------------------------------


def test_one_id_deploys_two_repositories(tmp_path: Path) -> None:
    """The lines are two rows of one deployment, and none is a contradiction."""
    summary = land_lines(tmp_path, line(repository="acme/api"), line(repository="acme/ui"))
    assert [(row[0], row[1], row[6]) for row in query(tmp_path, ROWS)] == [
        ("1", "1", "acme/api"),
        ("1~acme/ui", "1", "acme/ui"),
    ]
    assert summary.quarantined == 0


def test_one_id_deploys_to_several_places(tmp_path: Path) -> None:
    """Lines of one id with another target or environment are rollouts of one deployment."""
    places = [{"target": "a"}, {"target": "b"}, {"environment": "prod-us", "target": "b"}]
    land_lines(tmp_path, *(line(**place) for place in places))
    assert [row[:2] for row in query(tmp_path, ROWS)] == [("1", "1"), ("1~b", "1"), ("1~prod-us", "1")]
    assert query(tmp_path, "SELECT environment, target FROM rollout ORDER BY id") == [
        ("production", "a"),
        ("production", "b"),
        ("prod-us", "b"),
    ]


# --- the next export ------------------------------------------------------------------------------


def test_a_deployment_in_progress_ends(tmp_path: Path) -> None:
    """The same id with the same start is the same row, and so is one whose start was not known yet."""
    land_lines(
        tmp_path,
        line(1, status="in_progress"),
        line(2, status="in_progress") | {"started_at": ""},
    )
    land_lines(tmp_path, line(1), line(2, status="failed"))
    assert list_statuses(tmp_path) == [("1", "succeeded"), ("2", "failed")]


def test_an_older_export_comes_later(tmp_path: Path) -> None:
    """A final state does not become a running one; a final state that was corrected is replaced."""
    land_lines(tmp_path, line(1), line(2, status="failed"))
    land_lines(tmp_path, line(1, status="in_progress"), line(2), name="old-deployments.csv")
    assert list_statuses(tmp_path) == [("1", "succeeded"), ("2", "succeeded")]


def test_a_final_state_before_a_running_one(tmp_path: Path) -> None:
    """In one file too the final state is used, and the finding says so."""
    land_lines(tmp_path, line(1), line(1, status="in_progress"), line(1))
    assert list_statuses(tmp_path) == [("1", "succeeded")]
    ((reason,),) = query(tmp_path, "SELECT reason FROM quarantine")
    assert reason.endswith("deployments.csv:3: 1 has other content on line 2; line 2 is used")


def test_an_export_with_more_columns(tmp_path: Path) -> None:
    """The rows are found again by what the earlier export had."""
    land_lines(tmp_path, line(1), line(2, day=3))
    more = {"system": "eu", "repository": "acme/shop", "target": "a"}
    land_lines(tmp_path, line(1, **more), line(2, day=3, **more))
    land_lines(tmp_path, line(1, **more | {"target": "b"}), line(1), line(2, day=3))
    assert [row[:2] for row in query(tmp_path, ROWS)] == [("1", "1"), ("1~b", "1"), ("2", "2")]


def test_files_again_in_any_order(tmp_path: Path) -> None:
    """The same rows stay, and nothing changes."""
    files = {
        "a-deployments.csv": [line(1), line(1, repository="acme/ui"), line(2)],
        "b-deployments.csv": [line(1, day=3), line(1, application="search")],
        "c-deployments.csv": [line(1, day=4, system="us", target=target) for target in "ab"],
    }
    for name, lines in files.items():
        land_lines(tmp_path, *lines, name=name)
    rows = query(tmp_path, ROWS)
    assert len(rows) == 6
    for names in permutations(files):
        for name in names:
            assert land_lines(tmp_path, *files[name], name=name).tables["execution"]["new"] == 0
        assert query(tmp_path, ROWS) == rows


def test_a_replay_has_the_same_ids(tmp_path: Path) -> None:
    """The archive has the ids of rows whose reported id another row has."""
    land_lines(
        tmp_path,
        line(1),
        line(1, repository="acme/ui"),
        line(1, repository="acme/api"),
        line(1, day=3),
    )
    rows = query(tmp_path, ROWS)
    (tmp_path / landing.LANDING).unlink()
    rebuild_landing(tmp_path, {})
    assert query(tmp_path, ROWS) == rows


def test_an_incident_names_a_repeated_id(tmp_path: Path) -> None:
    """It belongs to its application's deployment of that id, the latest before it opened."""
    land_lines(
        tmp_path,
        line(1),
        line(1, day=3),
        line(1, day=5),
        line(1, application="search", day=2),
    )
    incidents = [
        {"id": f"i-{application}", "application": application, "opened_at": f"2026-03-04T{hour}:00:00Z"}
        | {"resolved_at": "", "deployment": "1"}
        for application, hour in (("shop", 10), ("search", 11))
    ]
    (tmp_path / "incidents.jsonl").write_text("\n".join(map(json.dumps, incidents)))
    pull(SOURCE(Settings()), tmp_path, Request(paths=(tmp_path / "incidents.jsonl",)))
    links = open_delivery(tmp_path).sql("SELECT application, deployment_id, linked_by FROM incidents ORDER BY 1")
    assert [tuple(row.values()) for row in links] == [
        ("search", "search/1~search@files", "deployment"),
        ("shop", "shop/1~2026-03-03T09:00:00@files", "deployment"),
    ]


# --- any identities -------------------------------------------------------------------------------

AT = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp() * 1_000_000)
names = st.sampled_from(["a", "A", "ä", "a\u0308", "b"])
identities = st.builds(
    Identity,
    external_id=st.sampled_from(["1", "2", "1~a"]),
    system=st.sampled_from(["eu", "us"]),
    application=names,
    environment=st.sampled_from(["prod", "test"]),
    target=names,
    repository=names,
    started_at=st.sampled_from([AT, AT + 1]),
    finished_at=st.just(AT + 9),
)


def as_text(identity: Identity) -> tuple[str | None, ...]:
    """The identity as names are compared, without the times, which do not count in a system."""
    return tuple(str(value).casefold().replace("a\u0308", "ä") for value in identity[:6])


@given(st.lists(identities, max_size=25))
def test_each_identity_keeps_its_row(reported: Sequence[Identity]) -> None:
    """Two identities never share a row, and one has the same row in the next run, in any order."""
    first_run = Identities([])
    rows: dict[Any, Any] = {}
    for identity in reported:
        ids = first_run.assign(identity)
        assert rows.setdefault(as_text(identity), ids) == ids
    assert len({ids.id for ids in rows.values()}) == len(rows)
    landed = [ReportedRecord(*rows[as_text(identity)], *identity) for identity in reported]
    landed = sorted({row.id: row for row in landed}.values(), key=lambda row: (len(row.id), row.id))
    next_run = Identities(landed)
    for identity in reversed(reported):
        assert next_run.assign(identity) == rows[as_text(identity)]
