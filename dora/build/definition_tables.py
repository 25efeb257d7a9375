"""Write the definitions and teams of every application into the build, as tables that models join."""

from __future__ import annotations

from datetime import datetime, time
from hashlib import sha256

from dora import periods
from dora.config import applications, teams
from dora.config.definitions import Definitions, Key, definition_keys, resolve
from dora.config.patterns import as_like, as_regex, as_tag_patterns
from dora.config.settings import Config
from dora.storage.database import Connection

# The source of the deployments knows the team better than the owners of the code do.
_APPLICATIONS = """
SELECT application, coalesce(max(team) FILTER (deploys), max(team))
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


def write_definitions(con: Connection, config: Config) -> None:
    """Create the tables that models join.

    ``definitions`` has one row per application, ``definitions_in_force`` one per application and key, ``globs`` one per
    glob of names as a LIKE pattern, ``image_repositories`` one per glob of images with its repository,
    ``tag_patterns`` one per pattern of tags, ``memberships`` one per application and period in a team, and
    ``application_ends`` one per application that the settings end.
    """
    keys = definition_keys()
    columns = ", ".join(f"{name} {_column_type(key)}" for name, key in keys.items())
    con.execute(f"CREATE TABLE definitions (application VARCHAR, team VARCHAR, {columns})")
    con.execute("CREATE TABLE globs (application VARCHAR, key VARCHAR, pattern VARCHAR)")
    con.execute("CREATE TABLE image_repositories (application VARCHAR, pattern VARCHAR, repository VARCHAR)")
    of_tags = "application VARCHAR, pattern VARCHAR, prefix VARCHAR, suffix VARCHAR, expression VARCHAR"
    con.execute(f"CREATE TABLE tag_patterns ({of_tags})")
    in_force = "application VARCHAR, key VARCHAR, value VARCHAR, description VARCHAR"
    con.execute(f"CREATE TABLE definitions_in_force ({in_force})")
    con.execute("CREATE TABLE application_ends (application VARCHAR, until TIMESTAMP)")
    entries = applications.read_entries(config)
    for application, team in _write_memberships(con, config).items():
        _write_application(con, application, team, resolve(config, application))
        if end := applications.last_end(entries, application):
            until = periods.to_utc(datetime.combine(end, time()), config.timezone)
            con.execute("INSERT INTO application_ends VALUES (?, ?)", [application, until])


def hash_definitions(con: Connection) -> str:
    """Return the SHA-256 of every application's definitions, a line each: application, key and value between tabs."""
    rows = con.execute("SELECT application, key, value FROM definitions_in_force ORDER BY ALL").fetchall()
    return sha256("".join("\t".join(row) + "\n" for row in rows).encode()).hexdigest()


def _write_memberships(con: Connection, config: Config) -> dict[str, str | None]:
    """Create ``memberships`` and return the current team of each application."""
    con.execute("CREATE TABLE memberships (application VARCHAR, team VARCHAR, since TIMESTAMP, until TIMESTAMP)")
    rules = teams.read_rules(config)
    rows_of_teams = con.execute(_APPLICATIONS).fetchall()
    memberships = {name: teams.list_memberships(rules, name, team) for name, team in rows_of_teams}
    rows = [[name, *membership] for name, of_application in memberships.items() for membership in of_application]
    if rows:
        con.executemany(
            "INSERT INTO memberships SELECT $1, $2, CASE WHEN $3 = $5 THEN '-infinity'::TIMESTAMP ELSE $3 END,"
            " CASE WHEN $4 = $6 THEN 'infinity'::TIMESTAMP ELSE $4 END",
            [[*row, teams.BEGINNING, teams.END] for row in rows],
        )
    return {name: of_application[-1].team for name, of_application in memberships.items()}


def _write_application(con: Connection, application: str, team: str | None, definitions: Definitions) -> None:
    keys = definition_keys()
    values = {name: getattr(definitions, name) for name in keys}
    row = [application, team, *(_to_sql(keys[name], value) for name, value in values.items())]
    con.execute(f"INSERT INTO definitions VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - placeholders only
    in_force = [[application, name, _to_text(value), keys[name].description] for name, value in values.items()]
    con.executemany("INSERT INTO definitions_in_force VALUES (?, ?, ?, ?)", in_force)
    of_names = [(name, glob) for name, key in keys.items() if key.globs_of == "names" for glob in values[name]]
    if globs := [[application, name, as_like(glob)] for name, glob in of_names]:
        con.executemany("INSERT INTO globs VALUES (?, ?, ?)", globs)
    for row_of_tags in as_tag_patterns(definitions.tag_patterns):
        con.execute("INSERT INTO tag_patterns VALUES (?, ?, ?, ?, ?)", [application, *row_of_tags])
    for glob, repository in definitions.images.items():
        con.execute("INSERT INTO image_repositories VALUES (?, ?, ?)", [application, as_like(glob), repository])


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
