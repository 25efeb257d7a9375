"""The commits that each deployment shipped first, and its direction: ahead, back or diverged.

DuckDB resolves commits and numbers the graph, contents and targets, ``dora.lineage.walk`` walks them, and the results
come back as three tables. A number is the place of a row in ``lineage_node``, ``lineage_content`` or
``lineage_attempt``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dora.arrow import import_pyarrow
from dora.lineage import walk
from dora.lineage.commit_graph import NONE, Graph, Numbers
from dora.lineage.comparison import Contents
from dora.memory import paused_garbage_collection
from dora.sql import catalog
from dora.storage.database import Connection

if TYPE_CHECKING:
    import pyarrow as pa

ColumnsByName = dict[str, "pa.ChunkedArray"]
# In this order; they are dropped after the walk. The numbers of the walk are the places of rows in them.
_SCRATCH = (
    "lineage_node", "lineage_exact", "lineage_resolved", "lineage_rollout_part", "lineage_part", "lineage_rollout",
    "lineage_content", "lineage_attempt", "lineage_served",
)  # fmt: skip


_EDGES = """
SELECT child.node AS child, parent.rowid AS parent
FROM (SELECT rowid AS node, repository, unnest(parents) AS sha FROM lineage_node) child
JOIN lineage_node parent USING (repository, sha)
"""


_SERVED_NUMBERS = """
SELECT dense_rank() OVER (ORDER BY target) - 1 AS target, content,
  CASE WHEN template IS NULL THEN -1 ELSE dense_rank() OVER (ORDER BY template) - 1 END AS template,
  is_full, is_reverted
FROM lineage_served ORDER BY rowid
"""

_ATTEMPT_NUMBERS = """
SELECT count(served.attempt) AS targets, took_traffic, succeeded, is_undo
FROM lineage_attempt attempt LEFT JOIN lineage_served served ON served.attempt = attempt.rowid
GROUP BY attempt.rowid, took_traffic, succeeded, is_undo ORDER BY attempt.rowid
"""

_COUNTS = "SELECT count(*) FROM lineage_attempt GROUP BY application ORDER BY application"

_SHIPPED = """
CREATE TABLE shipped_commits AS
WITH baseline AS (SELECT application, repository, min(attempt) AS attempt FROM columns GROUP BY ALL)
SELECT application, repository, sha, deployment_id, columns.attempt = baseline.attempt AS baseline
FROM columns JOIN baseline USING (application, repository)
"""


_INCLUDED = "CREATE TABLE included_commits AS SELECT repository, change_sha, sha, position, generation FROM columns"

_CHANGES = """
SELECT DISTINCT node.rowid AS node
FROM landing.change JOIN lineage_node node USING (repository, sha) WHERE on_trunk ORDER BY ALL
"""


@paused_garbage_collection()
def trace(con: Connection) -> None:
    """Build ``lineage`` (one row an attempt, whose ``turn`` is its place in the order below), ``shipped_commits`` from
    ``attempts`` and ``landing.commit``, ``resolved_parts`` (the commit of each part of what rollouts deployed),
    ``stand_in_commits`` (the trunk commit of the same tree as a deployed commit beside the trunk), and
    ``included_commits`` (the commits of each change, oldest first) from ``landing.change``.

    The history of what serves follows the attempts that took traffic, in the order in which they were applied within
    an application; those of them that succeeded ship commits. What its own execution tree took back after it served all
    traffic has shipped, as what is rolled back later has, but does not serve.
    """
    queries = catalog.queries("lineage")
    for name in _SCRATCH:
        con.execute(f"CREATE TEMP TABLE {name} AS {queries[name]}")
    graph, nodes = load(con), _read(con, "SELECT repository, sha FROM lineage_node")
    attempts = _read(con, "SELECT application, deployment_id FROM lineage_attempt")
    contents = _load_contents(con)._replace(stand_in=_find_stand_ins(con, graph))
    compared, shipped = walk.walk_attempts(graph, contents, _load_attempts(con))
    changes = np.asarray(con.execute(_CHANGES).fetchnumpy()["node"], np.int32)
    included = walk.included_commits(graph, changes)
    _store(con, "CREATE TEMP TABLE lineage_compared AS FROM columns", _compared_columns(compared, nodes, attempts))
    for name in ("lineage", "resolved_parts"):
        con.execute(f"CREATE TEMP TABLE {name} AS {queries[name]}")
    shipments = _take(nodes, shipped["node"]) | _take(attempts, shipped["attempt"]) | {"attempt": shipped["attempt"]}
    _store(con, _SHIPPED, shipments)
    commits = _take(nodes, included["node"]) | _take({"change_sha": nodes["sha"]}, included["change"])
    places = np.array(list(contents.stand_in.items()), np.int32).reshape(-1, 2)
    stand_ins = _take(nodes, places[:, 0]) | _take({"change_sha": nodes["sha"]}, places[:, 1])
    _store(con, "CREATE TEMP TABLE stand_in_commits AS FROM columns", stand_ins)
    _store(con, _INCLUDED, commits | {name: included[name] for name in ("position", "generation")})
    for name in (*_SCRATCH, "lineage_compared"):
        con.execute(f"DROP TABLE {name}")


def _load_contents(con: Connection) -> Contents:
    """Return what can serve, in the numbers of ``lineage_content`` and ``lineage_part``."""
    numbers = con.execute("SELECT node, dense_rank() OVER (ORDER BY slot) FROM lineage_part ORDER BY rowid").fetchall()
    parts = con.execute("SELECT parts FROM lineage_content ORDER BY rowid").fetchall()
    nodes = [NONE if node is None else node for node, _ in numbers]
    return Contents([of_content for (of_content,) in parts], nodes, [slot for _, slot in numbers])


def _load_attempts(con: Connection) -> walk.AttemptColumns:
    columns = con.execute(_ATTEMPT_NUMBERS).fetchnumpy()
    served = {name: np.ma.filled(column, NONE) for name, column in con.execute(_SERVED_NUMBERS).fetchnumpy().items()}
    return walk.AttemptColumns(
        counts=[count for (count,) in con.execute(_COUNTS).fetchall()],
        targets=np.asarray(columns["targets"], np.int32),
        took_traffic=np.asarray(columns["took_traffic"], bool),
        succeeded=np.asarray(columns["succeeded"], bool),
        is_undo=np.asarray(columns["is_undo"], bool),
        served=served,
    )


def _find_stand_ins(con: Connection, graph: Graph) -> dict[int, int]:
    """Return the trunk commit that stands for each deployed commit beside the trunk that has one of the same tree."""
    rows = con.execute(catalog.queries("lineage")["stand_in_candidates"]).fetchall()
    candidates: dict[int, list[tuple[int, bool]]] = {}
    for node, candidate, is_earlier in rows:
        candidates.setdefault(node, []).append((candidate, bool(is_earlier)))
    stand_ins = {node: graph.stand_in(node, of_node) for node, of_node in candidates.items()}
    return {node: commit for node, commit in stand_ins.items() if commit is not None}


def load(con: Connection) -> Graph:
    """The graph of all landed commits, whose nodes are numbered by ``lineage_node``."""
    size = con.execute("SELECT count(*) FROM lineage_node").fetchall()[0][0]
    edges = con.execute(_EDGES).fetchnumpy()
    return Graph(size, np.asarray(edges["child"], np.int32), np.asarray(edges["parent"], np.int32))


def _read(con: Connection, query: str) -> ColumnsByName:
    table = con.sql(query).to_arrow_table()
    return {name: table[name] for name in table.column_names}


def _take(columns: ColumnsByName, places: Numbers) -> ColumnsByName:
    """Return the values of columns at some places, null at negative ones."""
    pa = import_pyarrow()
    indices = pa.array(places, mask=places < 0)
    return {name: column.take(indices) for name, column in columns.items()}


def _compared_columns(compared: walk.Columns, nodes: ColumnsByName, attempts: ColumnsByName) -> dict[str, Any]:
    pa = import_pyarrow()
    deployment, words = attempts["deployment_id"], pa.chunked_array([walk.WORDS])
    columns: dict[str, Any] = {"deployment_id": deployment, "turn": np.arange(len(deployment), dtype=np.int32)}
    for name, places in compared.items():
        source = {"node": nodes, "change": {name: words}, "direction": {name: words}}
        columns |= _take(source.get(name, {f"{name}_id": deployment}), places)
    return columns


def _store(con: Connection, statement: str, columns: dict[str, Any]) -> None:
    """Make a table out of columns that the statement calls ``columns``."""
    pa = import_pyarrow()
    con.register("columns", pa.table(columns))
    con.execute(statement)
    con.unregister("columns")
