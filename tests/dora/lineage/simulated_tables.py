"""Deployments of one application from its landed rows, by brute force: written from the rules, in lists and loops.

Rules T, C, D, E1, G1 and L2 of ``docs/what-serves.md``. What a target serves and what that means is left to the two
simulators beside this one; times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dora.lineage.comparison import Attempt, Comparison, Served
from dora.targets.events import Action, Destination, Event
from tests.dora.lineage.landed_histories import Row
from tests.dora.lineage.simulated_contents import SimulatedContents
from tests.dora.lineage.simulated_history import SimulatedHistory
from tests.dora.targets.simulator import Outcome, SimulatedTarget

DEPLOYS, DARK = ("deploy", "switch", "rising"), ("dark", "prepared")


@dataclass
class Part:
    """What one rollout, route or manifest was for its deployment; ``source`` is the rollout whose content it served."""

    row: Row
    root: str
    target: str
    part: str
    accepted: int | None
    first: int | None
    full: int | None
    source: Row | None = None
    prepared_for: str | None = None
    stopped_at: int | None = None
    stopped_by: str | None = None
    differs: bool = False  # of configuration: from what was in force

    @property
    def is_planned(self) -> bool:
        return self.row["started_at"] is None and self.row["status"] == "not_started"

    @property
    def place_in_time(self) -> tuple[int, int]:
        """What took traffic is after what took none; what was applied later is after what was applied earlier."""
        at = self.accepted if self.accepted is not None else self.row["started_at"]
        return int(self.first is not None), -1 if at is None else at


@dataclass
class Deployment:
    """One deployment; other deployments are meant by their roots."""

    root: str
    parts: list[Part]
    governs: str = ""
    outcome: str = ""
    kind: str = ""
    first: int | None = None
    full: int | None = None
    not_everywhere: bool = False
    changes_config: bool = False
    comparison: Comparison = field(default_factory=Comparison)
    prepared_by: frozenset[str] = frozenset()
    commit: str | None = None

    @property
    def took_traffic(self) -> bool:
        return self.first is not None and self.outcome != "in_progress"

    @property
    def governing(self) -> list[Part]:
        return [part for part in self.parts if class_of(part) == self.governs]

    @property
    def deciding(self) -> list[Part]:
        """Per target the last part that took traffic, else the last (D4)."""
        targets = dict.fromkeys(part.target for part in self.governing)
        return [max((p for p in self.governing if p.target == t), key=lambda p: p.place_in_time) for t in targets]


def class_of(part: Part) -> str:
    return "deploy" if part.part in DEPLOYS else "dark" if part.part in DARK else part.part


class SimulatedTables:
    """The deployments of one application, in ``deployments`` by root, and who shipped each commit, in ``shipped``."""

    def __init__(self, rows: dict[str, list[Row]], application: str) -> None:
        self.rows, self.application = rows, application
        self.executions = {row["id"]: row for row in rows["execution"]}
        self.contents = SimulatedContents(rows, application)
        own = [row for row in rows["rollout"] if row["application"] == application]
        has_workload = any(row["workload_kind"] not in ("job", "cronjob") for row in own)
        self.rollouts = [row for row in own if self.is_production(row)]
        if has_workload:  # C4
            self.rollouts = [row for row in self.rollouts if row["workload_kind"] not in ("job", "cronjob")]
        self.deployments: dict[str, Deployment] = {}
        parts = [*self.replay(), *self.config_parts()]
        for root in dict.fromkeys(part.root for part in parts if part.part not in ("step", "clean_up")):
            self.deployments[root] = self.judge(root, [part for part in parts if part.root == root])
        for deployment in self.deployments.values():
            prepared = {p.root for p in parts if p.prepared_for == deployment.root and p.root in self.deployments}
            deployment.prepared_by = frozenset(prepared)
        self.shipped: dict[str, tuple[str, bool]] = {}
        self.walk()

    def is_production(self, row: Row) -> bool:
        """D2, T3."""
        is_dry = self.executions[row["execution_id"]]["dry_run"] and row.get("accepted_at") is None
        named = "environment" in row or row["account"].startswith("prod-")
        return (
            named
            and not is_dry
            and row["status"] != "skipped"
            and not row.get("cluster", "").lower().endswith("-canary")
        )

    def root(self, row: Row) -> str:
        return str(self.executions[row["execution_id"]]["root_id"])

    # Targets (T1, T2)

    def target(self, row: Row) -> str:
        if "environment" in row:
            return f"{row['environment']}/{row['target']}"
        return f"{row['account']}/{row['location']}/{row['cluster']}".lower()

    def route_stages(self) -> Iterator[list[Row]]:
        """Yield the destinations of each stage that sets weights."""
        weights = [row for row in self.rows["traffic_route"] if row["kind"] == "virtualservice"]
        for stage in dict.fromkeys(row["id"].split("/")[0] for row in weights):
            rows = [row for row in weights if row["id"].split("/")[0] == stage]
            is_dry = self.executions[rows[0]["execution_id"]]["dry_run"] and rows[0]["applied_at"] is None
            if rows[0]["application"] == self.application and not is_dry:
                yield rows

    def selectors(self, route: Row) -> list[Row]:
        rules = [row for row in self.rows["traffic_route"] if row["kind"] == "destinationrule"]
        of_subset = [row for row in rules if row["subset"] == route["subset"] and row["applied_at"] is not None]
        return sorted(of_subset, key=lambda row: row["applied_at"])

    def selected(self, route: Row) -> set[str]:
        """Return the targets that a destination leads to at any time (T2)."""
        rollouts = [row for row in self.rollouts if row.get("account") == route["account"]]
        if selectors := self.selectors(route):
            chosen = [
                row for row in rollouts for rule in selectors if set(rule["labels"]) <= set(row.get("labels", ()))
            ]
            return {self.target(row) for row in chosen}
        name = f"{route['host']}-{route['subset']}"
        return {self.target(row) for row in rollouts if row["cluster"].lower() == name}

    def groups(self) -> dict[str, frozenset[str]]:
        """Return the targets that share traffic, by each of them."""
        together = [set().union(*map(self.selected, stage)) for stage in self.route_stages()]
        groups: dict[str, frozenset[str]] = {}
        for targets in together:
            joined = frozenset(targets.union(*(groups.get(target, frozenset()) for target in targets)))
            groups |= dict.fromkeys(joined, joined)
        return groups

    # What each target serves, by the simulator of events

    def replay(self) -> Iterator[Part]:
        groups = self.groups()
        events: dict[str, list[tuple[Event, Row]]] = {}
        for row in self.rollouts:
            target = self.target(row)
            events.setdefault(min(groups.get(target, {target})), []).append((self.event(row), row))
        for stage in self.route_stages():
            if targets := set().union(*map(self.selected, stage)):
                target = min(groups[min(targets)])
                events[target].append((self.route_event(stage), stage[0] | {"id": min(row["id"] for row in stage)}))
        for target, of_target in events.items():
            of_target.sort(key=lambda each: (each[0].at is None, each[0].at))
            outcomes = SimulatedTarget(is_routed=target in groups).replay([event for event, _ in of_target])
            for (event, row), outcome in zip(of_target, outcomes, strict=True):
                yield self.part(row, event, target, outcome, of_target)

    def event(self, row: Row) -> Event:
        times = [row.get(name) for name in ("accepted_at", "first_traffic_at", "full_traffic_at")]
        action = "deploy" if "environment" in row else row["action"]
        return Event(
            self.root(row), Action(action), row.get("cluster", "").lower(),
            at=next((time for time in times if time is not None), None), first=times[1], full=times[2],
            template=self.contents.revision(row), revision=row.get("server_group"),
            labels=frozenset(row.get("labels", ())), is_dark=row.get("strategy") == "dark",
            restores=row.get("restores"), steps_back=row.get("steps_back"),
            pauses=tuple(row["pause_weights"]) if "pause_weights" in row else None,
            is_aborted="aborted_by_analysis" in row,
            stopper=self.stopper(row),
        )  # fmt: skip

    def route_event(self, stage: list[Row]) -> Event:
        at, destinations = stage[0]["applied_at"], []
        for route in stage:
            selectors = self.selectors(route)
            then = [rule for rule in selectors if rule["applied_at"] <= (at or 0)][-1:] or selectors[:1]
            labels = frozenset(then[0]["labels"]) if then else None
            destinations.append(Destination(route["host"], route["subset"], labels, route["weight"]))
        return Event(self.root(stage[0]), Action.ROUTE, "", at, routes=tuple(destinations))

    def part(self, row: Row, event: Event, target: str, outcome: Outcome, events: list[tuple[Event, Row]]) -> Part:
        source = None if outcome.source is None else events[outcome.source][1]
        return Part(
            row, event.deployment, target, outcome.part, event.at, outcome.first, outcome.full, source,
            outcome.prepared_for, outcome.stopped_at, outcome.stopped_by,
        )  # fmt: skip

    def is_stopped(self, root: str) -> bool:
        return any(self.root(row) == root for row in self.rows["canary"])

    def stopper(self, row: Row) -> str | None:
        """Return who decides on an abort, or on what was aborted (D4)."""
        is_abort = row["action"] == "abort"
        if row.get("aborted_by_analysis") or (is_abort and self.is_stopped(self.root(row))):
            return "analysis"
        by_person = is_abort and self.executions[self.root(row)]["trigger"] == "manual"
        return "person" if by_person or row["action"] == "aborted" else None

    def config_parts(self) -> Iterator[Part]:
        """Yield the manifests beside workloads (C5), each with whether it differs from the last in force."""
        own = [row for row in self.rows["config_manifest"] if row["application"] == self.application]
        in_order = sorted(own, key=lambda row: row["applied_at"] or row["started_at"] or 0)
        in_force: dict[str, str] = {}
        for row in in_order:
            is_dry = self.executions[row["execution_id"]]["dry_run"] and row["applied_at"] is None
            if not row["account"].startswith("prod-") or row["status"] == "skipped" or is_dry:
                continue
            if row["action"] == "delete":
                continue
            name = f"{row['account']}/{row['location']}/{row['kind']} {row['name']}"
            at = row["applied_at"]
            differs = in_force.get(name) != row["fingerprint"] and row["started_at"] is not None
            if at is not None:
                in_force[name] = row["fingerprint"]
            yield Part(row, self.root(row), name, "config", at, at, at, differs=differs)

    # Outcome (D4) and times (D7)

    def judge(self, root: str, parts: list[Part]) -> Deployment:
        deployment = Deployment(root, parts)
        deployment.governs = self.governing_class(parts)
        started = [part for part in deployment.deciding if not part.is_planned]
        firsts = [part.first for part in deployment.governing if part.first is not None]
        deployment.first = min(firsts, default=None)
        is_full = bool(started) and all(part.full is not None for part in started)
        deployment.full = max(part.full or 0 for part in started) if is_full else None
        deployment.outcome = self.outcome(deployment, is_full=is_full)
        some_planned = len(started) < len(deployment.deciding)
        deployment.not_everywhere = deployment.outcome == "succeeded" and some_planned
        deployment.changes_config = any(
            part.differs and (part.accepted is not None or deployment.governs == "config")
            for part in parts
            if part.part == "config"
        )
        return deployment

    def governing_class(self, parts: list[Part]) -> str:
        classes = {name: [part for part in parts if class_of(part) == name] for name in map(class_of, parts)}
        deploys, undos = classes.get("deploy", []), classes.get("undo", [])
        were_refused = all(part.accepted is None for part in deploys)
        if undos and were_refused and (not deploys or any(part.first is not None for part in undos)):
            return "undo"
        return next(name for name in ("deploy", "dark", "config", "restart") if name in classes)

    def outcome(self, deployment: Deployment, *, is_full: bool) -> str:
        tree = [row for row in self.rows["execution"] if row["root_id"] == deployment.root]
        ids = {row["id"] for row in tree}
        is_running = any(row["status"] == "running" for row in tree)
        is_canceled = any(row["status"] == "canceled" for row in tree)
        is_stopped = self.is_stopped(deployment.root)
        is_rejected = any(row["execution_id"] in ids for row in self.rows["approval"])
        deciding = deployment.deciding
        if is_full and not (is_running and any(part.is_planned for part in deciding)):
            return "succeeded"
        if is_running or any(part.part == "rising" for part in deciding):
            return "in_progress"
        stoppers = {part.stopped_by for part in deciding}
        if "analysis" in stoppers or (is_stopped and deployment.first is not None):
            return "stopped_by_canary"
        counted = [part for part in deployment.parts if part.part not in ("clean_up", "step")]
        broke = any(part.row["status"] == "failed" for part in counted)
        if not broke and ("person" in stoppers or (is_canceled and deployment.first is not None)):
            return "canceled"
        if deployment.first is not None or is_rejected or is_stopped or is_canceled:
            words = {"failed": deployment.first is not None, "rejected": is_rejected, "stopped_by_canary": is_stopped}
            return next((word for word, holds in words.items() if holds), "canceled")
        waits = any(part.accepted is not None for part in deciding) and all(
            part.stopped_at is None for part in deciding
        )
        return "dark" if deployment.governs == "dark" and waits else "not_deployed"

    # Kind (D5), blame (E1), changes (L2), by the simulator of the walk

    def walk(self) -> None:
        in_order = sorted(self.deployments.values(), key=self.applied)
        history = SimulatedHistory(self.contents.parents, self.contents.numbers())
        for number, deployment in enumerate(in_order):
            served = self.served(deployment)
            is_undo = deployment.governs == "undo" or self.says_rollback(deployment)
            attempt = Attempt(served, deployment.took_traffic, deployment.outcome == "succeeded", is_undo)
            deployment.comparison = history.append(number, attempt)
            node = deployment.comparison.node
            deployment.commit = None if node is None else self.contents.shas[node]
        self.order = [deployment.root for deployment in in_order]
        self.ship(history, in_order)
        for deployment in in_order:
            deployment.kind = self.kind(deployment)

    def applied(self, deployment: Deployment) -> tuple[bool, int, str]:
        """What is applied later serves (T5); traffic that is moved serves when it has moved."""
        times = [
            (part.full or part.first) if part.part == "switch" else part.accepted
            for part in deployment.deciding
            if part.first is not None
        ]
        last = max((time for time in times if time is not None), default=0)
        return not deployment.took_traffic, last, deployment.root

    def served(self, deployment: Deployment) -> list[Served]:
        """Return what began to serve each target; an undo of the same tree takes back what was there before it."""
        if deployment.governs in ("config", "restart"):
            return []
        rows = []
        for part in sorted(deployment.deciding, key=lambda p: (p.first is None, p.first, p.target)):
            if deployment.took_traffic and part.first is None:
                continue
            undone = [
                other.full
                for other in deployment.parts
                if deployment.governs != "undo" and other.part == "undo" and other.target == part.target
                if other.full is not None and part.first is not None
            ]
            is_undone = part.stopped_at is not None or any(full >= (part.first or 0) for full in undone)
            content, template = self.contents.of(part.source)
            target = self.contents.number(part.target)
            rows.append(Served(target, content, template, part.full is not None, is_undone))
        return rows

    def says_rollback(self, deployment: Deployment) -> bool:
        roots = {part.row["execution_id"] for part in deployment.parts} | {deployment.root}
        return any(self.executions[root]["pipeline"] == "Back out" for root in roots)

    def ship(self, history: SimulatedHistory, in_order: list[Deployment]) -> None:
        baselines: dict[str, int] = {}
        for number, nodes in history.shipped:
            own = {self.contents.node(part) for part in self.parts_of(in_order[number])}
            for node in sorted(nodes):
                first = baselines.setdefault(self.contents.repository[node], number)
                is_baseline = first == number and node not in own
                self.shipped[self.contents.shas[node]] = in_order[number].root, is_baseline

    def parts_of(self, deployment: Deployment) -> list[Any]:
        return [part for each in deployment.deciding for part in self.contents.parts(each.source)]

    def commits(self, deployment: Deployment) -> set[str]:
        """Return the commits of what a deployment put into service."""
        nodes = map(self.contents.node, self.parts_of(deployment))
        return {self.contents.shas[node] for node in nodes if node is not None}

    def kind(self, deployment: Deployment) -> str:
        change = deployment.comparison.change
        if deployment.governs == "undo" or self.says_rollback(deployment):
            return "rollback"
        if deployment.governs in ("config", "restart") or change in ("template", "same"):
            return "config" if deployment.changes_config or change == "template" else "redeploy"
        if change in ("new", None):
            return "hotfix" if self.is_hotfix(deployment) else "release"
        return {"back": "rollback", "promotion": "promotion", "forward": "release"}[str(change)]

    def is_hotfix(self, deployment: Deployment) -> bool:
        counted = [part for part in deployment.parts if part.part not in ("clean_up", "step")]
        ids = {deployment.root, *(part.row["execution_id"] for part in counted)}
        executions = [self.executions[each] for each in ids]
        trunk = {row["sha"] for row in self.rows["change"]}
        subjects = {row["sha"]: row["subject"] for row in self.rows["commit"] if row["sha"] in trunk}
        ships = [
            sha for sha, (root, is_baseline) in self.shipped.items() if root == deployment.root and not is_baseline
        ]
        return any(row["pipeline"] == "Hotfix" or row["branch"] == "hotfix/x" for row in executions) or any(
            subjects.get(sha, "").startswith("hotfix:") for sha in ships
        )
