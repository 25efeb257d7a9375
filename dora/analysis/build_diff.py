"""What changed between two builds: each metric's number in both, and the observations that differ."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dora.analysis.differing_rules import find_rules
from dora.build import run
from dora.config.settings import Config, read
from dora.query.metric import compute_metric, fetch_rows
from dora.query.value import Scope, Value
from dora.sql import catalog
from dora.storage import database
from dora.storage.database import Connection

MAX_EXAMPLES = 3  # observations printed of each metric


@dataclass(frozen=True, slots=True)
class MetricDiff:
    """One metric in two builds.

    ``observations`` counts those that differ in all of history, by difference; ``rules`` counts them by the rules that
    moved them (several may have), or by the key of a definition that differs.
    """

    metric: str
    before: Value
    now: Value
    observations: dict[str, int]
    rules: dict[str, int]
    examples: list[str]

    def line(self) -> dict[str, Any]:
        """Return one row of a table."""
        return {
            "metric": catalog.metrics()[self.metric].title,
            "before": self.before.text,
            "evidence before": self.before.evidence,
            "now": self.now.text,
            "evidence now": self.now.evidence,
            "observations that differ": _list_counts(self.observations) or "none",
            "by rule": _list_counts(self.rules) or "–",
        }


def _list_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def compare_builds(old: Path, new: Path, config: Config, scope: Scope) -> list[MetricDiff]:
    """Compare every metric in two builds. A path that ends in .toml is settings, which landing is built with first.

    Raises ``UsageError`` if a build or settings file is missing, ``DoraError`` if it cannot be read.
    """
    with TemporaryDirectory() as folder:
        first, second = (_build_of(path, config, Path(folder) / name) for path, name in ((old, "old"), (new, "new")))
        with closing(database.open_build(second, beside=first)) as con:
            return [_compare_metric(con, name, scope) for name in catalog.metrics()]


def _build_of(path: Path, config: Config, temporary_folder: Path) -> Path:
    if path.suffix != ".toml":
        return path
    settings = read(path)
    landing = settings.data if (settings.data / database.LANDING).exists() else config.data
    temporary_folder.mkdir()
    run.build(settings, landing=landing, into=temporary_folder / database.PUBLISHED)
    return temporary_folder / database.PUBLISHED


def _compare_metric(con: Connection, name: str, scope: Scope) -> MetricDiff:
    values = []
    for build in ("earlier", "dora"):  # the two builds are attached under these names
        con.execute(f"USE {build}")
        values += compute_metric(con, name, scope)
    # An identifier cannot be a parameter; catalog.metric() has allowed the name.
    sql = catalog.queries("analyses")["differing_observations"].replace("$metric", catalog.metric(name).name)
    con.execute(f"CREATE OR REPLACE TEMP TABLE differing_observations AS {sql}")
    rows = fetch_rows(con, "FROM differing_observations", [])
    rules = find_rules(con, catalog.metric(name), rows)
    examples = [_example(row, names) for row, names in zip(rows[:MAX_EXAMPLES], rules, strict=False)]
    counts, by_rule = Counter(row["difference"] for row in rows), Counter(chain.from_iterable(rules))
    return MetricDiff(name, values[0], values[1], dict(counts), dict(by_rule.most_common()), examples)


def _example(row: dict[str, Any], rules: list[str]) -> str:
    """Format an observation that differs: ``shop, shop/12: value changed, 1.5 → 2 (L4)``."""
    old, new = _observation(row, "old"), _observation(row, "new")
    change = {"added": f"now {new}", "removed": f"was {old}"}.get(row["difference"], f"{old} → {new}")
    return f"{row['application']}, {row['subject']}: {row['difference']}, {change} ({', '.join(rules)})"


def _observation(row: dict[str, Any], build: str) -> str:
    if row[f"{build}_excluded"] is not None:
        return f"excluded ({row[f'{build}_excluded']})"
    value = row[f"{build}_value"]
    return "–" if value is None else f"{value:.4g}{' pending' if row[f'{build}_pending'] else ''}"
