"""Rows of two applications with manual changes, approvals and one rollback: the facts of audit and rollbacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

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

    def request(self, number: int, author: str, merged_by: str, **more: Any) -> None:
        """The request that became the latest commit."""
        trail = {"id": f"acme/shop#{number}", "repository": "acme/shop", "number": str(number), "sha": self.shas[-1]}
        self.add("change_request", **trail, author=author, merged_by=merged_by, merged_at=at(100_000), **more)
        self.rows["change"][-1]["change_request"] = str(number)

    def ship(self, name: str, minutes: float, commit: str | None, served: bool = True, **more: Any) -> None:
        status = "succeeded" if served else "failed"
        traffic, why = at(minutes + 5) if served else None, more.pop("reason", None)
        defaults = {"trigger": "git", "triggered_by": "robot@x.example", "pipeline_id": "pipe", "pipeline": "deploy"}
        trail = {"id": name, "application": "shop", "root_id": name, "status": status, "repository": "acme/shop"}
        times = {"queued_at": at(minutes), "started_at": at(minutes), "finished_at": at(minutes + 9)}
        self.add("execution", **trail, commit=commit, **times, **{**defaults, **more})
        self.add("rollout", id=f"{name}-r", execution_id=name, application="shop", action="deploy", version=commit,
                 environment="production", status=status, started_at=at(minutes + 4), first_traffic_at=traffic,
                 full_traffic_at=traffic, finished_at=at(minutes + 9), reason=why)  # fmt: skip

    def ask(self, name: str, nth: int, minutes: float, by: str | None, **more: Any) -> None:
        decision = (
            {"status": "succeeded", "outcome": "decided", "decision": "continue"} if by else {"outcome": "timed_out"}
        )
        self.add("approval", id=f"{name}-{nth}", execution_id=name, prompt=f"{name}?",
                 roles="managers", started_at=at(minutes), decided_by=by, decided_at=at(minutes + 3) if by else None,
                 finished_at=at(minutes + 4), **{**decision, **more})  # fmt: skip


def audit_rows() -> dict[str, list[Row]]:
    story = Story()
    day = 24 * 60
    story.ship("base", 0, story.merge(-60, "Ada Lovelace"))
    first = story.merge(60, "Ada Lovelace")
    story.request(1, "ada", "ADA", reviewers=["dee"], approvers=["dee"])
    story.ship("alone", 90, first, trigger="manual", triggered_by="bob@x.example")
    story.ask("alone", 1, 91, "ada.lovelace@x.example", unauthorized_user="eve@x.example")
    story.merge(day, "Bob")
    story.request(2, "bob", "bob", reviewers=["dee"], approvers=[])
    second = story.merge(day + 5, "Cy")
    story.request(3, "dee", "cy", reviewers=[], approvers=[])
    story.ship("both", day + 60, second, trigger="manual", triggered_by="cy@x.example")
    story.ask("both", 1, day + 61, "CY@other.example")
    story.ask("both", 2, day + 61, "dee@x.example")
    third = story.merge(day + 600, "Bob")
    story.request(4, "bob", "cy")
    story.ship("clean", day + 700, third)  # Tuesday 20:45 in Berlin: out of hours
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
