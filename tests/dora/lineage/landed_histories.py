"""Small histories of deployments as rows of landing, each from a seed, with its own applications and repository."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

Row = dict[str, Any]

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = 60_000_000
LIBRARY = "org/library"
SETTINGS = {
    "definitions": {
        "production_accounts": ["prod-*"],
        "rollback_pipelines": ["Back out"],
        "images": {"*-library": LIBRARY},
    }
}
TAGS = ["number", "number", "sha", "short", "latest", "digest", "label", "missing"]
PAUSES: list[list[float]] = [[], [0], [20], [20, 50], [0, 50]]
WEIGHTS = [0, 10, 50, 90, 100, 100]
STATUSES = {"ok": 80, "refused": 7, "unstable": 7, "canceled": 4, "planned": 3, "skipped": 1}


class Place(NamedTuple):
    """Where an application serves. ``form`` is a kind of workload, mesh (one of its two) or file."""

    application: str
    account: str
    workload: str
    form: str
    image: str

    @property
    def is_versioned(self) -> bool:
        return self.form in ("replicaset", "servergroup")


def commit_id(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def library_rows() -> dict[str, list[Row]]:
    """Return the commits of the repository that all applications share."""
    commits = [_commit(LIBRARY, f"library{number}", [f"library{number - 1}"] if number else []) for number in range(9)]
    return {"commit": commits, "change": [_change(commit) for commit in commits]}


def _commit(repository: str, name: str, parents: Iterable[str], subject: str = "") -> Row:
    sha, times = commit_id(name), dict.fromkeys(("committed_at", "authored_at"), -MINUTE)
    ids = {"id": f"{repository}@{sha}", "repository": repository, "sha": sha}
    return ids | times | {"parents": [commit_id(parent) for parent in parents], "subject": subject or name}


def _change(commit: Row) -> Row:
    return {name: commit[name] for name in ("id", "repository", "sha")} | {"merged_at": commit["committed_at"]}


def as_instants(row: Row) -> Row:
    """Return a row with times as texts; in a history they are microseconds since ``START``."""
    return {
        name: (START + timedelta(microseconds=value)).isoformat()
        if name.endswith("_at") and value is not None
        else value
        for name, value in row.items()
    }


class History:
    """The rows of one or two applications that the same executions deploy, in ``rows`` by table."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.name = f"shop{seed:05}"
        self.repository = f"org/{self.name}"
        self.rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._ticks = 0
        self._newest, self._library = 0, 0
        self._tags = self.random.choice(TAGS)
        self._names: defaultdict[Place, list[str]] = defaultdict(list)
        self._shapes: dict[str, dict[str, int]] = {}
        self._sidecar_first, self._has_library = self._chance(0.2), self._chance(0.25)
        self._with_rules = self._chance(0.5)
        self.applications = [self.name, *([f"pay{seed:05}"] if self._chance(0.25) else [])]
        self.places = self._choose_places()
        self._land_commits()
        minute = 0
        for number in range(self.random.randint(4, 14)):
            self._execute(f"{self.name}-e{number:02}", minute)
            minute += self.random.choice([90, 90, 90, 4, 11])  # now and then they overlap

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _tick(self, minute: float) -> int:
        """Return a time that no other event of the history has."""
        self._ticks += 1
        return int(minute * MINUTE) + self._ticks

    def _choose_places(self) -> list[Place]:
        name, other = self.applications[0], self.applications[-1]
        eu, us = "prod-eu", "prod-us"
        sets = [
            [Place(name, eu, "web", "deployment", name), Place(name, us, "web", "deployment", name)],
            [Place(other, eu, "worker", "deployment", "worker"), Place(other, us, "worker", "deployment", "worker")],
            [Place(name, eu, "groups", "replicaset", name), Place(name, us, "groups", "replicaset", name)],
            [Place(other, eu, "machines", "servergroup", "")],
            [Place(name, eu, f"{name}-a", "mesh", name), Place(name, eu, f"{name}-b", "mesh", name)],
            [Place(name, "eu", "shop", "file", ""), Place(name, "us", "shop", "file", "")],
            [Place(name, "staging", "web", "deployment", name), Place(name, eu, "web", "deployment", name)],
            [Place(name, eu, "web-canary", "deployment", name), Place(name, eu, "web", "deployment", name)],
            [Place(name, eu, "nightly", "job", name)],
            [Place(name, eu, "front", "rollout", name), Place(name, us, "front", "rollout", name)],
        ]
        chosen = self.random.choices(sets, [4, 3, 3, 1, 3, 1, 1, 1, 1, 3], k=self.random.choice([1, 1, 2]))
        places = list(dict.fromkeys(place for of_set in chosen for place in of_set))
        return places if other == name else [*places, Place(other, eu, "cart", "deployment", other)]

    def _land_commits(self) -> None:
        """Land a trunk of ten entries; some merge a commit beside it."""
        for number in range(10):
            parents = [f"{self.name}{number - 1}"] if number else []
            if number > 1 and self._chance(0.2):
                side = f"{self.name}side{number}"
                self.rows["commit"].append(_commit(self.repository, side, [f"{self.name}{number - 2}"]))
                parents.append(side)
            subject = "hotfix: stop it" if self._chance(0.1) else f"Change {number}"
            commit = _commit(self.repository, f"{self.name}{number}", parents, subject)
            self.rows["commit"].append(commit)
            self.rows["change"].append(_change(commit))

    # Executions

    def _execute(self, name: str, minute: float) -> None:
        before = self.rows["execution"][-1] if self.rows["execution"] else None
        execution = {
            "id": name, "application": self.name, "root_id": name, "status": "succeeded",
            "pipeline": self.random.choices(["Deploy", "Hotfix", "Back out"], [30, 1, 1])[0],
            "queued_at": self._tick(minute), "started_at": self._tick(minute), "repository": self.repository,
            "trigger": self.random.choice(["manual", "git"]),
            "branch": "hotfix/x" if self._chance(0.03) else "main", "dry_run": self._chance(0.02),
        }  # fmt: skip
        content = self._choose_content()
        is_child = before is not None and before["root_id"] == before["id"] and self._chance(0.1)
        if before and is_child:
            execution |= {name: before[name] for name in ("commit", "repository", "branch", "dry_run")}
            execution |= {"root_id": before["id"], "parent_id": before["id"], "pipeline": "Child"}
        else:
            execution |= self._trigger(content)
            if before and self._chance(0.1):
                execution["parent_id"] = before["id"]
        self._minute = minute + 1
        self._act(execution, content)
        end = self._tick(self._minute)
        failed = any(row["status"] == "failed" for row in self.rows["rollout"] if row["execution_id"] == name)
        status = "failed" if failed and self._chance(0.7) else "succeeded"
        execution["status"] = "running" if self._chance(0.03) else "canceled" if self._chance(0.06) else status
        self.rows["execution"].append(execution | {"finished_at": None if execution["status"] == "running" else end})
        of_execution = {"execution_id": name, "status": "failed", "started_at": self._tick(minute)}
        if self._chance(0.03):
            self.rows["canary"].append({"id": f"{name}-canary", "score": 20.0, **of_execution})
        if self._chance(0.03):
            self.rows["approval"].append({"id": f"{name}-stop", "decision": "stop", **of_execution})

    def _choose_content(self) -> int:
        choice = self.random.random()
        if choice < 0.55:
            self._newest = min(self._newest + self.random.choice([1, 1, 2]), 9)
        return self._newest if choice < 0.7 else self.random.randint(0, self._newest)

    def _trigger(self, content: int) -> Row:
        """Return commit and repository of an execution: those of its content, or what came later."""
        self._library = min(self._library + self._chance(0.3), 8)
        if self._has_library and self._tags == "sha" and self._chance(0.2):
            return {"repository": LIBRARY, "commit": commit_id(f"library{self._library}")}
        if self._tags == "missing":
            return {"commit": None}
        is_other = self._tags in ("number", "sha", "digest") and self._chance(0.2)
        sha = commit_id(f"{self.name}{self._newest if is_other else content}")
        if self._chance(0.04):
            sha = commit_id("a commit that no repository has")
        return {"commit": sha[:7] if self._tags == "short" else sha}

    def _act(self, execution: Row, content: int) -> None:
        """Let the stages of an execution run, one after another or side by side."""
        places = [place for place in self.places if self._chance(0.6)] or [self.random.choice(self.places)]
        actions = ["deploy", "undo", "restart", "scale", "switch", "route", "config"]
        action = self.random.choices(actions, [14, 3, 1, 1, 4, 3, 1.5])[0]
        for place in places:
            getattr(self, f"_{action}")(execution, place, content)
        if action == "deploy":
            if self._chance(0.12):  # a retry
                self._deploy(execution, self.random.choice(places), content)
            if self._chance(0.25):
                self._switch(execution, self.random.choice(places), content)
            if self._chance(0.4):
                self._route(execution, places[0], content)
            if self._chance(0.12):
                self._undo(execution, self.random.choice(places), content)
            if self._chance(0.2):
                self._config(execution, places[0], content)

    # Stages

    def _stage(self, execution: Row, place: Place, action: str, **fields: Any) -> Row:
        """Land a rollout; it has no traffic yet."""
        minute = self._minute
        self._minute += self.random.choice([0, 6, 6])
        is_upper = self._chance(0.03)
        where = {"environment": "prod", "target": place.account} if place.form == "file" else {
            "account": place.account, "location": self.name,
            "cluster": place.workload.upper() if is_upper else place.workload,
        }  # fmt: skip
        kinds = {"mesh": "deployment", "file": None}
        row = {
            "id": f"{execution['id']}-s{len(self.rows['rollout']):03}", "execution_id": execution["id"],
            "application": place.application, "action": action, "status": "succeeded", **where,
            "workload_kind": kinds.get(place.form, place.form), "started_at": self._tick(minute), **fields,
        }  # fmt: skip
        self.rows["rollout"].append(row)
        return row

    def _end(self, row: Row, status: str, *, is_dark: bool = False) -> Row:
        """Set the times of a rollout by how it ended."""
        start = row["started_at"] / MINUTE
        if status in ("planned", "skipped"):
            return row.update(status="not_started" if status == "planned" else status, started_at=None) or row
        took_traffic = status in ("ok", "unstable") or (status == "canceled" and self._chance(0.5))
        if took_traffic:
            row["accepted_at"] = self._tick(start + 1)
            if not is_dark:
                row["first_traffic_at"] = row["accepted_at"] if status == "unstable" else self._tick(start + 1.5)
                row["full_traffic_at"] = self._tick(start + 3) if status == "ok" else None
        row["finished_at"] = self._tick(start + 4)
        row["status"] = {"ok": "succeeded", "canceled": "canceled"}.get(status, "failed")
        return row

    def _status(self) -> str:
        return self.random.choices(list(STATUSES), list(STATUSES.values()))[0]

    def _deploy(self, execution: Row, place: Place, content: int) -> None:
        fields, names = self._manifest(execution, place, content), self._names[place]
        is_dark = place.is_versioned and self._chance(0.35)
        if place.is_versioned:
            if not names or self._chance(0.9):
                names.append(f"{place.workload}-v{len(names):03}")
            fields["server_group"] = names[-1]
            fields["strategy"] = "dark" if is_dark else "bluegreen"
        if place.form == "rollout" and self._chance(0.9):
            fields["pause_weights"] = self.random.choice(PAUSES)
        row = self._end(self._stage(execution, place, "deploy", **fields), self._status(), is_dark=is_dark)
        is_full = row.get("full_traffic_at") is not None
        if place.form == "rollout" and is_full and self._chance(0.07):
            row |= {"aborted_by_analysis": self._chance(0.6), "full_traffic_at": None}
        if place.is_versioned and is_full and len(names) > 1 and self._chance(0.6):
            before = self._stage(execution, place, "disable", server_group=names[-2])
            before["accepted_at"] = self._tick(row["full_traffic_at"] / MINUTE)

    def _undo(self, execution: Row, place: Place, content: int) -> None:
        if place.form in ("file", "job"):
            return
        names = self._names[place]
        form = self.random.choice(["steps", "steps", "name"])
        if place.is_versioned:
            pointed = {"restores": self.random.choice(names)} if names else {"steps_back": 1}
        else:
            pointed = {"steps_back": self.random.choice([1, 1, 1, 2])}
            if form == "name":
                pointed = {"restores": str(self.random.randint(1, 4))}
        self._end(self._stage(execution, place, "rollback", **pointed), self._status())

    def _restart(self, execution: Row, place: Place, content: int) -> None:
        if place.form not in ("file", "job"):
            self._end(self._stage(execution, place, "restart"), self._status())

    def _scale(self, execution: Row, place: Place, content: int) -> None:
        if place.form not in ("file", "job"):
            names = self._names[place]
            group = {"server_group": self.random.choice(names)} if names else {}
            self._end(self._stage(execution, place, "scale", **group), self._status())

    def _switch(self, execution: Row, place: Place, content: int) -> None:
        """Enable, disable or delete a group, in one of the forms that stages know; delete a workload."""
        names = self._names[place]
        if place.form == "rollout":
            self._command(execution, place)
        if not place.is_versioned:
            if place.form == "deployment" and self._chance(0.1):
                self._stage(execution, place, "delete", accepted_at=self._tick(self._minute + 1))
            return
        pointed: Row = {"steps_back": self.random.choice([0, 0, 1])}
        if names and self._chance(0.5):
            pointed = {"server_group": self.random.choice([*names[-2:], *names])}
        elif self._chance(0.2):
            pointed = {"restores": "oldest"}
        action = self.random.choices(["enable", "disable", "delete"], [6, 2, 1])[0]
        row = self._stage(execution, place, action, **pointed)
        if self._chance(0.1):
            row["status"] = "failed"
            return
        row["accepted_at"] = self._tick(self._minute + 1)
        if action == "enable":
            row |= dict.fromkeys(("first_traffic_at", "full_traffic_at"), row["accepted_at"])

    def _command(self, execution: Row, place: Place) -> None:
        """Promote or abort an Argo Rollout, or tell that this happened in the cluster."""
        action = self.random.choice([*["promote"] * 3, "promote_fully", "abort", "completed", "aborted"])
        outcome = {"aborted_by_analysis": self._chance(0.5)} if action == "aborted" else {}
        row = self._end(
            self._stage(execution, place, action, **outcome), self.random.choice(["ok", "ok", "ok", "refused"])
        )
        if "accepted_at" in row:
            row |= dict.fromkeys(("accepted_at", "first_traffic_at"), row["full_traffic_at"])

    def _route(self, execution: Row, place: Place, content: int) -> None:
        """Divide the traffic of the two workloads of a mesh; sometimes a destination rule names their labels."""
        if place.form != "mesh":
            return
        weight = self.random.choice(WEIGHTS)
        subsets = [("blue", "a"), ("green", "b")] if self._with_rules else [("a", "a"), ("b", "b")]
        stage = f"{execution['id']}-r{len(self.rows['traffic_route']):03}"
        applied = None if self._chance(0.1) else self._tick(self._minute + 1)
        of_stage = {
            "execution_id": execution["id"], "application": place.application, "account": place.account,
            "location": self.name, "name": self.name, "host": self.name, "started_at": self._tick(self._minute),
            "applied_at": applied, "status": "failed" if applied is None else "succeeded",
        }  # fmt: skip
        self._minute += 6
        for (subset, side), share in zip(subsets, (weight, 100 - weight), strict=True):
            self.rows["traffic_route"].append(of_stage | {
                "id": f"{stage}/{self.name}/{self.name}/{subset}", "kind": "virtualservice", "subset": subset,
                "weight": float(share),
            })  # fmt: skip
            if self._with_rules and applied is not None and self._chance(0.3):
                self.rows["traffic_route"].append(of_stage | {
                    "id": f"{stage}-rule/{self.name}/{self.name}/{subset}", "kind": "destinationrule",
                    "subset": subset, "labels": [f"side={self.name}-{side}"],
                })  # fmt: skip

    def _config(self, execution: Row, place: Place, content: int) -> None:
        status, number = self._status(), len(self.rows["config_manifest"])
        row: Row = {"id": f"{execution['id']}-c{number:03}", "started_at": self._tick(self._minute)}
        self._end(row, status)
        row["applied_at"] = row.pop("full_traffic_at", None)
        row.pop("accepted_at", None), row.pop("first_traffic_at", None)
        account = "staging" if place.form == "file" else place.account
        self.rows["config_manifest"].append(row | {
            "execution_id": execution["id"], "application": place.application, "account": account,
            "location": self.name, "kind": "configmap", "name": place.application,
            "fingerprint": f"f{self.random.choice([0, 0, 0, 1, 2])}",
            "action": self.random.choice(["deploy", "deploy", "deploy", "patch", "delete"]),
        })  # fmt: skip

    # Manifests

    def _manifest(self, execution: Row, place: Place, content: int) -> Row:
        """Return what a deploy brings: images, template, keys and labels, or a version alone."""
        if place.form in ("file", "servergroup"):
            return {"version": f"{self.name}-{content}"} if self._tags != "latest" else {}
        shape = self._shapes.setdefault(place.workload, {"template": 0, "env": 0, "sidecar": 0})
        if self._chance(0.3):
            shape[self.random.choice(list(shape))] = self.random.randint(0, 1)
        keys = [f"env/main/MODE=0000000{shape['env']}", f"labels/commit=abcdef{self.random.randint(10, 12)}:commit"]
        if self._chance(0.3):
            keys.append(f"annotations/restartedAt=0000000{self.random.randint(0, 3)}")
        if place.form == "deployment" and self._chance(0.04):
            return {"template_keys": sorted(keys[:1])}  # a patch of a variable
        row: Row = {"template": f"t{shape['template']}", "template_keys": sorted(keys)}
        row["labels"] = [f"side={place.workload}", f"app={self.name}"]
        row["images"] = self._images(place, content, shape["sidecar"])
        if self._tags == "label":
            row["commit"] = commit_id(f"{self.name}{content}")
        return row

    def _images(self, place: Place, content: int, sidecar: int) -> list[str]:
        sha = commit_id(f"{self.name}{content}")
        tags = {"sha": f":build-{sha}", "latest": ":latest", "digest": f":latest@sha256:{sha}"}
        own = [f"registry/{self.name}/{place.image}{tags.get(self._tags, f':1.{content}')}"]
        if self._has_library and place.form == "deployment":
            library = self.random.randint(max(self._library - 1, 0), self._library)
            tag = commit_id(f"library{library}") if self._chance(0.8) else f"9.{library}"
            own.append(f"registry/{self.name}-library:{tag}")
        others = [f"registry/envoy:1.{sidecar}"]
        return [*others, *own] if self._sidecar_first else [*own, *others]
