"""The audit trail by hand-made rows: self-approval, business hours, approvals, templates."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from pyarrow import parquet

import dora
from dora.analysis.audit.audit_text import marks
from dora.cli import audit
from dora.errors import DoraError, UsageError
from dora.export import manifest
from tests.dora.analysis.audit_story import SETTINGS, START, Row, audit_rows


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    folder = tmp_path_factory.mktemp("audit")
    opened = built_in(folder, rows=audit_rows(), as_of=START + timedelta(days=9), settings=SETTINGS)
    (folder / "dora.toml").write_text(f"data = '{folder}'\ntimezone = 'Europe/Berlin'\n")
    yield opened
    opened.close()


def by_name(delivery: dora.Delivery) -> dict[str, Row]:
    return {row["deployment_id"].split("/")[1].split("@")[0]: row for row in delivery.audit().rows}


@pytest.mark.parametrize(
    ("scope", "period"),
    [
        (dora.Scope("2026-02-01", "2026-03-01"), "1–28 February 2026"),
        (dora.Scope("last quarter"), "1 October – 31 December 2025"),
        (dora.Scope("last-quarter"), "1 October – 31 December 2025"),
    ],
)
def test_a_trail_names_its_first_and_last_day(delivery: dora.Delivery, scope: dora.Scope, period: str) -> None:
    """The end of a window is not part of it, whether it has dates or is a quarter."""
    assert delivery.audit(scope).provenance.period == period


def test_authors_and_approvers(delivery: dora.Delivery) -> None:
    """Users are equal by the name before the @. Authors among the approvers are marked, alone or with another user; a
    user who rejects a change is no approver."""
    columns = ("authors", "approved_by", "author_approval", "approved_by_trigger_user")
    assert {name: tuple(row[column] for column in columns) for name, row in by_name(delivery).items()} == {
        "base": ("Ada Lovelace", None, None, None),
        "post": (None, None, None, None),
        "alone": ("Ada Lovelace", "ada.lovelace@x.example", "alone", False),
        "both": ("Bob, Cy", "CY@other.example, dee@x.example", "shared", True),
        "clean": ("Bob", "dee@x.example", None, False),
        "mute": (None, None, None, None),
        "bare": ("Bob", None, None, None),
        "back": (None, None, None, None),
        "hand": (None, None, None, None),
    }


def test_marks_of_approvals(delivery: dora.Delivery) -> None:
    """The list says in words if an author approved a change, alone or not, or the person who triggered it."""
    rows = by_name(delivery)
    assert "approved by an author alone" in marks(rows["alone"])
    both = ["approved by an author and another person", "approved by the person who triggered it"]
    assert [mark for mark in marks(rows["both"]) if mark.startswith("approved")] == both
    assert [mark for mark in marks(rows["clean"]) if mark.startswith("approved")] == []


def test_approval_prompts(delivery: dora.Delivery) -> None:
    """Each change has its prompts with roles, approval time, unauthorized users, timeouts and skips."""
    rows = by_name(delivery)
    both = rows["both"]
    assert (both["prompt_count"], both["prompts"], both["roles"]) == (2, "both? · both?", "managers · managers")
    assert both["waited_minutes"] == pytest.approx(3)  # both were open at the same time
    assert rows["alone"]["unauthorized_users"] == "eve@x.example"
    assert [rows[name]["prompts_timed_out"] for name in ("mute", "bare", "clean")] == [1, 0, 0]
    assert [rows[name]["prompts_skipped"] for name in ("mute", "bare", "clean")] == [0, 1, 0]


def test_local_time_decides_what_is_outside_business_hours(delivery: dora.Delivery) -> None:
    """19:45 UTC on a Tuesday is 20:45 in Berlin; a change that took no traffic has no hour."""
    rows = by_name(delivery)
    assert str(rows["clean"]["local_time"]) == "2026-03-03 20:45:00+01:00"
    outside = {name: row["outside_business_hours"] for name, row in rows.items()}
    assert {name: value for name, value in outside.items() if value is not False} == {"clean": True, "mute": None}


def test_exceptions_have_a_total_of_their_own(delivery: dora.Delivery) -> None:
    """Each exception has its denominator, its share an interval, and of no rows it says what there are none of."""
    trail = delivery.audit()
    counts = {exception.name: (exception.count, exception.total) for exception in trail.exceptions}
    assert counts == {
        "outside_business_hours": (1, 8), "started_manually": (5, 8), "manual_release_without_approval": (1, 4),
        "self_approved": (1, 3), "approved_by_author_and_another": (1, 3), "approved_by_trigger_user": (1, 3),
        "unauthorized_decision": (1, 5), "rejected": (1, 5), "approval_timed_out": (1, 5),
        "passed_by_timeout": (0, 5), "approval_skipped": (1, 5), "canary_overridden": (0, 0),
        "unknown_commit": (1, 8), "approval_person_unknown": (0, 3), "verification_stopped": (0, 8),
        "self_merged": (1, 3), "canary_never_ran": (0, 0), "restarted_by_another": (0, 0),
    }  # fmt: skip
    assert [row["deployment_id"] for row in delivery.audit(exception="self_approved").rows] == ["shop/alone@landed"]
    assert "1 of 3 approved changes were self-approved: approved only by an author." in trail.sentences
    with pytest.raises(UsageError, match="no audit exception eyes"):
        delivery.audit(exception="eyes")


def test_an_exception_lists_as_many_changes_as_it_counts(delivery: dora.Delivery) -> None:
    """The number on a tile is that of the list behind it, however few of its rows are read."""
    for exception in delivery.audit(limit=0).exceptions:
        changes = delivery.changes(exception=exception.name, limit=1)
        assert (changes.total, len(changes.rows)) == (exception.count, min(1, exception.count)), exception.name


def test_self_merge(delivery: dora.Delivery) -> None:
    """A change counts if its author merged its request and no one else approved it before; where the host does not say
    who merged, nothing is known."""
    rows = by_name(delivery)
    people = {name: (row["merged_by"], row["reviewers"], row["self_merged"]) for name, row in rows.items()}
    assert {name: person for name, person in people.items() if person[0]} == {
        "alone": ("ADA", "dee", 0),  # approved by another person before the merge
        "both": ("bob, cy", "dee", 1),  # one of its two changes, which dee only commented on
        "clean": ("cy", None, 0),  # merged by another person
    }
    assert people["bare"] == (None, None, None)
    assert "merged by its author without an approval" in marks(rows["both"])


def test_why(delivery: dora.Delivery) -> None:
    """The latest change that it shipped, with its request and the number of the others; else what its source says."""
    why = {name: row["why"] for name, row in by_name(delivery).items()}
    assert (why["alone"], why["both"], why["back"], why["hand"]) == (
        "more (#1)", "more (#3) and 1 more", "=HYPERLINK(1)", None
    )  # fmt: skip


def test_a_search_reads_every_change(delivery: dora.Delivery) -> None:
    """By person, by commit or request of any change that a deployment shipped, in any case; alone or in one hour."""

    def names(**conditions: Any) -> list[str]:
        changes = delivery.changes(**conditions)
        assert changes.total == len(changes.rows)
        return [row["deployment_id"].split("/")[1].split("@")[0] for row in changes.rows]

    assert names(search="DEE@X") == ["clean", "both"]
    assert names(search=f"{3:040x}") == ["both"]
    assert names(search="#2") == ["both"]
    assert names(search=" Eve@x ") == ["back", "alone"]
    assert names(hour=24 + 20) == ["clean"]
    assert names(hour=24 + 20, search="mail") == []
    assert names(search="%") == []


def test_aggregates_of_charts_count_what_the_rows_say(delivery: dora.Delivery) -> None:
    """Changes by hour and approval waits come from SQL; they agree with the rows of the trail."""
    rows = delivery.audit().rows
    by_hour = Counter(row["local_time"].weekday() * 24 + row["local_time"].hour for row in rows if row["changed_at"])
    assert {row["hour_of_week"]: row["changes"] for row in delivery.analyse("changes_by_hour")} == by_hour
    assert sum(row["outside_business_hours"] for row in delivery.analyse("changes_by_hour")) == 1
    waits = {row["deployment_id"]: row["waited_minutes"] for row in rows if row["waited_minutes"] is not None}
    assert {row["deployment_id"]: row["waited_minutes"] for row in delivery.analyse("approval_waits")} == waits
    assert {row["median_minutes"] for row in delivery.analyse("approval_waits")} == {median(waits.values())}


def test_templates_and_their_drift(delivery: dora.Delivery) -> None:
    """An application whose pipeline uses an older version is behind; a manual pipeline has no template."""
    trail = delivery.audit()
    drift = {
        row["application"]: (row["template_version"], row["newest_version"], row["behind"]) for row in trail.as_code
    }
    assert drift == {"shop": ("v1", "v2", 1), "mail": ("v2", "v2", 0)}
    rows = {row["template_version"]: (row["deployments"], row["failed"]) for row in trail.delivery}
    assert rows == {"v2": (1, 0), "v1": (5, 1), None: (1, 0)}
    output = "\n".join(trail.sentences)
    assert (
        "2 of 2 applications deploy to production with a managed template; 1 use an older version of it: shop."
        in output
    )
    assert "Deployments with web v1 fail 20 % (1 of 5), with v2 0 % (0 of 1): not significant." in output


@pytest.fixture
def config(delivery: dora.Delivery) -> Path:
    return delivery.path.parent / "dora.toml"


def test_the_commands(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences and a table for people; JSON and CSV carry every row, and no cell runs as a formula."""
    audit.audit(config=config, limit=3)
    output = capsys.readouterr()
    assert "1 of 8 production changes were made outside business hours." in output.out
    assert "3 of 9 changes; times in Europe/Berlin" in output.err
    audit.audit(config=config, json=True)
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 9
    audit.audit(config=config, csv=True, exception="self_approved")
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["approved_by"] == "ada.lovelace@x.example"
    audit.rollbacks(config=config)
    assert "rolled back" in capsys.readouterr().out
    audit.rollbacks(config=config, json=True, team=["post"])
    assert json.loads(capsys.readouterr().out)["sentences"][0].startswith("0 rollbacks in ")
    audit.rollbacks(config=config, csv=True)
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["reason"].startswith("'=")


def test_out_writes_the_type_of_its_suffix(config: Path, tmp_path: Path) -> None:
    """CSV and Parquet have the same rows, HTML is one page; another suffix writes nothing."""
    for form in ("csv", "parquet", "html"):
        audit.audit(config=config, out=tmp_path / f"trail.{form}")
    with (tmp_path / "trail.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    trail = parquet.read_table(tmp_path / "trail.parquet").to_pylist()
    assert [row["deployment_id"] for row in rows] == [row["deployment_id"] for row in trail]
    assert len(rows) == 9
    page = (tmp_path / "trail.html").read_text()
    assert page.count("ada.lovelace@x.example") == 2  # in both tables: changes with exceptions, and all
    assert "approved by an author alone" in page
    with pytest.raises(UsageError, match="unknown file type"):
        audit.audit(config=config, out=tmp_path / "trail.xlsx")
    names = {f"trail.{form}{more}" for form in ("csv", "parquet", "html") for more in ("", ".sha256")}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_an_export_names_what_it_is_of(config: Path, delivery: dora.Delivery, tmp_path: Path) -> None:
    """Period, scope, time, version, definitions and build: in the page, in Parquet's metadata, in each manifest."""
    about = delivery.about()
    expected = {
        "Period": "2–11 March 2026 (Europe/Berlin)", "Scope": "team store, application shop",
        "Version": f"dora {about['version']}", "Definitions (SHA-256)": about["definitions_hash"],
        "Build": f"{about['build_id']}, built at {about['built_at']:%Y-%m-%d %H:%M:%S} UTC",
    }  # fmt: skip
    for form in ("csv", "parquet", "html"):
        out = tmp_path / f"trail.{form}"
        audit.audit(config=config, out=out, since="2026-03-02", team=["store"], application=["shop"])
        comments = out.with_name(f"{out.name}.sha256").read_text()
        for label, value in expected.items():
            assert f"# {label}: {value}\n" in comments
        assert re.search(r"^# Generated at: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", comments, re.MULTILINE)
    metadata = parquet.read_schema(tmp_path / "trail.parquet").metadata
    assert {name: metadata[name.encode()].decode() for name in expected} == expected
    page = unescape((tmp_path / "trail.html").read_text())
    assert [f"{name}: {value}" for name, value in expected.items() if f"{name}: {value}" not in page] == []


def test_definitions_have_a_hash_that_anybody_can_compute(delivery: dora.Delivery) -> None:
    """SHA-256 of a line for each application and key, as the table ``definitions_in_force`` has them."""
    rows = delivery.sql("SELECT application, key, value FROM definitions_in_force ORDER BY ALL")
    lines = "".join("\t".join(row.values()) + "\n" for row in rows)
    assert delivery.about()["definitions_hash"] == hashlib.sha256(lines.encode()).hexdigest()


def test_standard_tools_verify_an_export(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sha256sum finds a changed export, openssl a changed manifest; an export without a key leaves no old signature."""

    def run(*arguments: str) -> int:
        return subprocess.run(arguments, cwd=tmp_path, capture_output=True, check=False).returncode

    check = ("sha256sum", "--strict", "-c", "trail.csv.sha256")
    verify = ("openssl", "dgst", "-sha256", "-verify", "public.pem", "-signature", "trail.csv.sha256.sig", check[-1])
    assert run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem") == 0
    assert run("openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem") == 0
    monkeypatch.setenv(manifest.KEY_FILE, str(tmp_path / "key.pem"))
    out = tmp_path / "trail.csv"
    audit.audit(config=config, out=out)
    assert (run(*check), run(*verify)) == (0, 0)
    out.write_text(out.read_text().replace("dee@x", "eve@x"))
    assert (run(*check), run(*verify)) == (1, 0)
    lines = (tmp_path / check[-1]).read_text().splitlines()
    (tmp_path / check[-1]).write_text(
        "\n".join([*lines[:-1], f"{hashlib.sha256(out.read_bytes()).hexdigest()}  trail.csv", ""])
    )
    assert (run(*check), run(*verify)) == (0, 1)
    monkeypatch.delenv(manifest.KEY_FILE)
    monkeypatch.setenv(manifest.KEY, (tmp_path / "key.pem").read_text())
    audit.audit(config=config, out=out)
    assert (run(*check), run(*verify)) == (0, 0)
    monkeypatch.delenv(manifest.KEY)
    audit.audit(config=config, out=out)
    assert run(*check) == 0
    assert not (tmp_path / "trail.csv.sha256.sig").exists()


@pytest.mark.parametrize("key", ["no key", "/nowhere/key.pem"])
def test_a_key_that_does_not_sign_is_said(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The export is there, the message says what is missing, and never the key."""
    monkeypatch.setenv(manifest.KEY_FILE if key.startswith("/") else manifest.KEY, key)
    with pytest.raises(DoraError, match=r"without a signature|can not be read") as error:
        audit.audit(config=config, out=tmp_path / "trail.csv")
    assert "no key" not in str(error.value)
    assert {path.name for path in tmp_path.iterdir()} == {"trail.csv", "trail.csv.sha256"}


def test_who_restarted_a_stage_is_named(facts: Callable[..., dora.Delivery]) -> None:
    """After the last rollout, when the one who triggered it stays who did; each restart counts once."""
    canary = {"canary": 90, "at": "2026-03-02T11:00", "restarted_by": "bob@example.org"}
    stages = [{"deploy": "shop", "image": "shop:1"}, canary]
    delivery = facts(
        spinnaker=[{"id": "e1", "at": "2026-03-02T09:00", "by": "ada@example.org", "stages": stages}],
        settings={"definitions": {"production_accounts": ["prod*"]}},
    )
    (row,) = delivery.audit().rows
    assert (row["triggered_by"], row["restarted_by"], row["restarts"]) == ("ada@example.org", "bob@example.org", 1)
    (line,) = delivery.audit().lines()
    assert "restarted by bob@example.org" in line["marks"]


def test_a_restart_is_of_the_deployment_that_it_ran_again(facts: Callable[..., dora.Delivery]) -> None:
    """A deployment that another one's completion triggers was not restarted with it."""
    canary = {"canary": 90, "at": "2026-03-02T09:30", "restarted_by": "bob@example.org"}
    stages = [{"deploy": "shop", "image": "shop:1", "account": "prod-eu"}, canary]
    us = {"id": "e2", "at": "2026-03-02T11:00", "deploy": "shop", "image": "shop:1", "account": "prod-us"}
    delivery = facts(
        spinnaker=[{"id": "e1", "at": "2026-03-02T09:00", "stages": stages}, us | {"after": "e1"}],
        settings={"definitions": {"production_accounts": ["prod*"]}},
    )
    rows = {row["deployment_id"]: (row["restarted_by"], row["restarts"]) for row in delivery.audit().rows}
    assert rows == {"shop/e1@spinnaker": ("bob@example.org", 1), "shop/e2@spinnaker": (None, 0)}
