"""Write the definitions and teams of every application into the build, as tables that models join."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from hashlib import sha256
from typing import Any

from dora import periods
from dora.config import applications, teams
from dora.config.definitions import Key, definition_keys, resolve_all
from dora.config.patterns import as_like, as_regex, as_tag_patterns
from dora.config.settings import Config
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection

# The source of the deployments knows the team better than the owners of the code do.
TEAMS = """
SELECT application, coalesce(max(team) FILTER (deploys), max(team)) AS team
FROM (
  SELECT application, team, source IN (SELECT source FROM landing.execution) AS deploys FROM landing.application
  UNION ALL SELECT application, NULL, false FROM landing.execution
  UNION ALL SELECT application, NULL, false FROM landing.rollout
  UNION ALL SELECT application, NULL, false FROM landing.config_manifest
  UNION ALL SELECT application, NULL, false FROM landing.incident WHERE exclusion IS NULL
  UNION ALL SELECT application, NULL, false FROM landing.incident_event
  UNION ALL SELECT unnest(applications), NULL, false FROM landing.change
)
GROUP BY application ORDER BY application
"""

_TABLES = {
    "globs": "application VARCHAR, key VARCHAR, pattern VARCHAR",
    "image_repositories": "application VARCHAR, pattern VARCHAR, repository VARCHAR",
    "tag_patterns": "application VARCHAR, pattern VARCHAR, prefix VARCHAR, suffix VARCHAR, expression VARCHAR",
    "definitions_in_force": "application VARCHAR, key VARCHAR, value VARCHAR, description VARCHAR",
    "application_ends": "application VARCHAR, until TIMESTAMP",
}


def write_definitions(con: Connection, config: Config, query: str | None = None) -> None:
    """Create the tables that models join.

    ``definitions`` has one row per application, ``definitions_in_force`` one per application and key, ``globs`` one per
    glob of names as a LIKE pattern, ``image_repositories`` one per glob of images with its repository,
    ``tag_patterns`` one per pattern of tags, ``memberships`` one per application and period in a team, and
    ``application_ends`` one per application that the settings end. ``query`` has the applications and their teams, if
    not landing alone decides them.
    """
    keys = definition_keys()
    entries = applications.read_entries(config)
    resolved = resolve_all(config, teams_of_applications := _write_memberships(con, config, query or TEAMS))
    rows: dict[str, list[list[object]]] = defaultdict(list)
    for application, team in teams_of_applications.items():
        values = {name: getattr(resolved[application], name) for name in keys}
        rows["definitions"].append([application, team, *(_to_sql(keys[name], value) for name, value in values.items())])
        rows["definitions_in_force"] += (
            [application, name, _to_text(value), keys[name].description] for name, value in values.items()
        )
        _add_patterns(rows, application, values)
        if end := applications.last_end(entries, application):
            rows["application_ends"].append(
                [application, periods.to_utc(datetime.combine(end, time()), config.timezone)]
            )
    columns = ", ".join(f"{name} {_column_type(key)}" for name, key in keys.items())
    for table, layout in (_TABLES | {"definitions": f"application VARCHAR, team VARCHAR, {columns}"}).items():
        con.execute(f"CREATE TABLE {table} ({layout})")
        insert_rows(con, table, rows[table])


def hash_definitions(con: Connection) -> str:
    """Return the SHA-256 of every application's definitions, a line each: application, key and value between tabs."""
    rows = con.execute("SELECT application, key, value FROM definitions_in_force ORDER BY ALL").fetchall()
    return sha256("".join("\t".join(row) + "\n" for row in rows).encode()).hexdigest()


def _write_memberships(con: Connection, config: Config, query: str) -> dict[str, str | None]:
    """Create ``memberships`` and return the current team of each application."""
    con.execute("CREATE TABLE memberships (application VARCHAR, team VARCHAR, since TIMESTAMP, until TIMESTAMP)")
    rules = teams.read_rules(config)
    rows_of_teams = con.execute(query).fetchall()
    memberships = {name: teams.list_memberships(rules, name, team) for name, team in rows_of_teams}
    insert_rows(con, "memberships", ([name, *each] for name, rows in memberships.items() for each in rows))
    con.execute("UPDATE memberships SET since = '-infinity' WHERE since = ?", [teams.BEGINNING])
    con.execute("UPDATE memberships SET until = 'infinity' WHERE until = ?", [teams.END])
    return {name: of_application[-1].team for name, of_application in memberships.items()}


def _add_patterns(rows: dict[str, list[list[object]]], application: str, values: dict[str, Any]) -> None:
    """Add the globs, tag patterns and images of an application, each as the models match it."""
    for name, key in definition_keys().items():
        if key.globs_of == "names":
            rows["globs"] += ([application, name, as_like(glob)] for glob in values[name])
    rows["tag_patterns"] += ([application, *pattern] for pattern in as_tag_patterns(values["tag_patterns"]))
    images = values["images"].items()
    rows["image_repositories"] += ([application, as_like(glob), repository] for glob, repository in images)


def _to_text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{glob} = {repository}" for glob, repository in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(value) if isinstance(value, tuple) else str(value).removesuffix(".0")


def _column_type(key: Key) -> str:
    if isinstance(key.default, float | bool):
        return "DOUBLE" if isinstance(key.default, float) else "BOOLEAN"
    return "VARCHAR[]" if isinstance(key.default, tuple) and not key.globs_of else "VARCHAR"


def _to_sql(key: Key, value: object) -> object:
    """Return a value as models join it: globs as one regular expression, kinds as a list."""
    if key.globs_of == "tags":
        return _to_text(value)
    if key.globs_of and isinstance(value, tuple):
        return as_regex(value, of_paths=key.globs_of == "paths", any_case=key.globs_of == "names")
    return list(value) if isinstance(value, tuple) else _to_text(value) if isinstance(value, dict) else value
