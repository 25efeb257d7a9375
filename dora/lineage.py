"""What each deployment first shipped, and whether it went ahead, back or aside.

The one step that is not SQL: DuckDB resolves commits and numbers the graph, ``dora.serving`` and
``dora.graph`` walk it, and the answers come back as two tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from dora.graph import Graph
from dora.serving import Attempt, Carried, History
from dora.warehouse import Connection

PAGE = 50_000
_SCRATCH = ("lineage_node", "lineage_resolved", "lineage_attempt")

# Several sources may land one commit; a node is one commit of one repository. Neighbours in time are neighbours
# in memory too, which makes the walk three times faster than numbers in the order of ids.
_NODES = """
CREATE TEMP TABLE lineage_node AS
SELECT (row_number() OVER (ORDER BY repository, committed_at, sha) - 1)::INTEGER AS node, repository, sha, parents
FROM (
  SELECT repository, sha, min(committed_at) AS committed_at, first(parents ORDER BY source) AS parents
  FROM landing.commit GROUP BY repository, sha)
"""

_EDGES = """
SELECT child.node AS child, parent.node AS parent
FROM (SELECT node, repository, unnest(parents) AS sha FROM lineage_node) child
JOIN lineage_node parent USING (repository, sha)
"""

# A commit is looked for in its own repository. Elsewhere only where its own is not ingested or not
# known, or where it is given in full and so can not be another one.
_RESOLVED = """
CREATE TEMP TABLE lineage_resolved AS
WITH wanted AS (
  SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit,
    lower(repository) IN (SELECT lower(repository) FROM lineage_node) AS ingested
  FROM attempts WHERE regexp_full_match(commit, '[0-9A-Fa-f]{7,40}')),
hit AS (
  SELECT wanted.repository, wanted.commit, node.node, node.sha,
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
SELECT (row_number() OVER (ORDER BY application, traffic_at NULLS LAST, deployment_id) - 1)::INTEGER AS attempt,
  a.*, CASE WHEN candidates = 1 THEN node END AS node,
  CASE WHEN a.commit IS NULL THEN 'missing' WHEN candidates = 1 THEN 'commit'
    WHEN candidates > 1 THEN 'ambiguous' ELSE 'unknown' END AS found
FROM attempts a
LEFT JOIN lineage_resolved r ON r.repository IS NOT DISTINCT FROM lower(a.repository) AND r.commit = lower(a.commit)
"""

_ORDERED = """
SELECT application, node, found, version, took_traffic, succeeded, alters, explicit_rollback, restores, server_group,
  steps_back, undone_at IS NOT NULL AS undone
FROM lineage_attempt ORDER BY attempt
"""

_LINEAGE = """
CREATE TABLE lineage AS
SELECT a.deployment_id, n.repository, n.sha, c.attribution::VARCHAR AS attribution,
  c.direction::VARCHAR AS direction, previous.deployment_id AS previous_id,
  content.deployment_id AS content_id, restored.deployment_id AS restored_id,
  blamed_first.deployment_id AS blamed_first_id, blamed_last.deployment_id AS blamed_last_id
FROM carried c
JOIN lineage_attempt a USING (attempt)
LEFT JOIN lineage_node n ON n.node = c.node
LEFT JOIN lineage_attempt previous ON previous.attempt = c.previous
LEFT JOIN lineage_attempt content ON content.attempt = c.content
LEFT JOIN lineage_attempt restored ON restored.attempt = c.restored
LEFT JOIN lineage_attempt blamed_first ON blamed_first.attempt = c.blamed_first
LEFT JOIN lineage_attempt blamed_last ON blamed_last.attempt = c.blamed_last
ORDER BY c.attempt
"""

_SHIPPED = """
CREATE TABLE shipped_commits AS
WITH placed AS (
  SELECT a.application, n.repository, n.sha, a.deployment_id, s.attempt
  FROM shipped s JOIN lineage_attempt a USING (attempt) JOIN lineage_node n ON n.node = s.node),
baseline AS (SELECT application, repository, min(attempt) AS attempt FROM placed GROUP BY ALL)
SELECT placed.application, placed.repository, sha, deployment_id, placed.attempt = baseline.attempt AS baseline
FROM placed JOIN baseline USING (application, repository)
ORDER BY placed.attempt
"""

_ENTRIES = """
SELECT DISTINCT node FROM landing.change JOIN lineage_node USING (repository, sha) WHERE on_trunk ORDER BY node
"""

_BROUGHT = """
CREATE TABLE brought AS
SELECT entry.repository, entry.sha AS change_sha, n.sha, b.place
FROM brought_nodes b JOIN lineage_node entry ON entry.node = b.entry JOIN lineage_node n ON n.node = b.node
ORDER BY b.entry, b.place
"""


def trace(con: Connection) -> None:
    """Build ``lineage`` (one row an attempt) and ``shipped_commits`` from ``attempts`` and ``landing.commit``, and
    ``brought`` (the commits that came with each change, the oldest first) from ``landing.change``.

    Who serves is followed over attempts that took traffic, in order of ``(traffic_at, deployment_id)``
    within an application; commits are shipped by those of them that succeeded. One that was undone in its
    own execution tree shipped what it brought to full traffic, as one that is rolled back later did, but
    leaves what serves as it found it.
    """
    for statement in (_NODES, _RESOLVED, _ATTEMPTS):
        con.execute(statement)
    graph = load(con)
    carried, shipped = _walked(con, graph)
    _store(con, "carried", _columns(carried), _LINEAGE)
    _store(con, "shipped", _shipped_columns(shipped), _SHIPPED)
    _store(con, "brought_nodes", _brought(con, graph), _BROUGHT)
    for table in _SCRATCH:
        con.execute(f"DROP TABLE {table}")


def load(con: Connection) -> Graph:
    """The graph of all landed commits, whose nodes are numbered by ``lineage_node``."""
    size = con.execute("SELECT count(*) FROM lineage_node").fetchall()[0][0]
    edges = con.execute(_EDGES).fetchnumpy()
    return Graph(size, np.asarray(edges["child"], np.int32), np.asarray(edges["parent"], np.int32))


def _walked(con: Connection, graph: Graph) -> tuple[list[Carried], list[tuple[int, list[int]]]]:
    carried: list[Carried] = []
    shipped: list[tuple[int, list[int]]] = []
    for _, rows in groupby(_rows(con), key=itemgetter(0)):
        history = History(graph)
        for row in rows:
            carried.append(history.take(len(carried), Attempt(*row[1:])))
        shipped += history.shipped
    return carried, shipped


def _rows(con: Connection) -> Iterator[tuple[Any, ...]]:
    result = con.execute(_ORDERED)
    while page := result.fetchmany(PAGE):
        yield from page


def _columns(carried: list[Carried]) -> dict[str, np.ndarray[Any, Any]]:
    columns: dict[str, np.ndarray[Any, Any]] = {"attempt": np.arange(len(carried), dtype=np.int32)}
    for position, name in enumerate(Carried._fields):
        values = [row[position] for row in carried]
        if name in ("attribution", "direction"):
            columns[name] = np.array(values, dtype=object)
        else:
            columns[name] = np.array([-1 if value is None else value for value in values], dtype=np.int32)
    return columns


def _shipped_columns(shipped: list[tuple[int, list[int]]]) -> dict[str, np.ndarray[Any, Any]]:
    attempts = np.array([number for number, _ in shipped], dtype=np.int32)
    nodes = [np.array(nodes, dtype=np.int32) for _, nodes in shipped]
    return {
        "attempt": np.repeat(attempts, [len(some) for some in nodes]),
        "node": np.concatenate([np.empty(0, np.int32), *nodes]),
    }


def _brought(con: Connection, graph: Graph) -> dict[str, np.ndarray[Any, Any]]:
    """Each change with what it reaches and no change below it did, by generation: ancestors before descendants."""
    generation, marked = graph.generation, bytearray(graph.size)
    entries = sorted((node for (node,) in con.execute(_ENTRIES).fetchall()), key=generation.__getitem__)
    came = [sorted(graph.mark(entry, marked), key=generation.__getitem__) for entry in entries]
    sizes = [len(nodes) for nodes in came]
    return {
        "entry": np.repeat(np.array(entries, np.int32), sizes),
        "node": np.array([node for nodes in came for node in nodes], np.int32),
        "place": np.array([place for size in sizes for place in range(1, size + 1)], np.int32),
    }


def _store(con: Connection, name: str, columns: dict[str, np.ndarray[Any, Any]], statement: str) -> None:
    con.register(name, columns)
    con.execute(statement)
    con.unregister(name)
