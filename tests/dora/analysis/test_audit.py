"""The audit trail by hand-made rows: self-approval, business hours, approvals, rollbacks, templates."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

import dora
from dora.cli import audit
from dora.errors import UsageError
from dora.query.value import Scope

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday; local time is one hour later
Row = dict[str, Any]
TEAMS = {"store": ["shop"], "post": ["mail"]}
SETTINGS = {"timezone": "Europe/Berlin", "teams": TEAMS, "definitions": {"working_hours": "Mon-Fri 09:00-18:00"}}


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


@dataclass
class Story:
    """Rows of one application, added by deployment; each ships the commits merged since the one before."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    shas: list[str] = field(default_factory=list)

    def add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def merge(self, minutes: float, author: str) -> str:
        sha = f"{len(self.shas) + 1:040x}"
        trail = {"id": f"acme/shop@{sha}", "repository": "acme/shop", "sha": sha}
        when = {"authored_at": at(minutes), "committed_at": at(minutes)}
        self.add("commit", **trail, parents=self.shas[-1:], author=author, subject="more", **when)
        self.add("change", **trail, merged_at=at(minutes))
        self.shas.append(sha)
        return sha

    def ship(self, name: str, minutes: float, commit: str | None, served: bool = True, **more: Any) -> None:
        status = "succeeded" if served else "failed"
        traffic, why = at(minutes + 5) if served else None, more.pop("reason", None)
        defaults = {"trigger": "git", "triggered_by": "robot@x.example", "pipeline_id": "pipe", "pipeline": "deploy"}
        trail = {"id": name, "application": "shop", "root_id": name, "status": status, "repository": "acme/shop"}
        times = {"queued_at": at(minutes), "started_at": at(minutes), "finished_at": at(minutes + 9)}
        self.add("execution", **trail, commit=commit, **times, **{**defaults, **more})
        self.add("rollout", id=f"{name}-r", execution_id=name, application="shop", action="deploy", version=commit,
                 environment="production", status=status, started_at=at(minutes + 1), first_traffic_at=traffic,
                 full_traffic_at=traffic, finished_at=at(minutes + 9), reason=why)  # fmt: skip

    def ask(self, name: str, nth: int, minutes: float, by: str | None, **more: Any) -> None:
        decision = (
            {"status": "succeeded", "outcome": "decided", "decision": "continue"} if by else {"outcome": "timed_out"}
        )
        self.add("approval", id=f"{name}-{nth}", execution_id=name, prompt=f"{name}?",
                 roles="managers", started_at=at(minutes), decided_by=by, decided_at=at(minutes + 3) if by else None,
                 finished_at=at(minutes + 4), **{**decision, **more})  # fmt: skip


def trail() -> dict[str, list[Row]]:
    story = Story()
    day = 24 * 60
    story.ship("base", 0, story.merge(-60, "Ada Lovelace"))
    first = story.merge(60, "Ada Lovelace")
    story.ship("alone", 90, first, trigger="manual", triggered_by="bob@x.example")
    story.ask("alone", 1, 91, "ada.lovelace@x.example", unauthorized_user="eve@x.example")
    story.merge(day, "Bob")
    story.ship("both", day + 60, story.merge(day + 5, "Cy"), trigger="manual", triggered_by="cy@x.example")
    story.ask("both", 1, day + 61, "CY@other.example")
    story.ask("both", 2, day + 61, "dee@x.example")
    story.ship("clean", day + 700, story.merge(day + 600, "Bob"))  # Tuesday 20:45 in Berlin: out of hours
    story.ask("clean", 1, day + 701, "dee@x.example")
    story.ship("mute", 2 * day, story.merge(2 * day - 30, "Bob"), served=False)
    story.ask("mute", 1, 2 * day, None, status="failed")
    story.ask("mute", 2, 2 * day, "bob@x.example", decision="stop")
    story.ship("bare", 2 * day + 60, story.shas[-1], trigger="manual", triggered_by="bob@x.example")
    story.ask("bare", 1, 2 * day + 60, None, outcome="skipped", status="skipped")
    story.ship("back", 2 * day + 120, story.shas[-2], trigger="manual", triggered_by="eve@x.example",
               reason="=HYPERLINK(1)")  # fmt: skip
    story.ship("hand", 3 * day, story.shas[-1], trigger="manual", triggered_by="ada", pipeline_id=None)
    for name, version in (("pipe", "v1"), ("other", "v2")):
        story.add("pipeline", id=name, application="shop" if name == "pipe" else "mail", pipeline="deploy",
                  template_kind="v2", template="web", template_version=version, has_canary=False, has_approval=True,
                  has_rollback=False, protected=True, updated_at=at(-9000))  # fmt: skip
    story.add("execution", id="post", application="mail", root_id="post", status="succeeded", pipeline="deploy",
              queued_at=at(5), pipeline_id="other")  # fmt: skip
    story.add("rollout", id="post-r", execution_id="post", application="mail", action="deploy", version="1",
              environment="production", status="succeeded", started_at=at(5), first_traffic_at=at(6),
              full_traffic_at=at(6), finished_at=at(7))  # fmt: skip
    story.add("coverage", id="shop/1", application="shop", since=at(-600), until=at(9 * day))
    story.add("coverage", id="mail/1", application="mail", since=at(-60), until=at(9 * day))
    return story.rows


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    folder = tmp_path_factory.mktemp("audit")
    rows = built_in(folder, rows=trail(), as_of=START + timedelta(days=9), settings=SETTINGS)
    (folder / "dora.toml").write_text(f"data = '{folder}'\ntimezone = 'Europe/Berlin'\n")
    yield rows
    rows.close()


def by_name(delivery: dora.Delivery) -> dict[str, Row]:
    return {row["deployment_id"].split("/")[1].split("@")[0]: row for row in delivery.audit().rows}


def test_authors_and_approvers(delivery: dora.Delivery) -> None:
    """Users are equal by the name before the @. Authors among the approvers are marked, alone or with another user; a
    user who rejects a change is no approver."""
    rows = {name: (row["authors"], row["approved_by"], row["self_approval"]) for name, row in by_name(delivery).items()}
    assert rows == {
        "base": ("Ada Lovelace", None, None),
        "post": (None, None, None),
        "alone": ("Ada Lovelace", "ada.lovelace@x.example", "approved by an author alone"),
        "both": ("Bob, Cy", "CY@other.example, dee@x.example",
                 "approved by an author and another person; approved by the person who triggered it"),
        "clean": ("Bob", "dee@x.example", None),
        "mute": (None, None, None),
        "bare": ("Bob", None, None),
        "back": (None, None, None),
        "hand": (None, None, None),
    }  # fmt: skip


def test_approval_prompts(delivery: dora.Delivery) -> None:
    """Each change has its prompts with roles, approval time, unauthorized users, timeouts and skips."""
    rows = by_name(delivery)
    both = rows["both"]
    assert (both["prompt_count"], both["prompts"], both["roles"]) == (2, "both? · both?", "managers · managers")
    assert both["waited_minutes"] == pytest.approx(6)
    assert rows["alone"]["unauthorized_users"] == "eve@x.example"
    assert [rows[name]["prompts_timed_out"] for name in ("mute", "bare", "clean")] == [1, 0, 0]
    assert [rows[name]["prompts_skipped"] for name in ("mute", "bare", "clean")] == [0, 1, 0]


def test_local_time_decides_what_is_outside_business_hours(delivery: dora.Delivery) -> None:
    """19:45 UTC on a Tuesday is 20:45 in Berlin; a change that took no traffic has no hour."""
    rows = by_name(delivery)
    assert str(rows["clean"]["local_time"]) == "2026-03-03 20:45:00"
    outside = {name: row["outside_business_hours"] for name, row in rows.items()}
    assert {name: value for name, value in outside.items() if value is not False} == {"clean": True, "mute": None}


def test_exceptions_have_a_total_of_their_own(delivery: dora.Delivery) -> None:
    """Each exception has its denominator, and lists its deployments."""
    trail = delivery.audit()
    rows = {exception.name: (exception.count, exception.total) for exception in trail.exceptions}
    assert rows == {
        "outside_business_hours": (1, 8), "started_manually": (5, 8), "manual_release_without_approval": (1, 4),
        "self_approved": (1, 3), "approved_by_author_and_another": (1, 3), "approved_by_trigger_user": (1, 3),
        "unauthorized_decision": (1, 5), "rejected": (1, 5), "approval_timed_out": (1, 5),
        "passed_by_timeout": (0, 5), "approval_skipped": (1, 5), "canary_overridden": (0, 0),
        "unknown_commit": (1, 8),
    }  # fmt: skip
    (alone,) = [exception for exception in trail.exceptions if exception.name == "self_approved"]
    assert [row["deployment_id"] for row in trail.only("self_approved").rows] == alone.deployments
    assert "1 of 3 approved changes were self-approved: approved only by an author." in trail.sentences
    with pytest.raises(UsageError, match="no audit exception eyes"):
        trail.only("eyes")


def test_a_rollback_and_the_deployment_that_it_rolled_back(delivery: dora.Delivery) -> None:
    """It has a user, the time live of what it rolled back, and what it restored."""
    (row,) = delivery.rollbacks().rows
    assert (row["application"], row["team"], row["triggered_by"], row["started_manually"]) == (
        "shop",
        "store",
        "eve@x.example",
        True,
    )
    assert row["rolled_back_id"].startswith("shop/bare@")
    assert row["live_minutes"] == pytest.approx(60)
    assert row["restored_commit"] == f"{5:040x}"


def test_rollbacks_have_a_denominator_and_coverage(delivery: dora.Delivery) -> None:
    """1 of 7 deployments of two applications, since when history is complete, and that it was read afterwards."""
    trail = delivery.rollbacks()
    assert (trail.deployments, trail.applications, trail.idle, trail.attempts) == (7, 2, [], 0)
    assert trail.limits == pytest.approx((0.0257, 0.5131), abs=1e-4)  # Wilson of 1 in 7
    assert str(trail.complete_since) == "2026-03-02 08:00:00"
    assert "1 rollback in 9 days (2–11 March 2026) among 7 deployments of 2 applications: 14.3 %" in trail.sentences[0]
    assert trail.sentences[1] == "History of all applications is complete since 2 March 2026."
    assert trail.sentences[2].startswith("Events before 11 March 2026 were read on that day")


def test_no_rollback_is_a_zero_with_its_bound(delivery: dora.Delivery) -> None:
    """Zero of 5 has the upper limit; without deployments the sentence says so; idle applications are listed."""
    quiet = delivery.rollbacks(Scope(until="2026-03-04"))
    assert quiet.rows == []
    assert quiet.sentences[0].endswith(
        "among 5 deployments of 2 applications: at most 43.4 % of deployments are rolled back (95 % CI)."
    )
    assert delivery.rollbacks(Scope(since="2026-03-03", applications=("mail",))).sentences == [
        "There were no deployments, so nothing could be rolled back.",
        "History of all applications is complete since 2 March 2026.",
        "Events before 11 March 2026 were read on that day: manual operations that the source had deleted by then are"
        " missing.",
        "1 application had no deployments: mail.",
    ]
    early = delivery.rollbacks(Scope(since="2026-02-20", applications=("mail",)))
    assert "mail: no data before 2 March 2026" in early.sentences[1] or "after the start" in early.sentences[1]


def test_five_names_are_listed_and_the_others_counted(delivery: dora.Delivery) -> None:
    """Those with most rollbacks first; with exactly five there is nothing to count."""
    trail = delivery.rollbacks()
    names = [*"gfedcba", "a", "b"]
    many = replace(trail, rows=[{"application": name} for name in names], idle=list("uvwxyz"))
    assert many.sentences[0].endswith("By application: b 2, a 2, g 1, f 1, e 1 and 2 more.")
    assert many.sentences[-1] == "6 applications had no deployments: u, v, w, x, y and 1 more."
    assert replace(trail, idle=list("uvwxy")).sentences[-1].endswith("no deployments: u, v, w, x, y.")


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trail.csv", "trail.html", "trail.parquet"]
