"""Which applications must be built together, and how their groups are divided into parts."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dora.build.definition_tables import TEAMS
from dora.build.local_times import write_local_times
from dora.build.names import write_names
from dora.build.run import write_inputs
from dora.config.settings import Config
from dora.sql import catalog
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection
from dora.targets.places import Places, RolloutRow, RouteRow, Workloads

EXECUTIONS = 40_000  # of a part, where the number of parts is "auto"
# What a plan reads of the models: those that read landing and definitions alone.
MODELS = (
    "production_targets", "production_rollouts", "rollout_images", "deployed_parts", "stated_commits", "content_parts",
    "canary_config_names", "template_versions", "approvals_of_events", "incident_records", "pipelines",
)  # fmt: skip
VIEWS = ("production_rollouts", "rollout_images")  # computed where they are read
TIES = ("tie_trees", "tie_triggers", "tie_targets", "tie_config")
LATE = ("first_days", "source_starts", "shared_repositories", "quiet_applications", "links")


class Group(NamedTuple):
    """Applications that must share a part, by name, and the number of their executions."""

    applications: tuple[str, ...]
    executions: int


def prepare(con: Connection, config: Config) -> None:
    """Create the tables of the whole that a plan reads, and the first guesses of what only models know."""
    write_inputs(con, config)
    con.execute(f"CREATE TABLE teams AS {TEAMS}")
    queries = catalog.queries("intermediate") | catalog.queries("models")
    for name in MODELS:
        con.execute(f'CREATE {"TEMP VIEW" if name in VIEWS else "TABLE"} "{name}" AS {queries[name]}')
    con.execute("DROP TABLE deployed_parts").execute("DROP TABLE stated_commits")
    planning = catalog.queries("plan")
    for name in ("planned_rollouts", "record_matches", "repositories"):
        con.execute(f"CREATE TABLE {name} AS {planning[name]}")
    for name in LATE:
        con.execute(f"CREATE TABLE {name} AS {planning[f'guess_{name}']}")


def open_names(con: Connection, config: Config) -> None:
    """Create the views of landing and local times again in a scratch file that was prepared and opened anew."""
    con.execute("ALTER TABLE name_spellings RENAME TO prepared_spellings")
    write_names(con, config, "FROM prepared_spellings")
    con.execute("DROP TABLE prepared_spellings")
    write_local_times(con)
    con.execute(f"CREATE TEMP VIEW production_rollouts AS {catalog.queries('intermediate')['production_rollouts']}")


def find_groups(con: Connection, ties: Iterable[Sequence[str]] = ()) -> list[Group]:
    """Return the groups, the largest first; ``ties`` are further sets of applications that must share a part."""
    planning = catalog.queries("plan")
    sizes: dict[str, int] = dict(con.execute(planning["applications"]).fetchall())
    sets = Sets(sizes)
    for name in TIES:
        for (applications,) in con.execute(planning[name]).fetchall():
            sets.join(applications)
    for applications in [*_routed_applications(con), *ties]:
        sets.join(applications)
    for own, matches in con.execute("SELECT application, applications FROM record_matches").fetchall():
        # A record of several unconnected applications ties none: the build says which of them it means.
        if own is not None and len({sets.find(match) for match in matches}) == 1:
            sets.join([own, *matches])
    members: dict[str, list[str]] = defaultdict(list)
    for application in sizes:
        members[sets.find(application)].append(application)
    groups = [Group(tuple(names), sum(sizes[name] for name in names)) for names in members.values()]
    return sorted(groups, key=lambda group: (-group.executions, group.applications))


class Sets:
    """Disjoint sets of names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._parents = {name: name for name in names}

    def find(self, name: str) -> str:
        """Return the name that stands for the set of a name; a new name is a set of its own."""
        parents = self._parents
        parents.setdefault(name, name)
        while parents[name] != name:
            parents[name] = name = parents[parents[name]]
        return name

    def join(self, names: Iterable[str]) -> None:
        """Make one set of the sets of these names."""
        roots = [self.find(name) for name in names]
        for root in roots[1:]:
            self._parents[self.find(root)] = self.find(roots[0])


def _routed_applications(con: Connection) -> list[set[str]]:
    """Return the applications that each route concerns: that of its execution and those of where it leads."""
    if not con.execute("SELECT 1 FROM landing.traffic_route LIMIT 1").fetchall():
        return []
    planning = catalog.queries("plan")
    rollouts = [RolloutRow._make(row) for row in con.execute(planning["routed_workloads"]).fetchall()]
    routes = map(RouteRow._make, con.execute(catalog.queries("lineage")["routes"]).fetchall())
    applications: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for rollout in rollouts:
        applications["target", rollout[:3], rollout.workload].add(rollout.application)
    others: Workloads = defaultdict(lambda: defaultdict(set))
    for source, account, location, workload, labels, application in con.execute(planning["routed_canaries"]).fetchall():
        others[source, account, location][workload].add(frozenset(labels or ()))
        applications["canary", (source, account, location), workload].add(application)
    executing = {
        (source, id_): application
        for source, id_, application in con.execute(planning["routing_executions"]).fetchall()
    }
    sets = []
    for route in Places(rollouts, routes).routed_workloads(others):
        concerned = {executing[route.place[0], route.execution_id]}
        for kind, workloads in (("target", route.workloads), ("canary", route.canaries)):
            for workload in workloads:
                concerned |= applications[kind, route.place, workload]
        sets.append(concerned)
    return sets


def count_parts(parts: int | None, groups: Sequence[Group]) -> int:
    """Return how many parts to make of so many groups; null stands for one per ``EXECUTIONS``."""
    wanted = parts or math.ceil(sum(group.executions for group in groups) / EXECUTIONS)
    return max(1, min(wanted, len(groups)))


def assign_parts(groups: Sequence[Group], count: int, previous: Mapping[str, int]) -> dict[str, int]:
    """Return the part of each application: that of ``previous``, else the smallest when its group's turn comes."""
    parts: dict[str, int] = {}
    loads = [[0, 0, number] for number in range(count)]
    waiting = []
    for group in groups:
        known = [previous[name] for name in group.applications if previous.get(name, count) < count]
        if known:
            parts |= dict.fromkeys(group.applications, known[0])
            loads[known[0]][0] += group.executions
            loads[known[0]][1] += len(group.applications)
        else:
            waiting.append(group)
    heap = [tuple(load) for load in loads]
    heapq.heapify(heap)
    for group in waiting:
        executions, applications, number = heap[0]
        parts |= dict.fromkeys(group.applications, number)
        heapq.heapreplace(heap, (executions + group.executions, applications + len(group.applications), number))
    return parts


def write_parts(con: Connection, parts: Mapping[str, int], count: int) -> None:
    """Create the tables that say in which parts each application, repository and row is.

    A repository is in the part of each application whose deployments may be looked up in it, and at home in one of
    them; one that no application needs is at home in the part with the fewest commits.
    """
    for statement in (
        "CREATE OR REPLACE TABLE part_numbers (part INTEGER)",
        "CREATE OR REPLACE TABLE parts_of_applications (application VARCHAR, part INTEGER)",
        "CREATE OR REPLACE TABLE homes_of_repositories (repository VARCHAR, part INTEGER)",
    ):
        con.execute(statement)
    insert_rows(con, "part_numbers", [[number] for number in range(count)])
    insert_rows(con, "parts_of_applications", list(parts.items()))
    con.execute(
        "CREATE OR REPLACE TABLE parts_of_repositories AS SELECT DISTINCT repository, part"
        " FROM repositories JOIN parts_of_applications USING (application)"
    )
    insert_rows(con, "homes_of_repositories", list(_find_homes(con, count).items()))
    con.execute(
        "INSERT INTO parts_of_repositories"
        " FROM homes_of_repositories ANTI JOIN parts_of_repositories USING (repository)"
    )
    for kind, column in (("application", "applications"), ("repository", "repositories")):
        con.execute(
            f"CREATE OR REPLACE TABLE {kind}_parts AS SELECT DISTINCT spelling, part FROM name_spellings"  # noqa: S608 - our names
            f" JOIN parts_of_{column} AS parts ON name_spellings.name = parts.{kind} WHERE kind = '{kind}'"
        )
    planning = catalog.queries("plan")
    for name in ("execution_parts", "source_parts", "canary_parts", "judgment_parts", "record_parts"):
        con.execute(f"CREATE OR REPLACE TABLE {name} AS {planning[name]}")


def _find_homes(con: Connection, count: int) -> dict[str, int]:
    needed = dict(con.execute("SELECT repository, min(part) FROM parts_of_repositories GROUP BY repository").fetchall())
    homes, commits = {}, [0] * count
    sizes = con.execute(catalog.queries("plan")["repository_sizes"]).fetchall()
    for repository, size in sizes:
        if repository in needed:
            homes[repository] = needed[repository]
            commits[needed[repository]] += size
    for repository, size in sorted(sizes, key=lambda row: -row[1]):
        if repository not in needed:
            smallest = commits.index(min(commits))
            homes[repository] = smallest
            commits[smallest] += size
    return homes
