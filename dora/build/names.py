"""Read landing so that a name has one spelling in all tables, whatever case and Unicode form its sources write.

A renamed application has its new name in all of its history.
"""

from __future__ import annotations

from dora.config import applications
from dora.config.patterns import fold
from dora.config.settings import Config
from dora.storage.database import FACTS, Connection
from dora.storage.schema import REPEATED_ROW

# What the columns of landing name. Names of machines that only one system makes, such as server groups, need no entry.
KINDS = {
    "application": "application",
    "other_application": "application",
    "applications": "application",
    "repository": "repository",
    "environment": "environment",
    "account": "account",
    "location": "location",
    "cluster": "workload",
    "target": "target",
}
# When a row was true, by the first of these columns that has a time: the latest spelling is the one in use.
TIMES = ("queued_at", "started_at", "committed_at", "merged_at", "opened_at", "happened_at", "updated_at", "until")


def write_names(con: Connection, config: Config, query: str | None = None) -> None:
    """Create ``name_spellings``, the spellings of names by kind, and in ``landing`` views of all facts with names.

    The spelling of the settings is used, else the latest one. ``query`` has the spellings of a larger landing.
    """
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?", [FACTS]
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    if query:
        con.execute(f"CREATE TABLE name_spellings AS {query}")
    else:
        _write_spellings(con, config, tables)
        _apply_environment_names(con)
        _apply_renames(con, config)
    differing = {kind for (kind,) in con.execute("SELECT kind FROM name_spellings WHERE spelling <> name").fetchall()}
    for table, columns in tables.items():
        con.execute(f"CREATE VIEW landing.{table} AS {_select_names(table, columns, differing)}")
    con.execute(f"CREATE TABLE IF NOT EXISTS landing.repeated_row ({REPEATED_ROW})")


def _write_spellings(con: Connection, config: Config, tables: dict[str, dict[str, str]]) -> None:
    selects = ["SELECT 'application' AS kind, unnest(?::VARCHAR[]) AS spelling, 'infinity'::TIMESTAMP AS latest"]
    for table, columns in tables.items():
        time = f"coalesce({', '.join(['NULL', *(column for column in TIMES if column in columns)])})"
        for column in KINDS.keys() & columns.keys():
            spelling = f"unnest({column})" if columns[column].endswith("[]") else column
            selects.append(f"SELECT '{KINDS[column]}', {spelling}, {time} FROM {FACTS}.{table}")  # noqa: S608 - our names
    con.execute(
        "CREATE TABLE name_spellings AS SELECT kind, spelling, nfc_normalize(first_value(spelling) OVER ("  # noqa: S608 - our names
        " PARTITION BY kind, lower(nfc_normalize(spelling)) ORDER BY max(latest) DESC NULLS LAST, spelling)) AS name"
        f" FROM ({' UNION ALL '.join(selects)}) WHERE spelling IS NOT NULL GROUP BY kind, spelling",
        [applications.list_spellings(config)],
    )


def _apply_environment_names(con: Connection) -> None:
    """Give environments that deployments and incidents know by an id the latest name that their events tell.

    An id that two systems name differently stays as it is.
    """
    con.execute(
        "UPDATE name_spellings SET name = named.name FROM ("  # noqa: S608 - our names
        " SELECT environment_id, min(name) AS name FROM ("
        f"  SELECT environment_id, system, max_by(name, happened_at) AS name FROM {FACTS}.environment_event"
        "  WHERE name IS NOT NULL GROUP BY environment_id, system"
        " ) GROUP BY environment_id HAVING count(DISTINCT name) = 1"
        ") AS named WHERE name_spellings.kind = 'environment' AND name_spellings.spelling = named.environment_id"
    )


def _apply_renames(con: Connection, config: Config) -> None:
    entries = applications.read_entries(config)
    if any(entry.became for entry in entries):
        names = con.execute("SELECT DISTINCT name FROM name_spellings WHERE kind = 'application'").fetchall()
        spellings = {fold(name): name for (name,) in names}
        new_names = [(applications.rename(entries, name), name) for (name,) in names]
        new_names = [(spellings.get(fold(new_name), new_name), name) for new_name, name in new_names]
        con.executemany("UPDATE name_spellings SET name = ? WHERE kind = 'application' AND name = ?", new_names)


def _select_names(table: str, columns: dict[str, str], differing: set[str]) -> str:
    """Return a query of a table in which each name that some source spells otherwise is replaced."""
    replaced, joins = [], []
    for column in (column for column in columns if KINDS.get(column) in differing):
        names = f"(SELECT spelling, name FROM name_spellings WHERE kind = '{KINDS[column]}' AND spelling <> name)"  # noqa: S608 - our names
        if columns[column].endswith("[]"):
            joins.append(f"CROSS JOIN (SELECT map(list(spelling), list(name)) AS names FROM {names}) AS {column}")  # noqa: S608 - our names
            name = f"list_distinct(list_transform(facts.{column}, lambda x: coalesce({column}.names[x], x)))"
        else:
            joins.append(f"LEFT JOIN {names} AS {column} ON facts.{column} = {column}.spelling")
            name = f"coalesce({column}.name, facts.{column})"
        replaced.append(f"{name} AS {column}")
    replacing = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"SELECT facts.*{replacing} FROM {FACTS}.{table} AS facts {' '.join(joins)}"  # noqa: S608 - our names
