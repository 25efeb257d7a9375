"""What each deployment first shipped, and whether it went ahead, back or aside.

The one step that is not SQL: DuckDB resolves commits and numbers the graph, ``dora.lineage.walk`` walks it, and
the answers come back as three tables. A number is the place of a row in ``lineage_node`` or
``lineage_attempt``, which hold them in that order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dora.lineage import walk
from dora.lineage.commit_graph import Graph, Numbers
from dora.storage.database import Connection

if TYPE_CHECKING:
    import pyarrow as pa

Names = dict[str, "pa.ChunkedArray"]
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

# Nearly every commit is given in full and lies in its own repository: no other one can be meant.
_EXACT = """
CREATE TEMP TABLE lineage_exact AS
SELECT a.deployment_id, min(n.rowid) AS node
FROM attempts a JOIN lineage_node n ON n.sha = lower(a.commit) AND lower(n.repository) = lower(a.repository)
WHERE regexp_full_match(a.commit, '[0-9A-Fa-f]{40}')
GROUP BY a.deployment_id
"""

# A commit is looked for in its own repository. Elsewhere only where its own is not ingested or not
# known, or where it is given in full and so can not be another one.
_RESOLVED = """
CREATE TEMP TABLE lineage_resolved AS
WITH wanted AS (
  SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit,
    lower(repository) IN (SELECT lower(repository) FROM lineage_node) AS ingested
  FROM attempts ANTI JOIN lineage_exact USING (deployment_id)
  WHERE regexp_full_match(commit, '[0-9A-Fa-f]{7,40}')),
hit AS (
  SELECT wanted.repository, wanted.commit, node.rowid AS node, node.sha,
    coalesce(wanted.repository = lower(node.repository), false) AS own,
    own OR wanted.ingested IS NOT TRUE OR length(wanted.commit) = 40 AS fits
  FROM wanted JOIN lineage_node node
    ON left(node.sha, 7) = left(wanted.commit, 7) AND starts_with(node.sha, wanted.commit))
SELECT repository, commit, count(DISTINCT sha) AS candidates, min(node) AS node
FROM hit WHERE fits
  AND (own OR NOT EXISTS (FROM hit o WHERE o.own AND o.commit = hit.commit AND o.repository = hit.repository))
GROUP BY repository, commit
"""

_ATTEMPTS = """
CREATE TEMP TABLE lineage_attempt AS
SELECT a.application, a.deployment_id, coalesce(x.node, CASE WHEN candidates = 1 THEN r.node END) AS node,
  CASE WHEN a.commit IS NULL THEN 'missing' WHEN x.node IS NOT NULL OR candidates = 1 THEN 'commit'
    WHEN candidates > 1 THEN 'ambiguous' ELSE 'unknown' END AS found,
  version, took_traffic, succeeded, alters, explicit_rollback, restores, server_group, steps_back,
  reverted_in_run_at IS NOT NULL AS undone
FROM attempts a
LEFT JOIN lineage_exact x USING (deployment_id)
LEFT JOIN lineage_resolved r ON r.repository IS NOT DISTINCT FROM lower(a.repository) AND r.commit = lower(a.commit)
ORDER BY application, traffic_at NULLS LAST, deployment_id
"""

_ORDERED = """
SELECT node, found, version, took_traffic, succeeded, alters, explicit_rollback, restores, server_group, steps_back,
  undone
FROM lineage_attempt
"""

_COUNTS = "SELECT count(*) FROM lineage_attempt GROUP BY application ORDER BY application"

_SHIPPED = """
CREATE TABLE shipped_commits AS
WITH baseline AS (SELECT application, repository, min(attempt) AS attempt FROM told GROUP BY ALL)
SELECT application, repository, sha, deployment_id, told.attempt = baseline.attempt AS baseline
FROM told JOIN baseline USING (application, repository)
"""

_BROUGHT = "CREATE TABLE included_commits AS SELECT repository, change_sha, sha, position FROM told"

_ENTRIES = """
SELECT DISTINCT node.rowid AS node
FROM landing.change JOIN lineage_node node USING (repository, sha) WHERE on_trunk ORDER BY ALL
"""


def trace(con: Connection) -> None:
    """Build ``lineage`` (one row an attempt, whose ``turn`` is its place in the order below), ``shipped_commits`` from
    ``attempts`` and ``landing.commit``, and ``brought`` (the commits that came with each change, the oldest first)
    from ``landing.change``.

    Who serves is followed over attempts that took traffic, in order of ``(traffic_at, deployment_id)``
    within an application; commits are shipped by those of them that succeeded. One that was undone in its
    own execution tree shipped what it brought to full traffic, as one that is rolled back later did, but
    leaves what serves as it found it.
    """
    for statement in (_NODES, _EXACT, _RESOLVED, _ATTEMPTS):
        con.execute(statement)
    graph, nodes = load(con), _read(con, "SELECT repository, sha FROM lineage_node")
    attempts = _read(con, "SELECT application, deployment_id FROM lineage_attempt")
    with walk.undisturbed():
        counts = [count for (count,) in con.execute(_COUNTS).fetchall()]
        carried, shipped = walk.served(graph, con.execute(_ORDERED).fetchnumpy(), counts)
        brought = walk.brought(graph, np.asarray(con.execute(_ENTRIES).fetchnumpy()["node"], np.int32))
    _store(con, "CREATE TEMP TABLE lineage AS FROM told", _lineage(carried, nodes, attempts))
    placed = _at(nodes, shipped["node"]) | _at(attempts, shipped["attempt"]) | {"attempt": shipped["attempt"]}
    _store(con, _SHIPPED, placed)
    came = _at(nodes, brought["node"]) | _at({"change_sha": nodes["sha"]}, brought["entry"])
    _store(con, _BROUGHT, came | {"position": brought["position"]})
    for table in _SCRATCH:
        con.execute(f"DROP TABLE {table}")


def load(con: Connection) -> Graph:
    """The graph of all landed commits, whose nodes are numbered by ``lineage_node``."""
    size = con.execute("SELECT count(*) FROM lineage_node").fetchall()[0][0]
    edges = con.execute(_EDGES).fetchnumpy()
    return Graph(size, np.asarray(edges["child"], np.int32), np.asarray(edges["parent"], np.int32))


def _read(con: Connection, query: str) -> Names:
    table = con.sql(query).to_arrow_table()
    return {name: table[name] for name in table.column_names}


def _at(names: Names, places: Numbers) -> Names:
    """The same columns at some places, null at none."""
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that only a build need pay

    wanted = pa.array(places, mask=places < 0)
    return {name: column.take(wanted) for name, column in names.items()}


def _lineage(carried: walk.Columns, nodes: Names, attempts: Names) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415

    deployment, words = attempts["deployment_id"], pa.chunked_array([walk.WORDS])
    told: dict[str, Any] = {"deployment_id": deployment, "turn": np.arange(len(deployment), dtype=np.int32)}
    told |= _at(nodes, carried["node"])
    for name in ("attribution", "direction"):
        told |= _at({name: words}, carried[name])
    for name in ("previous", "replaced", "content", "restored", "blamed_first", "blamed_last"):
        told |= _at({f"{name}_id": deployment}, carried[name])
    return told


def _store(con: Connection, statement: str, told: dict[str, Any]) -> None:
    """Make a table out of columns that the statement calls ``told``."""
    import pyarrow as pa  # noqa: PLC0415

    con.register("told", pa.table(told))
    con.execute(statement)
    con.unregister("told")
