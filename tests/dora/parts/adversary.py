"""A landing in which applications depend on each other in every way that a plan has to know of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.conftest import Facts

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
Row = dict[str, Any]
# Each pair depends on each other in another way; those of no pair on none.
PAIRS = ("tree", "cross", "trigger", "target", "config", "route", "image", "named", "shipped")
APPLICATIONS = (*(f"{pair}-{side}" for pair in PAIRS for side in "ab"), "shop", "cart", "quiet")


def at(day: int, hour: int = 8, minute: int = 0) -> str:
    """Return a time of May 2026."""
    return f"2026-05-{day:02}T{hour:02}:{minute:02}:00Z"


def sha(number: int) -> str:
    """Return a full commit id; those below 16 share no beginning, the others are counted up."""
    return f"{number:x}" * 40 if number < 16 else f"{number:07x}".ljust(40, "a")


def execution(id_: str, application: str, day: int, **fields: Any) -> Row:
    """Return an execution that ran for an hour."""
    return {
        "id": id_, "application": application, "root_id": id_, "status": "succeeded", "pipeline": "Deploy",
        "pipeline_id": f"p-{application}", "trigger": "git", "triggered_by": "ada",
        "queued_at": at(day), "started_at": at(day), "finished_at": at(day, 9),
    } | fields  # fmt: skip


def rollout(execution_id: str, application: str, day: int, version: str | None, **fields: Any) -> Row:
    """Return a rollout of an execution to production."""
    return {
        "id": f"{execution_id}-{application}-{fields.get('cluster', '')}", "execution_id": execution_id,
        "application": application, "action": "deploy", "account": "prod", "location": "eu", "cluster": application,
        "status": "succeeded", "started_at": at(day), "accepted_at": at(day, 8, 10),
        "first_traffic_at": at(day, 8, 20), "full_traffic_at": at(day, 8, 30), "finished_at": at(day, 9),
        "images": [f"registry/{application}:{version}"] if version else None, "template": "t1",
    } | fields  # fmt: skip


def releases() -> Iterator[tuple[str, Row]]:
    """Yield three releases of each application: of its own repository, of a shared one, and of what is unknown."""
    for number, application in enumerate(APPLICATIONS):
        for turn in range(3):
            id_, day = f"{application}-{turn}", 2 + number % 7 + 7 * turn
            # A monorepo, a repository of its own, one that is not ingested, none.
            repository = ("org/mono", f"org/{application}", "org/lost", None)[number % 4]
            commit = sha(16 + 8 * turn + number % 8)
            if application == "cross-b":
                commit = sha(200 + turn)  # of org/other and of its fork, though the execution names another
            if application == "shipped-b":
                repository, commit = "org/shipped", sha(401 + turn)
            if application in ("trigger-b", "config-b"):
                commit = commit[:7]  # short, and of a repository that is unknown
            if application == "quiet":
                repository, day = "org/mono", 1
            yield "execution", execution(id_, application, day, repository=repository, commit=commit)
            yield "rollout", rollout(id_, application, day, f"1.{turn}")


def commits() -> Iterator[tuple[str, Row]]:
    """Yield repositories with a fork and one that no application deploys."""
    repositories = {"org/mono": range(16, 48), "org/tree-b": range(16, 48), "org/target-b": range(16, 40)}
    repositories |= {"org/other": range(200, 206), "org/fork": range(200, 204), "org/shipped": range(400, 410)}
    repositories |= {"org/nobody": range(300, 304)}
    for repository, numbers in repositories.items():
        for number in numbers:
            parents = [sha(number - 1)] if number > numbers[0] else []
            day = 1 + (number - numbers[0]) // 2
            yield "commit", {
                "id": f"{repository}@{sha(number)}", "repository": repository, "sha": sha(number), "parents": parents,
                "authored_at": at(day, 1 + number % 2), "committed_at": at(day, 2 + number % 2),
                "author": f"Author {number % 5}", "author_email": f"author{number % 5}@example.com",
                "subject": f"Change {number}",
            }  # fmt: skip
            change = {"id": f"{repository}@{sha(number)}", "repository": repository, "sha": sha(number)}
            change |= {"merged_at": at(day, 2 + number % 2), "branch": "main", "kind": "direct"}
            if repository == "org/nobody" and number == 300:
                change["applications"] = ["image-a", "elsewhere"]
            yield "change", change


def ties() -> Iterator[tuple[str, Row]]:
    """Yield what makes one application of a pair depend on the other."""
    # One execution tree of two applications; a rollout of one application by an execution of the other.
    yield "execution", execution("tree", "tree-a", 20)
    yield "execution", execution("child", "tree-b", 20, root_id="tree", parent_id="tree", trigger="pipeline")
    yield "rollout", rollout("child", "tree-b", 20, "2.0")
    yield "execution", execution("cross", "cross-a", 20)
    yield "rollout", rollout("cross", "cross-b", 20, "2.0")
    # An execution that the completion of another one triggered, with its approval.
    yield "execution", execution("before", "trigger-a", 21)
    yield "execution", execution("after", "trigger-b", 21, parent_id="before", trigger="pipeline")
    yield "rollout", rollout("after", "trigger-b", 21, "2.1")
    yield "approval", {
        "id": "a1", "execution_id": "before", "decision": "continue", "decided_by": "author1", "status": "succeeded",
        "started_at": at(21), "decided_at": at(21, 8, 5), "finished_at": at(21, 8, 5),
    }  # fmt: skip
    # Two applications change one workload, and one takes it back.
    changes = (("target-a", "deploy"), ("target-b", "deploy"), ("target-b", "rollback"))
    for turn, (application, action) in enumerate(changes):
        yield "execution", execution(f"same-{turn}", application, 22 + turn)
        fields = {"restores": "shared-v000"} if action == "rollback" else {}
        fields |= {"cluster": "shared", "action": action, "server_group": f"shared-v00{turn}"}
        yield "rollout", rollout(f"same-{turn}", application, 22 + turn, f"3.{turn}", **fields)
    # One manifest that two applications apply.
    for turn, application in enumerate(("config-a", "config-b", "config-a")):
        times = {"started_at": at(28, 8 + turn), "queued_at": at(28, 8 + turn)}
        yield "execution", execution(f"config-{turn}", application, 28, **times)
        yield "config_manifest", {
            "id": f"manifest-{turn}", "execution_id": f"config-{turn}", "application": application, "action": "deploy",
            "account": "prod", "location": "eu", "kind": "ConfigMap", "name": "flags", "fingerprint": f"f{turn // 2}",
            "status": "succeeded", "started_at": at(28, 8 + turn), "applied_at": at(28, 8 + turn, 5),
            "finished_at": at(28, 8 + turn, 6),
        }  # fmt: skip
    # A route of one application to the workload of the other, and to one that no application deploys.
    yield "execution", execution("route", "route-a", 27)
    for host, weight in (("route-b", 80.0), ("elsewhere", 20.0)):
        yield "traffic_route", {
            "id": f"route-{host}", "execution_id": "route", "application": "route-a", "account": "prod",
            "location": "eu", "kind": "virtualservice", "name": "routes", "host": f"{host}.eu.svc", "weight": weight,
            "status": "succeeded", "started_at": at(27), "applied_at": at(27, 8, 5),
        }  # fmt: skip
    # One image under two applications; the first deployment of it knows the commit.
    for turn, (application, commit) in enumerate((("image-a", sha(20)), ("image-b", sha(24)))):
        yield "execution", execution(f"image-{turn}", application, 25 + turn, repository="org/mono", commit=commit)
        images = {"images": ["registry/common:9"], "template": "t2"}
        yield "rollout", rollout(f"image-{turn}", application, 25 + turn, None, **images)


def records() -> Iterator[tuple[str, Row]]:
    """Yield incidents and verdicts of other applications, of commits, of several and of none."""
    named = {
        "i1": {"application": "named-a", "deployment": "named-b-1"},  # of another application
        "i2": {"application": "shop", "deployment": "tree"},  # of a tree of two others
        "i3": {"application": "cart", "commit": sha(20)},  # which several applications shipped
        "i4": {"application": "shipped-a", "commit": sha(401)},  # which another one shipped alone
        "i5": {"application": "shop", "deployment": "nothing"},
        "i6": {"application": "cart"},
        "i7": {"application": "only-incidents"},
    }
    for number, (id_, fields) in enumerate(named.items()):
        times = {"opened_at": at(21 + number, 10), "resolved_at": at(21 + number, 12)}
        yield "incident", {"id": id_} | times | fields
    judged = ({"deployment": "cart-1"}, {"commit": sha(402)}, {"application": "shop", "commit": sha(24)})
    for number, fields in enumerate(judged):
        verdict = {"id": f"v{number}", "verdict": "failed", "decided_by": "ada", "decided_at": at(29)}
        yield "verdict", verdict | fields
    for system, application in (("a", "shop"), ("b", "cart")):
        for event, hour in (("opened", 10), ("resolved", 11)):
            yield "incident_event", {
                "id": f"{system}-{event}", "incident": "7", "system": system, "application": application,
                "event": event, "happened_at": at(26, hour),
            }  # fmt: skip


def others() -> Iterator[tuple[str, Row]]:
    """Yield what counts and ranks across applications, and what belongs to none."""
    for number, application in enumerate(APPLICATIONS):
        kind = {"template_kind": "v2", "template": "shared", "template_version": f"v{number % 3}"} if number < 4 else {}
        yield "pipeline", {
            "id": f"p-{application}", "application": application, "pipeline": "Deploy", "has_canary": False,
            "has_approval": False, "has_rollback": False, "updated_at": at(1 + number),
        } | kind  # fmt: skip
        yield "coverage", {"id": application, "application": application, "since": at(1), "until": at(30)}
    for application, status, score in (("shop", "succeeded", 90.0), ("image-a", "failed", 20.0)):
        canary = f"canary-{application}"
        yield "canary", {
            "id": canary, "execution_id": f"{application}-1", "analysis": "realTime", "config": "c1", "score": score,
            "intervals": 1, "status": status, "started_at": at(10), "finished_at": at(10, 9),
        }  # fmt: skip
        yield "canary_interval", {
            "id": f"{canary}-1", "canary_id": canary, "execution_id": f"{application}-1", "judgment_id": "j1",
            "score": score, "status": status, "started_at": at(10), "finished_at": at(10, 9),
        }  # fmt: skip
    yield "canary_judgment", {"id": "j1", "config": "Latency", "config_id": "c1", "score": 55.5, "status": "succeeded"}
    yield "canary_metric", {"id": "j1/errors", "judgment_id": "j1", "metric": "errors", "classification": "high"}
    yield "event", {"id": "e1", "began_at": at(5), "kind": "freeze", "title": "Freeze"}
    yield "application", {"id": "quiet", "application": "inventory-only", "team": "platform"}


def adversary() -> Facts:
    """Return the facts: rows as a system has them, and files of another source with the same applications."""
    rows: dict[str, list[Row]] = {}
    for rows_of_kind in (releases, commits, ties, records, others):
        for table, row in rows_of_kind():
            rows.setdefault(table, []).append(row)
    deployments = ["id | application | environment | status | started_at | finished_at | version | repository | commit"]
    for number, application in enumerate(("SHOP", "cart", "legacy", "legacy-2", "route-b")):
        for turn in range(2):
            began = f"2026-04-{1 + number + 10 * turn:02}T08"
            deployments.append(
                f"{turn + 1} | {application} | production | succeeded | {began}:00 | {began}:30 | {turn}.0 | org/mono |"
                f" {sha(16 + 4 * turn + number)}"
            )
    incidents = ["id | application | opened_at | resolved_at | deployment", "f1 | named-a | 2026-04-12T10:00 | | 1"]
    incidents.append("f2 | legacy | 2026-04-13T10:00 | 2026-04-13T11:00 | 1")
    definitions = {
        "production_accounts": ["prod"], "production_environments": ["production"], "ended_after_days": 14,
    }  # fmt: skip
    return Facts(
        rows=rows, deployments="\n".join(deployments), incidents="\n".join(incidents), as_of=AS_OF,
        settings={"definitions": definitions},
    )  # fmt: skip
