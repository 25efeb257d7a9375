"""The timeline of changes: lead time is the sum of its stages, and undeployed changes have a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dora
from dora.cli.lists import changes
from dora.errors import UsageError
from dora.query.value import Scope

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
Facts = Callable[..., dora.Delivery]
SHAS = [f"{i:040x}" for i in range(1, 5)]


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def commit(number: int, minutes: float) -> list[dict[str, Any]]:
    """Return the rows of a commit on trunk after the previous one."""
    sha, name = SHAS[number], f"acme/shop@{SHAS[number]}"
    parents = SHAS[number - 1 : number] if number else []
    when = {"authored_at": at(minutes - 60), "committed_at": at(minutes)}
    identity = {"id": name, "repository": "acme/shop", "sha": sha}
    return [
        identity | {"parents": parents, "subject": f"change {number}", "author": "Ada"} | when,
        identity | {"merged_at": at(minutes)},
    ]


def deployment(name: str, number: int, queued: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a deployment started 1 minute after queueing, rolled out from minute 5 to 9, with traffic from 8."""
    execution = {
        "id": name,
        "application": "shop",
        "root_id": name,
        "status": "succeeded",
        "queued_at": at(queued),
        "started_at": at(queued + 1),
        "finished_at": at(queued + 9),
        "repository": "acme/shop",
        "commit": SHAS[number],
    }
    rollout = {
        "id": f"{name}-r",
        "execution_id": name,
        "application": "shop",
        "action": "deploy",
        "environment": "production",
        "status": "succeeded",
        "started_at": at(queued + 5),
        "first_traffic_at": at(queued + 8),
        "full_traffic_at": at(queued + 8),
        "finished_at": at(queued + 9),
    }
    return execution, rollout


def history(merged: list[float], *deployed: tuple[str, int, float]) -> dict[str, list[dict[str, Any]]]:
    """Return commits merged at these minutes, and deployments (name, number of the commit, minute of queueing)."""
    pairs = [commit(number, minutes) for number, minutes in enumerate(merged)]
    runs = [deployment(*spec) for spec in deployed]
    names = ("commit", "change", "execution", "rollout")
    columns = [[pair[side] for pair in group] for group in (pairs, runs) for side in (0, 1)]
    return dict(zip(names, columns, strict=True))


@pytest.fixture(scope="module")
def delivery(facts_of_file: Facts) -> dora.Delivery:
    """A baseline change at 0, two at 30 and 40 that ship together (queued at 50), and a pending one at 100."""
    rows = history([0, 30, 40, 100], ("d1", 0, 10), ("d2", 2, 50))
    return facts_of_file(as_of=START + timedelta(minutes=160), rows=rows)


def minutes(row: dict[str, Any], name: str) -> float | None:
    return None if row[name] is None else round(row[name] * 60, 6)


def test_the_stages_add_up_to_the_lead_time(delivery: dora.Delivery) -> None:
    """A change merged at 30, queued 50, started 51, rolled out from 55 and live at 58 takes 28 minutes."""
    (row,) = [row for row in delivery.list_rows("change_timeline") if row["subject"] == "change 1"]
    stages = ["waiting_hours", "queue_hours", "pre_production_hours", "rollout_hours", "lead_hours"]
    assert [minutes(row, name) for name in stages] == [20, 1, 4, 3, 28]
    assert row["state"] == "shipped"
    assert row["approval_hours"] is None


def test_a_pending_change_has_its_age(delivery: dora.Delivery) -> None:
    """The change of minute 100 has waited for an hour when the data ends."""
    (row,) = [row for row in delivery.list_rows("change_timeline") if row["state"] == "open"]
    assert (row["subject"], minutes(row, "open_hours"), row["lead_hours"]) == ("change 3", 60, None)


def test_the_list_is_the_metric(delivery: dora.Delivery) -> None:
    """The rows of the list are exactly the observations of lead time, with the same values."""
    listed = {
        (r["change_id"], r["lead_hours"] if r["open_hours"] is None else r["open_hours"])
        for r in delivery.list_rows("change_timeline")
    }
    observed = {(o["subject"], o["value"]) for o in delivery.observations("lead_time") if o["excluded"] is None}
    assert listed == observed


def test_a_scope_cuts_the_list(delivery: dora.Delivery) -> None:
    """A window has the changes merged in it; an unknown application is an error with the known ones."""
    rows = delivery.list_rows("change_timeline", Scope(since="2026-03-02T10:35", until="2026-03-02T11:00"))
    assert [row["subject"] for row in rows] == ["change 2"]
    assert delivery.list_rows("change_timeline", Scope(applications=("shop",))) == delivery.list_rows("change_timeline")
    with pytest.raises(UsageError, match="store"):
        delivery.list_rows("change_timeline", Scope(applications=("store",)))


def test_other_definitions_use_the_same_stages(facts: Facts) -> None:
    """From authoring to the end of the pipeline, the stages add up; before the merge of no known request is "other"."""
    rows = history([0, 30], ("d1", 0, 10), ("d2", 1, 50))
    settings = {"definitions": {"lead_time_starts": "authored_at", "lead_time_stops": "finished_at"}}
    delivery = facts(as_of=START + timedelta(minutes=160), rows=rows, settings=settings)
    (row,) = [row for row in delivery.list_rows("change_timeline") if row["subject"] == "change 1"]
    parts = [
        value for name, value in row.items() if name.endswith("_hours") and name not in ("lead_hours", "open_hours")
    ]
    assert sum(part or 0 for part in parts) == pytest.approx(row["lead_hours"])
    assert (minutes(row, "waiting_hours"), minutes(row, "other_hours")) == (20, 60)
    assert minutes(row, "lead_hours") == 89


def test_a_change_has_its_request_size_and_commits(
    facts: Facts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change has the request's times from its host, the stages between them, and its size and commits from git."""
    rows = history([0, 30, 40], ("d1", 0, 10), ("d2", 2, 50))
    rows["change"].pop(1)
    rows["change"][1] |= {
        "change_request": "7",
        "labels": ["bot", "backport"],
        "commits": 2,
        "files": 3,
        "lines_added": 12,
        "branch": "main",
    }
    times = {"opened_at": at(-60), "first_review_at": at(-30), "approved_at": at(0)}
    request = {"id": "acme/shop#7", "repository": "acme/shop", "number": "7"} | times
    delivery = facts(as_of=START + timedelta(minutes=160), rows=rows | {"change_request": [request]})
    (row,) = [row for row in delivery.list_rows("change_timeline") if row["subject"] == "change 2"]
    assert {name: row[name].replace(tzinfo=UTC).isoformat() for name in times} == times
    assert [row[name] for name in ("labels", "commits", "files", "branch")] == ["bot backport", 2, 3, "main"]
    (explained,) = [row for row in delivery.explain("lead_time") if row["subject"] == "change 2"]
    assert [explained[name] for name in ("first_commit", "sha", "commits")] == [SHAS[1], SHAS[2], 2]
    (tmp_path / "dora.toml").write_text(f'data = "{tmp_path}"\n')
    changes(config=tmp_path / "dora.toml")
    output = capsys.readouterr().out
    assert "pickup 30 min, review 30 min, merge 40 min, waiting" in output
    heads, *lines = output.splitlines()
    place = slice(heads.index("size"), heads.index("state"))
    sizes = {line[place].strip() for line in lines if "change" in line}
    assert sizes == {"3 files +12 −0", "–"}


@pytest.mark.parametrize("approvals", [True, False], ids=["with approvals", "without approvals"])
def test_an_export_of_requests_is_as_good_as_the_api(facts: Facts, approvals: bool) -> None:
    """Stages of a squash begin with the first commit of its request; without approvals no merge lacks one."""
    rows = history([0, 30, 40, 50], ("d1", 0, 10), ("d2", 3, 60))
    rows["change"][1] |= {"change_request": "7", "kind": "squash", "first_commit_at": at(25)}
    columns = (
        "repository | number | author | first_commit_at | opened_at | first_review_at | merged_at | merged_by | sha"
    )
    lines = [
        f"acme/shop | 7 | ada | {at(-90)} | {at(-60)} | {at(-30)} | {at(30)} | ada | ",
        f"acme/shop | 8 | ada | | {at(31)} | | {at(40)} | Ada | {SHAS[2]}",
        f"acme/shop | 9 | ada | | {at(31)} | {at(32)} | {at(50)} | bob | {SHAS[3]}",
    ]
    if approvals:
        columns += " | approved_at"
        lines = [f"{line} | {approved}" for line, approved in zip(lines, (at(0), "", ""), strict=True)]
    delivery = facts(as_of=START + timedelta(minutes=160), rows=rows, change_requests="\n".join([columns, *lines]))
    self_merged = delivery.sql("SELECT self_merged FROM changes ORDER BY merged_at")
    assert [row["self_merged"] for row in self_merged] == [None, *((False, True) if approvals else (None, None)), False]
    (row,) = [row for row in delivery.list_rows("change_timeline") if row["subject"] == "change 1"]
    stages = [minutes(row, f"{name}_hours") for name in ("coding", "pickup", "review", "merge")]
    assert stages == [30, 30, *((30, 30) if approvals else (None, None))]
    (trail,) = delivery.sql("SELECT merged_by, self_merged FROM audit_trail WHERE merged_by IS NOT NULL")
    assert (trail["merged_by"], trail["self_merged"]) == ("Ada, ada, bob", 1 if approvals else 0)


def test_empty_columns_are_left_out(facts: Facts, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of `dora changes` has the columns labels and size only if a change has them."""
    rows = history([0, 30], ("d1", 0, 10), ("d2", 1, 50))
    rows["change"][1] |= {"labels": ["bot"]}
    facts(as_of=START + timedelta(minutes=160), rows=rows)
    (tmp_path / "dora.toml").write_text(f'data = "{tmp_path}"\n')
    changes(config=tmp_path / "dora.toml")
    output = capsys.readouterr().out
    assert ("labels" in output, "bot" in output, "size" in output) == (True, True, False)
