"""Which rules moved an observation between two builds: those whose facts, evidence or exclusions differ for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from itertools import product
from typing import Any

from dora.query.metric import fetch_rows
from dora.sql import catalog
from dora.sql.catalog import Metric
from dora.storage.database import Connection

LATER_DATA = "later data"
UNEXPLAINED = "no rule"
# The tables that have facts of a subject, by what an observation is about, and the column with its id.
_KEYS = {
    "deployment": dict.fromkeys(
        ("deployments", "rollouts", "deployment_contents", "recoveries", "failures"), "deployment_id"
    )
    | {"changes": "shipped_by"},
    "change": dict.fromkeys(("changes", "lead_times"), "change_id"),
    "canary": {"canaries": "canary_id"},
    "approval": {"approvals": "approval_id"},
    "incident": {"incidents": "incident_id"},
}
Subject = tuple[str, str]


def find_rules(con: Connection, metric: Metric, observations: list[dict[str, Any]]) -> list[list[str]]:
    """Return, for each row of the temporary table ``differing_observations``, what is behind its difference.

    A rule is named by its id, a definition by its key. Where only the end of the data moved, it is ``later data``.
    """
    if not observations:
        return []
    rules: dict[Subject, set[str]] = defaultdict(set)
    for rule, subject in [*_differing_facts(con, metric), *_differing_evidence(con)]:
        rules[subject].add(rule)
    keys = _differing_definitions(con, metric)
    order = list(catalog.rules())
    reasons = []
    for row in observations:
        names = rules[row["application"], row["subject"]] | _excluding_rules(row)
        ordered = [*keys[row["application"]], *sorted(names, key=order.index)]
        reasons.append(ordered or [LATER_DATA if row["old_pending"] or row["new_pending"] else UNEXPLAINED])
    return reasons


def _differing_facts(con: Connection, metric: Metric) -> Iterator[tuple[str, Subject]]:
    template = catalog.queries("analyses")["differing_facts"]
    for table, key in _KEYS[metric.subject].items():
        for column, rules in _facts_of(con, table).items():
            fact, differs = (key, "IS DISTINCT FROM") if column == "*" else (f'"{column}"', "<>")
            names = {"$table": table, "$key": key, "$fact": fact, "$differs": differs}
            sql = reduce(lambda sql, name: sql.replace(name, names[name]), names, template)
            yield from product(rules, con.execute(sql).fetchall())


def _facts_of(con: Connection, table: str) -> dict[str, list[str]]:
    """Return the rules of each fact of a table that both builds have; ``*`` is whether there is a row."""
    sql = (
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name IN ('earlier', 'dora')"
        " GROUP BY column_name HAVING count(*) = 2"
    )
    columns = {name for (name,) in con.execute(sql, [table]).fetchall()}
    facts = defaultdict(list)
    for name, rule in catalog.rules().items():
        for owner, _, column in (fact.partition(".") for fact in rule.facts):
            if owner == table and column in (columns | {"*"} if columns else ()):
                facts[column].append(name)
    return facts


def _differing_evidence(con: Connection) -> Iterator[tuple[str, Subject]]:
    for *subject, evidence in con.execute(catalog.queries("analyses")["differing_evidence"]).fetchall():
        for name, rule in catalog.rules().items():
            if evidence in rule.evidence:
                yield name, (subject[0], subject[1])


def _differing_definitions(con: Connection, metric: Metric) -> dict[str, list[str]]:
    keys = defaultdict(list)
    for row in fetch_rows(con, catalog.queries("analyses")["differing_definitions"], {"keys": metric.shaped_by}):
        keys[row["application"]].append(row["key"])
    return keys


def _excluding_rules(row: dict[str, Any]) -> set[str]:
    reasons = {row["old_excluded"], row["new_excluded"]}
    if len(reasons) == 1:
        return set()
    return {name for name, rule in catalog.rules().items() if reasons & set(rule.excluded)}
