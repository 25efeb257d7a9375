"""The commits that each deployment shipped first, and its direction: ahead, back or diverged.

The one model that is not SQL: DuckDB resolves commits and numbers the graph, ``dora.lineage.walk`` walks it, and the
results come back as three tables. A number is the place of a row in ``lineage_node`` or ``lineage_attempt``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dora.lineage import walk
from dora.lineage.commit_graph import Graph, Numbers
from dora.storage.database import Connection

if TYPE_CHECKING:
    import pyarrow as pa

ColumnsByName = dict[str, "pa.ChunkedArray"]
_SCRATCH = ("lineage_node", "lineage_exact", "lineage_resolved", "lineage_attempt")

# Several sources may land one commit; a node is one commit of one repository. Neighbours in time are neighbours
# in memory too, which makes the walk three times faster than numbers in the order of ids.
_NODES = """
CREATE TEMP TABLE lineage_node AS
SELECT repository, sha, min_by(parents, source) AS parents
FROM landing.commit GROUP BY repository, sha ORDER BY repository, min(committed_at), sha
"""

_EDGES = """
SELECT child.node AS child, parent.rowid AS parent
FROM (SELECT rowid AS node, repository, unnest(parents) AS sha FROM lineage_node) child
JOIN lineage_node parent USING (repository, sha)
"""

# Nearly every commit is given in full and is in its own repository, where it cannot be another one.
_EXACT = """
CREATE TEMP TABLE lineage_exact AS
SELECT attempts.deployment_id, min(node.rowid) AS node
FROM attempts JOIN lineage_node node
  ON node.sha = lower(attempts.commit) AND lower(node.repository) = lower(attempts.repository)
WHERE regexp_full_match(attempts.commit, '[0-9A-Fa-f]{40}')
GROUP BY attempts.deployment_id
"""

# A commit is searched in its own repository; in others only if its own is not ingested or not known, or if it is given
# in full and so cannot be another one.
_RESOLVED = """
CREATE TEMP TABLE lineage_resolved AS
WITH missing_commits AS (
  SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit,
    lower(repository) IN (SELECT lower(repository) FROM lineage_node) AS ingested
  FROM attempts ANTI JOIN lineage_exact USING (deployment_id)
  WHERE regexp_full_match(commit, '[0-9A-Fa-f]{7,40}')),
matches AS (
  SELECT missing_commits.repository, missing_commits.commit, node.rowid AS node, node.sha,
    coalesce(missing_commits.repository = lower(node.repository), false) AS own,
    own OR missing_commits.ingested IS NOT TRUE OR length(missing_commits.commit) = 40 AS fits
  FROM missing_commits JOIN lineage_node node
    ON left(node.sha, 7) = left(missing_commits.commit, 7) AND starts_with(node.sha, missing_commits.commit))
SELECT repository, commit, count(DISTINCT sha) AS candidates, min(node) AS node
FROM matches WHERE fits
  AND (own OR NOT EXISTS (
    FROM matches other
    WHERE other.own AND other.commit = matches.commit AND other.repository = matches.repository))
GROUP BY repository, commit
"""

_ATTEMPTS = """
CREATE TEMP TABLE lineage_attempt AS
SELECT attempts.application, attempts.deployment_id,
  coalesce(exact.node, CASE WHEN candidates = 1 THEN resolved.node END) AS node,
  CASE WHEN attempts.commit IS NULL THEN 'missing' WHEN exact.node IS NOT NULL OR candidates = 1 THEN 'commit'
    WHEN candidates > 1 THEN 'ambiguous' ELSE 'unknown' END AS attribution,
  version, took_traffic, succeeded, alters, explicit_rollback, restores, server_group, steps_back,
  reverted_in_run_at IS NOT NULL AS reverted_in_run
FROM attempts
LEFT JOIN lineage_exact exact USING (deployment_id)
LEFT JOIN lineage_resolved resolved
  ON resolved.repository IS NOT DISTINCT FROM lower(attempts.repository) AND resolved.commit = lower(attempts.commit)
ORDER BY application, traffic_at NULLS LAST, deployment_id
"""

_ORDERED = """
SELECT node, attribution, version, took_traffic, succeeded, alters, explicit_rollback, restores, server_group,
  steps_back, reverted_in_run
FROM lineage_attempt
"""

_COUNTS = "SELECT count(*) FROM lineage_attempt GROUP BY application ORDER BY application"

_SHIPPED = """
CREATE TABLE shipped_commits AS
WITH baseline AS (SELECT application, repository, min(attempt) AS attempt FROM columns GROUP BY ALL)
SELECT application, repository, sha, deployment_id, columns.attempt = baseline.attempt AS baseline
FROM columns JOIN baseline USING (application, repository)
"""

_INCLUDED = "CREATE TABLE included_commits AS SELECT repository, change_sha, sha, position FROM columns"

_CHANGES = """
SELECT DISTINCT node.rowid AS node
FROM landing.change JOIN lineage_node node USING (repository, sha) WHERE on_trunk ORDER BY ALL
"""


def trace(con: Connection) -> None:
    """Build ``lineage`` (one row an attempt, whose ``turn`` is its place in the order below), ``shipped_commits`` from
    ``attempts`` and ``landing.commit``, and ``included_commits`` (the commits of each change, oldest first) from
    ``landing.change``.

    The history of what serves follows the attempts that took traffic, in order of ``(traffic_at, deployment_id)``
    within an application; those of them that succeeded ship commits. One that its own execution tree reverted shipped
    what it brought to full traffic, as one that is rolled back later did, but leaves the content that serves unchanged.
    """
    for statement in (_NODES, _EXACT, _RESOLVED, _ATTEMPTS):
        con.execute(statement)
    graph, nodes = load(con), _read(con, "SELECT repository, sha FROM lineage_node")
    attempts = _read(con, "SELECT application, deployment_id FROM lineage_attempt")
    with walk.paused_garbage_collection():
        counts = [count for (count,) in con.execute(_COUNTS).fetchall()]
        deployed, shipped = walk.walk_attempts(graph, con.execute(_ORDERED).fetchnumpy(), counts)
        changes = np.asarray(con.execute(_CHANGES).fetchnumpy()["node"], np.int32)
        included = walk.included_commits(graph, changes)
    _store(con, "CREATE TEMP TABLE lineage AS FROM columns", _lineage_columns(deployed, nodes, attempts))
    shipments = _take(nodes, shipped["node"]) | _take(attempts, shipped["attempt"]) | {"attempt": shipped["attempt"]}
    _store(con, _SHIPPED, shipments)
    commits = _take(nodes, included["node"]) | _take({"change_sha": nodes["sha"]}, included["change"])
    _store(con, _INCLUDED, commits | {"position": included["position"]})
    for name in _SCRATCH:
        con.execute(f"DROP TABLE {name}")


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
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that only a build need pay

    indices = pa.array(places, mask=places < 0)
    return {name: column.take(indices) for name, column in columns.items()}


def _lineage_columns(deployed: walk.Columns, nodes: ColumnsByName, attempts: ColumnsByName) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    deployment, words = attempts["deployment_id"], pa.chunked_array([walk.WORDS])
    columns: dict[str, Any] = {"deployment_id": deployment, "turn": np.arange(len(deployment), dtype=np.int32)}
    for name, places in deployed.items():
        source = {"node": nodes, "attribution": {name: words}, "direction": {name: words}}
        columns |= _take(source.get(name, {f"{name}_id": deployment}), places)
    return columns


def _store(con: Connection, statement: str, columns: dict[str, Any]) -> None:
    """Make a table out of columns that the statement calls ``columns``."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    con.register("columns", pa.table(columns))
    con.execute(statement)
    con.unregister("columns")
