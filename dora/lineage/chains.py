"""The tables of chains: what a link leads to over any number of other links, such as the pick of a pick.

Recursion in SQL is a dialect of each engine, so a loop of plain joins follows the links.
"""

from __future__ import annotations

from dora.storage.database import Connection

# The table of links that each table of chains follows; both have a ``scope`` in which ids are unique.
LINKS = {
    "pick_chains": "pick_links",
    "unlisted_pick_chains": "unlisted_pick_links",
    "revert_chains": "revert_links",
    "tree_chains": "tree_links",
}

_FIRST = "CREATE TEMP TABLE {chains} AS SELECT DISTINCT scope, id, earlier_id, 1 AS depth FROM {links}"
# Odd depths of reverts mean the opposite of even ones. Of the ways of one kind the shortest counts, so circles end.
_NEXT = """
INSERT INTO {chains}
SELECT DISTINCT chains.scope, chains.id, links.earlier_id, chains.depth + 1
FROM {chains} AS chains
INNER JOIN {links} AS links ON chains.scope = links.scope AND chains.earlier_id = links.id
ANTI JOIN {chains} AS shorter
  ON chains.scope = shorter.scope
  AND chains.id = shorter.id
  AND links.earlier_id = shorter.earlier_id
  AND (chains.depth + 1) % 2 = shorter.depth % 2
WHERE chains.depth = ?
"""


def write_chains(con: Connection, name: str) -> None:
    """Create one of ``LINKS``: a row for each id and each earlier one that it leads to, with the number of links."""
    names = {"chains": name, "links": LINKS[name]}
    con.execute(_FIRST.format(**names))
    depth = 1
    while con.execute(_NEXT.format(**names), [depth]).fetchall()[0][0]:
        depth += 1
