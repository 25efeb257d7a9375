"""The commits that each deployment shipped first, and its direction: ahead, back or diverged.

DuckDB resolves commits and numbers the graph, contents and targets, ``dora.lineage.walk`` walks them, and the results
come back as three tables. A number is the place of a row in ``lineage_node``, ``lineage_content`` or
``lineage_attempt``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dora.lineage import walk
from dora.lineage.commit_graph import NONE, Graph, Numbers
from dora.lineage.history import Contents
from dora.storage.database import Connection

if TYPE_CHECKING:
    import pyarrow as pa

ColumnsByName = dict[str, "pa.ChunkedArray"]
_SCRATCH = (
    "lineage_node", "lineage_exact", "lineage_resolved", "lineage_rollout_part", "lineage_part", "lineage_rollout",
    "lineage_content", "lineage_attempt", "lineage_served", "lineage_compared",
)  # fmt: skip

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
SELECT parts.repository, parts.commit, min(node.rowid) AS node
FROM (SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit FROM content_parts) parts
JOIN lineage_node node ON node.sha = parts.commit AND lower(node.repository) = parts.repository
WHERE regexp_full_match(parts.commit, '[0-9a-f]{40}')
GROUP BY ALL
"""

# A commit is searched in its own repository; in others only if its own is not ingested or not known, or if it is given
# in full and so cannot be another one.
_RESOLVED = """
CREATE TEMP TABLE lineage_resolved AS
WITH missing_commits AS (
  SELECT DISTINCT parts.repository, parts.commit,
    parts.repository IN (SELECT lower(repository) FROM lineage_node) AS ingested
  FROM (SELECT DISTINCT lower(repository) AS repository, lower(commit) AS commit FROM content_parts) parts
  ANTI JOIN lineage_exact USING (repository, commit)
  WHERE regexp_full_match(parts.commit, '[0-9a-f]{7,40}')),
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

# A part is a commit if that is known, else a version, else a commit that no repository has, else like no other (C6).
_PARTS = """
CREATE TEMP TABLE lineage_rollout_part AS
SELECT parts.source, parts.rollout_id, parts.slot, parts.repository, parts.commit,
  coalesce(exact.node, CASE WHEN candidates = 1 THEN resolved.node END) AS node,
  CASE WHEN parts.commit IS NULL THEN 'missing' WHEN exact.node IS NOT NULL OR candidates = 1 THEN parts.origin
    WHEN candidates > 1 THEN 'ambiguous' ELSE 'unknown' END AS attribution,
  CASE WHEN coalesce(exact.node, resolved.node) IS NOT NULL AND attribution IN ('commit', 'version')
      THEN 'commit ' || coalesce(exact.node, resolved.node)
    WHEN parts.identity IS NOT NULL THEN 'version ' || parts.identity
    WHEN parts.commit IS NOT NULL THEN 'commit ' || lower(parts.commit)
    ELSE 'rollout ' || parts.source || ' ' || parts.rollout_id END AS part
FROM content_parts parts
LEFT JOIN lineage_exact exact
  ON exact.repository = lower(parts.repository) AND exact.commit = lower(parts.commit)
LEFT JOIN lineage_resolved resolved
  ON resolved.repository IS NOT DISTINCT FROM lower(parts.repository) AND resolved.commit = lower(parts.commit)
WHERE (parts.source, parts.rollout_id) IN (SELECT (source, source_rollout_id) FROM deciding_rollouts)
"""

_PART_NUMBERS = """
CREATE TEMP TABLE lineage_part AS
SELECT part, min(node) AS node, min(slot) AS slot FROM lineage_rollout_part GROUP BY part ORDER BY part
"""

_ROLLOUTS = """
CREATE TEMP TABLE lineage_rollout AS
SELECT source, rollout_id, list_sort(list(DISTINCT lineage_part.rowid)) AS parts, min(attribution) AS attribution,
  arg_min(repository, lineage_rollout_part.slot) AS repository,
  arg_min(commit, lineage_rollout_part.slot) AS commit
FROM lineage_rollout_part JOIN lineage_part USING (part) GROUP BY ALL
"""

_CONTENTS = "CREATE TEMP TABLE lineage_content AS SELECT DISTINCT parts FROM lineage_rollout ORDER BY parts"

# What is applied later serves, whichever execution ends first (T5); traffic that is moved serves when it has moved.
_ATTEMPTS = """
CREATE TEMP TABLE lineage_attempt AS
WITH applied AS (
  SELECT deployment_id, max(CASE WHEN part = 'switch' THEN coalesce(full_traffic_at, first_traffic_at)
    ELSE coalesce(accepted_at, first_traffic_at) END) AS applied_at
  FROM deciding_rollouts WHERE first_traffic_at IS NOT NULL GROUP BY deployment_id)
SELECT application, deployment_id, took_traffic, succeeded, governing_class = 'undo' OR explicit_rollback AS is_undo
FROM attempts LEFT JOIN applied USING (deployment_id)
ORDER BY application, CASE WHEN took_traffic THEN coalesce(applied_at, traffic_at) END NULLS LAST, deployment_id
"""

_SERVED = """
CREATE TEMP TABLE lineage_served AS
SELECT attempt.rowid AS attempt, rollouts.target, content.rowid AS content, templates.template,
  rollouts.full_traffic_at IS NOT NULL AS is_full, coalesce(served_targets.undone_at IS NOT NULL, false) AS is_undone,
  CASE WHEN rollouts.source_rollout_id IS NULL THEN 'missing'
    WHEN rollouts.governing_class = 'undo' THEN 'restored' ELSE rollout.attribution END AS attribution,
  rollout.repository, rollout.commit
FROM deciding_rollouts rollouts
JOIN lineage_attempt attempt USING (deployment_id)
LEFT JOIN lineage_rollout rollout
  ON rollouts.source = rollout.source AND rollouts.source_rollout_id = rollout.rollout_id
LEFT JOIN lineage_content content ON rollout.parts = content.parts
LEFT JOIN rollout_templates templates
  ON rollouts.source = templates.source AND rollouts.source_rollout_id = templates.rollout_id
LEFT JOIN served_targets USING (deployment_id, target)
WHERE rollouts.governing_class IN ('deploy', 'undo', 'dark')
  AND (NOT attempt.took_traffic OR rollouts.first_traffic_at IS NOT NULL)
ORDER BY attempt.rowid, rollouts.first_traffic_at NULLS LAST, rollouts.target
"""

_SERVED_NUMBERS = """
SELECT dense_rank() OVER (ORDER BY target) - 1 AS target, content,
  CASE WHEN template IS NULL THEN -1 ELSE dense_rank() OVER (ORDER BY template) - 1 END AS template,
  is_full, is_undone
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

# A restart has no commit of its own: it takes over what serves.
_LINEAGE = """
CREATE TEMP TABLE lineage AS
SELECT compared.* EXCLUDE (repository), coalesce(compared.repository, served.repository) AS repository, served.commit,
  coalesce(served.attribution, CASE WHEN sha IS NULL THEN 'missing' ELSE 'version' END) AS attribution
FROM lineage_compared compared
JOIN lineage_attempt attempt USING (deployment_id)
LEFT JOIN (
  SELECT attempt, arg_min(attribution, rowid) AS attribution, arg_min(repository, rowid) AS repository,
    arg_min(commit, rowid) AS commit
  FROM lineage_served GROUP BY attempt) served
  ON served.attempt = attempt.rowid
"""

_RESOLVED_PARTS = """
CREATE TEMP TABLE resolved_parts AS
SELECT parts.source, parts.rollout_id, parts.slot, coalesce(node.repository, parts.repository) AS repository, node.sha,
  coalesce(node.sha, parts.commit) AS commit, parts.attribution
FROM lineage_rollout_part parts LEFT JOIN lineage_node node ON node.rowid = parts.node
"""

_INCLUDED = "CREATE TABLE included_commits AS SELECT repository, change_sha, sha, position FROM columns"

_CHANGES = """
SELECT DISTINCT node.rowid AS node
FROM landing.change JOIN lineage_node node USING (repository, sha) WHERE on_trunk ORDER BY ALL
"""


def trace(con: Connection) -> None:
    """Build ``lineage`` (one row an attempt, whose ``turn`` is its place in the order below), ``shipped_commits`` from
    ``attempts`` and ``landing.commit``, ``resolved_parts`` (the commit of each part of what rollouts brought), and
    ``included_commits`` (the commits of each change, oldest first) from ``landing.change``.

    The history of what serves follows the attempts that took traffic, in the order in which they were applied within
    an application; those of them that succeeded ship commits. What its own execution tree took back after it served all
    traffic has shipped, as what is rolled back later has, but does not serve.
    """
    for statement in (_NODES, _EXACT, _RESOLVED, _PARTS, _PART_NUMBERS, _ROLLOUTS, _CONTENTS, _ATTEMPTS, _SERVED):
        con.execute(statement)
    graph, nodes = load(con), _read(con, "SELECT repository, sha FROM lineage_node")
    attempts = _read(con, "SELECT application, deployment_id FROM lineage_attempt")
    with walk.paused_garbage_collection():
        compared, shipped = walk.walk_attempts(graph, _load_contents(con), _load_attempts(con))
        changes = np.asarray(con.execute(_CHANGES).fetchnumpy()["node"], np.int32)
        included = walk.included_commits(graph, changes)
    _store(con, "CREATE TEMP TABLE lineage_compared AS FROM columns", _compared_columns(compared, nodes, attempts))
    con.execute(_LINEAGE)
    con.execute(_RESOLVED_PARTS)
    shipments = _take(nodes, shipped["node"]) | _take(attempts, shipped["attempt"]) | {"attempt": shipped["attempt"]}
    _store(con, _SHIPPED, shipments)
    commits = _take(nodes, included["node"]) | _take({"change_sha": nodes["sha"]}, included["change"])
    _store(con, _INCLUDED, commits | {"position": included["position"]})
    for name in _SCRATCH:
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


def _compared_columns(compared: walk.Columns, nodes: ColumnsByName, attempts: ColumnsByName) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    deployment, words = attempts["deployment_id"], pa.chunked_array([walk.WORDS])
    columns: dict[str, Any] = {"deployment_id": deployment, "turn": np.arange(len(deployment), dtype=np.int32)}
    for name, places in compared.items():
        source = {"node": nodes, "change": {name: words}, "direction": {name: words}}
        columns |= _take(source.get(name, {f"{name}_id": deployment}), places)
    return columns


def _store(con: Connection, statement: str, columns: dict[str, Any]) -> None:
    """Make a table out of columns that the statement calls ``columns``."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    con.register("columns", pa.table(columns))
    con.execute(statement)
    con.unregister("columns")
