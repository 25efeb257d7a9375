"""A build as files for other machines: observations, weekly series, lists, and a dictionary of their columns."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from dora.api import Delivery
from dora.errors import DoraError
from dora.query.value import GROUPS, Scope
from dora.render import console
from dora.render.console import Format
from dora.sql.catalog import metrics

Rows = list[dict[str, Any]]
TABLES = (
    "deployments",
    "change_timeline",
    "failures",
    "recoveries",
    "incidents",
    "approvals",
    "canaries",
    "canary_outcomes",
    "audit_trail",
    "rollbacks",
    "history_gaps",
    "definitions_in_force",
    "check_results",
)


def write(delivery: Delivery, folder: Path, form: Format, scope: Scope) -> dict[str, int]:
    """Write everything into a folder, and say how many rows each file has.

    Observations and series are cut by the scope's window; lists are whole. Raises ``DoraError`` where a file can not be
    written; the others are then as they were.
    """
    said: dict[str, int] = {}
    dictionary: Rows = []
    for name, rows in _files(delivery, scope):
        if rows:
            save(folder / f"{name}.{form}", form, rows)
            dictionary += _described(name, rows)
        said[name] = len(rows)
    save(folder / "dictionary.csv", "csv", dictionary)
    return said


def _files(delivery: Delivery, scope: Scope) -> Iterator[tuple[str, Rows]]:
    yield "observations", list(_observations(delivery, scope))
    yield "series", list(_series(delivery, scope))
    for table in TABLES:
        yield table, delivery.sql(f'SELECT * FROM "{table}" ORDER BY ALL')  # noqa: S608 - from the list above


def _observations(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    for name, metric in metrics().items():
        for row in delivery.observations(name, scope):
            told = {key: row[key] for key in ("application", "happened_at", "subject", "value", "censored", "excluded")}
            yield {"metric": name} | told | {"unit": metric.unit}


def _series(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    """Every metric by week: of everything, of each application, of each team."""
    kept = ("value", "unit", "statistic", "n", "low", "high", "open", "partial", "incomplete", "reason")
    for name in metrics():
        for by in (None, *GROUPS):
            for value in delivery.values(name, Scope(scope.since, scope.until, by, "week", scope.applications)):
                told = {"metric": name, "grouped_by": by, "group": value.group, "period": value.period}
                yield told | {key: getattr(value, key) for key in kept} | {"as_of": value.as_of}


def _described(name: str, rows: Rows) -> Rows:
    meanings = meaning()
    return [{"file": name, "column": column, "means": meanings.get(column, "")} for column in rows[0]]


def meaning() -> dict[str, str]:
    """What each exported column means, by its name."""
    return tomllib.loads(files("dora.export").joinpath("columns.toml").read_text())


def save(path: Path, form: Format, rows: Rows) -> None:
    """Write rows as one file, in one move. Raises ``DoraError`` where it can not be written."""
    aside = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[form](aside, rows)
        aside.replace(path)
    except OSError as error:
        raise DoraError(f"{path} can not be written ({type(error).__name__}).", "name another folder.") from error


def _parquet(path: Path, rows: Rows) -> None:
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that other commands need not pay
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(pa.Table.from_pylist(rows), path, compression="zstd")


def _csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        console.write_csv(rows, file)


_WRITERS: dict[Format, Callable[[Path, Rows], None]] = {"parquet": _parquet, "csv": _csv}
