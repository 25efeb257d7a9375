"""What counts as what: shipped defaults ← the organisation ← one application, as a table that models join."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dora.config import teams
from dora.config.patterns import as_like, as_regex, matches
from dora.errors import UsageError

if TYPE_CHECKING:
    from dora.config.settings import Config
    from dora.storage.database import Connection

Globs = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Every choice in force for one application; what each means stands in ``definitions.toml``."""

    production_environments: Globs = field(default_factory=list)
    production_accounts: Globs = field(default_factory=list)
    production_locations: Globs = field(default_factory=list)
    production_clusters: Globs = field(default_factory=list)
    production_pipelines: Globs = field(default_factory=list)
    canary_clusters: Globs = field(default_factory=list)
    hotfix_branches: Globs = field(default_factory=list)
    hotfix_subjects: Globs = field(default_factory=list)
    hotfix_labels: Globs = field(default_factory=list)
    hotfix_pipelines: Globs = field(default_factory=list)
    rollback_pipelines: Globs = field(default_factory=list)
    frequency_kinds: Globs = field(default_factory=list)
    failure_window_hours: float = 0.0
    rollback_blames: str = ""
    lead_time_unit: str = ""
    lead_time_starts: str = ""
    lead_time_stops: str = ""
    recovery_starts: str = ""
    paths: Globs = field(default_factory=list)
    working_hours: str = ""


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """The shipped defaults: key → ``default``, ``says`` and, where there are some, ``choices``."""
    return tomllib.loads(files("dora.config").joinpath("definitions.toml").read_text())


def resolve(config: Config, application: str) -> Definitions:
    """The definitions in force for an application. Raises ``UsageError`` for a key or value that means nothing."""
    values = {key: entry["default"] for key, entry in shipped().items()}
    values |= _valid(config.definitions, "[definitions]")
    for override in config.applications:
        if matches(application, override.get("match", [])):
            values |= _valid({k: v for k, v in override.items() if k != "match"}, "[[applications]]")
    return Definitions(**values)


def validate(config: Config) -> None:
    """Raise ``UsageError`` for anything in the settings' definitions that means nothing."""
    _valid(config.definitions, "[definitions]")
    for override in config.applications:
        if not _is_globs(override.get("match")):
            raise UsageError("[[applications]] needs match = [globs of application names].", "mend dora.toml.")
        _valid({k: v for k, v in override.items() if k != "match"}, "[[applications]]")
    teams.rules(config)


def _is_globs(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _valid(values: dict[str, Any], where: str) -> dict[str, Any]:
    for key, value in values.items():
        entry = shipped().get(key)
        if entry is None:
            raise UsageError(f"{where} has no key {key}.", f"use one of {', '.join(shipped())}.")
        default, choices = entry["default"], entry.get("choices")
        if isinstance(default, list):
            fits = _is_globs(value) and (not choices or set(value) <= set(choices))
        elif choices:
            fits = value in choices
        elif pattern := entry.get("pattern"):
            fits = isinstance(value, str) and re.fullmatch(pattern, value) is not None
        else:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if not fits:
            wanted = f"one of {', '.join(choices)}" if choices else f"a value such as {default!r}"
            raise UsageError(f"{where} {key} = {value!r} means nothing.", f"give {wanted}.")
    return values


# A team that the source of deployments names comes before one that the owners of the code make.
_KNOWN = """
SELECT application, coalesce(max(team) FILTER (deploys), max(team))
FROM (
  SELECT application, team, source IN (SELECT source FROM landing.execution) AS deploys FROM landing.application
  UNION ALL SELECT application, NULL, false FROM landing.execution
  UNION ALL SELECT application, NULL, false FROM landing.incident
  UNION ALL SELECT application, NULL, false FROM landing.incident_event
  UNION ALL SELECT unnest(applications), NULL, false FROM landing.change
)
GROUP BY application ORDER BY application
"""


def write(con: Connection, config: Config) -> None:
    """Create ``definitions`` (one row per application), ``definitions_in_force`` (one per key), ``globs`` (one per glob
    of names, as LIKE has it) and ``memberships``.
    """
    names = [field_.name for field_ in fields(Definitions)]
    columns = ", ".join(f"{name} {_type(shipped()[name])}" for name in names)
    con.execute(f"CREATE TABLE definitions (application VARCHAR, team VARCHAR, {columns})")
    con.execute("CREATE TABLE globs (application VARCHAR, key VARCHAR, pattern VARCHAR)")
    con.execute("CREATE TABLE definitions_in_force (application VARCHAR, key VARCHAR, value VARCHAR, says VARCHAR)")
    known = con.execute(_KNOWN).fetchall()
    current = teams.write(con, teams.rules(config), dict(known))
    for application, team in current.items():
        _write_one(con, application, team, resolve(config, application))


def _write_one(con: Connection, application: str, team: str | None, definitions: Definitions) -> None:
    values = {entry.name: getattr(definitions, entry.name) for entry in fields(Definitions)}
    patterns = [_pattern(key, value) for key, value in values.items()]
    slots = ", ".join("?" for _ in range(len(patterns) + 2))
    con.execute(f"INSERT INTO definitions VALUES ({slots})", [application, team, *patterns])  # noqa: S608
    con.executemany(
        "INSERT INTO definitions_in_force VALUES (?, ?, ?, ?)",
        [[application, key, _readable(value), shipped()[key]["says"]] for key, value in values.items()],
    )

    named = [[application, key, as_like(glob)] for key, value in values.items() if _of_names(key) for glob in value]
    if named:
        con.executemany("INSERT INTO globs VALUES (?, ?, ?)", named)


def _of_names(key: str) -> bool:
    """Whether a key holds globs that match names."""
    return isinstance(shipped()[key]["default"], list) and "choices" not in shipped()[key] and key != "paths"


def _type(entry: Mapping[str, Any]) -> str:
    if isinstance(entry["default"], list):
        return "VARCHAR[]" if "choices" in entry else "VARCHAR"
    return "DOUBLE" if isinstance(entry["default"], float) else "VARCHAR"


def _pattern(key: str, value: object) -> object:
    """A value as models join it: globs are one pattern, words of a choice a list."""
    if not isinstance(value, list) or "choices" in shipped()[key]:
        return value
    return as_regex(value, of_paths=key == "paths", any_case=key != "paths")


def _readable(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
