"""Static JSON for cards and pages of others: a document for the organisation, each team and each application."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from dora.api import Delivery
from dora.export.publish import document_types
from dora.export.publish.published_build import describe_build, to_instant
from dora.export.window import read_window
from dora.query.value import Scope, Value
from dora.render.folder import replace_folder
from dora.sql.catalog import Metric, metrics

SCHEMA_FILE = "schema.json"
MAX_STEM = 200  # bytes, of the 255 that a file system allows
INDEX_FILE = "index.json"
ORGANISATION_FILE = "organisation.json"
Level = Literal["team", "application"]
FOLDERS: dict[Level, str] = {"team": "teams", "application": "applications"}
ENCODER = msgspec.json.Encoder(order="deterministic")
Measures = dict[str | None, dict[str, document_types.Measure]]  # by group, by metric


class _Memberships(NamedTuple):
    teams: Mapping[str, Sequence[str]]  # by application
    applications: Mapping[str, Sequence[str]]  # by team


def write(delivery: Delivery, folder: Path, scope: Scope) -> dict[str, int]:
    """Publish the documents of a scope as one folder, and return how many there are of each kind.

    The folder is a symbolic link that is set to the new version once that is complete, so a reader sees no mix of two.
    Raises ``DoraError`` if that is not possible; what was published stays.
    """
    documents = dict(_documents(delivery, scope))
    with replace_folder(folder) as temporary_path:
        for path, document in documents.items():
            file = temporary_path / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(ENCODER.encode(document) + b"\n")
    counts = {name: sum(path.startswith(f"{name}/") for path in documents) for name in FOLDERS.values()}
    return {"organisation": 1, **counts}


def _documents(delivery: Delivery, scope: Scope) -> Iterator[tuple[str, Any]]:
    """Yield every document with its path."""
    memberships, shared = _read_memberships(delivery), _describe(delivery, scope)
    entries: dict[Level, list[document_types.Entry]] = {"team": [], "application": []}
    for level, folder in FOLDERS.items():
        for name, of_group in _measure(delivery, replace(scope, by=level)).items():
            if name is None:
                continue
            path = f"{folder}/{file_name(name)}"
            entries[level].append(document_types.Entry(name=name, path=path))
            of_team = memberships.applications.get(name, ()) if level == "team" else ()
            of_application = memberships.teams.get(name, ()) if level == "application" else ()
            yield path, document_types.Document(
                schema=f"../{SCHEMA_FILE}", kind=level, name=name, teams=list(of_application),
                applications=list(of_team), metrics=of_group, **shared,
            )  # fmt: skip
    total = _measure(delivery, replace(scope, by=None))[None]
    names = {level: [entry.name for entry in of_level] for level, of_level in entries.items()}
    yield ORGANISATION_FILE, document_types.Document(
        schema=SCHEMA_FILE, kind="organisation", name=None, teams=names["team"], applications=names["application"],
        metrics=total, **shared,
    )  # fmt: skip
    yield INDEX_FILE, document_types.Index(
        schema=SCHEMA_FILE, organisation=ORGANISATION_FILE, teams=entries["team"], applications=entries["application"],
        **shared,
    )  # fmt: skip
    yield SCHEMA_FILE, document_types.make_schema()


def _describe(delivery: Delivery, scope: Scope) -> dict[str, Any]:
    """Return what all documents share: the window and the build."""
    window, build = read_window(delivery, scope), describe_build(delivery)
    until = to_instant(window.until) or build.as_of
    return {"window": document_types.Window(since=to_instant(window.since), until=until), "build": build}


def _read_memberships(delivery: Delivery) -> _Memberships:
    """Return who owns what now."""
    teams, applications = defaultdict(list), defaultdict(list)
    rows = delivery.sql(
        "SELECT DISTINCT application, team FROM memberships"
        " WHERE until = 'infinity' AND team IS NOT NULL ORDER BY application, team"
    )
    for row in rows:
        teams[row["application"]].append(row["team"])
        applications[row["team"]].append(row["application"])
    return _Memberships(teams, applications)


def _measure(delivery: Delivery, scope: Scope) -> Measures:
    """Return every metric of each group of a scope, with its weeks."""
    measures: Measures = defaultdict(dict)
    for metric in metrics().values():
        weeks = defaultdict(list)
        for value in delivery.values(metric.name, replace(scope, every="week")):
            weeks[value.group].append(_week(value))
        for value in delivery.values(metric.name, replace(scope, every=None)):
            measures[value.group][metric.name] = _to_measure(metric, value, weeks[value.group])
    return measures


def _to_measure(metric: Metric, value: Value, weeks: list[document_types.Week]) -> document_types.Measure:
    return document_types.Measure(
        title=metric.title,
        question=metric.question,
        unit=value.unit,
        statistic=value.statistic,
        better=metric.better,
        text=value.text,
        excluded=value.excluded,
        incomplete=value.incomplete,
        weeks=weeks,
        **_numbers(value),
    )


def _week(value: Value) -> document_types.Week:
    return document_types.Week(week=f"{value.period:%Y-%m-%d}", partial=value.partial, **_numbers(value))


def _numbers(value: Value) -> dict[str, Any]:
    """Return the number of a value with what it rests on; without a number there is a reason."""
    reason = None if value.value is not None else value.reason or "no data"
    limits = {"low": value.low, "high": value.high}
    return {"value": value.value, "reason": reason, **limits, "n": value.n, "pending": value.open}


def file_name(name: str) -> str:
    """Return the name of the file of a team or application: what is no letter, digit, ``-``, ``_`` or ``.`` as ``~41``.

    It needs no escape in an address. A long name is cut and ends with the beginning of its hash.
    """
    stem = quote(name, safe="").replace("~", "%7E").replace("%", "~")
    if len(stem) > MAX_STEM:
        stem = f"{stem[: MAX_STEM - 17]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return f"{stem}.json"
