"""What counts as what: shipped defaults ← the organisation ← one application, as a table that models join."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dora.errors import UsageError

if TYPE_CHECKING:
    from dora.config import Config
    from dora.warehouse import Connection

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
    hotfix_pipelines: Globs = field(default_factory=list)
    rollback_pipelines: Globs = field(default_factory=list)
    failure_window_hours: float = 0.0
    rollback_blames: str = ""
    lead_time_starts: str = ""
    lead_time_stops: str = ""
    recovery_starts: str = ""
    paths: Globs = field(default_factory=list)
    working_hours: str = ""


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """The shipped defaults: key → ``default``, ``says`` and, where there are some, ``choices``."""
    return tomllib.loads(files("dora").joinpath("definitions.toml").read_text())


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
    for team, globs in config.teams.items():
        if not _is_globs(globs):
            raise UsageError(f"[teams] {team} must be a list of globs.", "mend dora.toml.")


def _is_globs(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _valid(values: dict[str, Any], where: str) -> dict[str, Any]:
    for key, value in values.items():
        entry = shipped().get(key)
        if entry is None:
            raise UsageError(f"{where} has no key {key}.", f"use one of {', '.join(shipped())}.")
        default, choices = entry["default"], entry.get("choices")
        if isinstance(default, list):
            fits = _is_globs(value)
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


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name matches one of the globs (case-sensitive; ``*`` and ``?`` only, as in the models)."""
    pattern = as_regex(list(globs))
    return pattern is not None and re.fullmatch(pattern, name) is not None


def as_regex(globs: Sequence[str], *, of_paths: bool = False, any_case: bool = False) -> str | None:
    """One RE2 pattern that matches in full what any glob matches, in any case if wanted; null where there are none.

    In globs of paths ``*`` stays within a folder and ``**`` does not, as in .gitignore files.
    """
    if not globs:
        return None
    return ("(?si)" if any_case else "(?s)") + "|".join(f"(?:{_translated(glob, of_paths)})" for glob in globs)


def _translated(glob: str, of_paths: bool) -> str:
    inside = "[^/]" if of_paths else "."
    tokens = {"**/": "(?:.*/)?" if of_paths else ".*/", "**": ".*", "*": f"{inside}*", "?": inside}
    parts = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob)
    return "".join(tokens.get(part) or re.escape(part) for part in parts)


def team_of(config: Config, application: str) -> str | None:
    """The team that the settings name for an application; the last match wins."""
    named = [team for team, globs in config.teams.items() if matches(application, globs)]
    return named[-1] if named else None


def write(con: Connection, config: Config) -> None:
    """Create the tables ``definitions`` (one row per application) and ``definitions_in_force`` (one per key)."""
    names = [field_.name for field_ in fields(Definitions)]
    types = {name: "DOUBLE" if isinstance(shipped()[name]["default"], float) else "VARCHAR" for name in names}
    columns = ", ".join(f"{name} {types[name]}" for name in names)
    con.execute(f"CREATE TABLE definitions (application VARCHAR, team VARCHAR, {columns})")
    con.execute("CREATE TABLE definitions_in_force (application VARCHAR, key VARCHAR, value VARCHAR, says VARCHAR)")
    known = con.execute(
        "SELECT application, max(team) FROM (SELECT application, team FROM landing.application"
        " UNION ALL SELECT application, NULL FROM landing.execution"
        " UNION ALL SELECT application, NULL FROM landing.incident"
        " UNION ALL SELECT application, NULL FROM landing.incident_event"
        " UNION ALL SELECT unnest(applications), NULL FROM landing.change) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    for application, team in known:
        _write_one(con, application, team_of(config, application) or team, resolve(config, application))


def _write_one(con: Connection, application: str, team: str | None, definitions: Definitions) -> None:
    values = {entry.name: getattr(definitions, entry.name) for entry in fields(Definitions)}
    patterns = [
        as_regex(value, of_paths=key == "paths", any_case=key != "paths") if isinstance(value, list) else value
        for key, value in values.items()
    ]
    slots = ", ".join("?" for _ in range(len(patterns) + 2))
    con.execute(f"INSERT INTO definitions VALUES ({slots})", [application, team, *patterns])  # noqa: S608
    con.executemany(
        "INSERT INTO definitions_in_force VALUES (?, ?, ?, ?)",
        [[application, key, _readable(value), shipped()[key]["says"]] for key, value in values.items()],
    )


def _readable(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
