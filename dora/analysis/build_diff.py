"""What moved between two builds: each metric's number in both, and which of its observations differ, and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dora.build import run
from dora.config.settings import Config
from dora.config.settings import read as settings_of
from dora.query.metric import compute_metric, fetch_rows
from dora.query.value import Scope, Value
from dora.sql import catalog
from dora.storage import database
from dora.storage.database import Connection

EXAMPLES = 3

_DIFFERING = """
WITH both_of AS (
  SELECT application, subject, o.value AS old_value, n.value AS new_value, o.excluded AS old_excluded,
    n.excluded AS new_excluded, o.censored AS old_open, n.censored AS new_open,
    CASE WHEN o.seen IS NULL THEN 'added' WHEN n.seen IS NULL THEN 'gone'
      WHEN o.excluded IS DISTINCT FROM n.excluded THEN 'left out otherwise'
      WHEN o.censored IS DISTINCT FROM n.censored THEN 'open otherwise'
      WHEN o.value IS DISTINCT FROM n.value THEN 'another value' END AS how,
    coalesce(n.happened_at, o.happened_at) AS happened_at
  FROM (SELECT *, true AS seen FROM earlier.metrics."{metric}") o
  FULL JOIN (SELECT *, true AS seen FROM dora.metrics."{metric}") n USING (application, subject)
)
SELECT * FROM both_of WHERE how IS NOT NULL ORDER BY how, happened_at DESC NULLS LAST, application, subject
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric in two builds. ``observations`` counts those that differ over all of history, by how they do."""

    metric: str
    before: Value
    now: Value
    observations: dict[str, int]
    examples: list[str]

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def line(self) -> dict[str, Any]:
        """As one line of a table."""
        differing = ", ".join(f"{count:,} {how}" for how, count in self.observations.items())
        return {
            "metric": catalog.metrics()[self.metric].title,
            "before": self.before.text,
            "evidence before": self.before.evidence,
            "now": self.now.text,
            "evidence now": self.now.evidence,
            "observations that differ": differing or "none",
        }


def between(old: Path, new: Path, config: Config, scope: Scope) -> list[Difference]:
    """What moved from one build to another. A path that ends in .toml is settings: landing is built with them first.

    Raises ``UsageError`` where there is no such build or settings, ``DoraError`` where one can not be read.
    """
    with TemporaryDirectory() as folder:
        first, second = (_built(path, config, Path(folder) / name) for path, name in ((old, "old"), (new, "new")))
        con = database.open_build(second, beside=first)
        try:
            return [_difference(con, name, scope) for name in catalog.metrics()]
        finally:
            con.close()


def _built(path: Path, config: Config, aside: Path) -> Path:
    if path.suffix != ".toml":
        return path
    settings = settings_of(path)
    landing = settings.data if (settings.data / database.LANDING).exists() else config.data
    aside.mkdir()
    run.build(settings, landing=landing, into=aside / database.PUBLISHED)
    return aside / database.PUBLISHED


def _difference(con: Connection, name: str, scope: Scope) -> Difference:
    values = []
    for catalogue in ("earlier", "dora"):
        con.execute(f"USE {catalogue}")
        values += compute_metric(con, name, scope)
    rows = fetch_rows(con, _DIFFERING.format(metric=catalog.metric(name).name), [])
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["how"]] = counts.get(row["how"], 0) + 1
    return Difference(name, values[0], values[1], counts, [_said(row) for row in rows[:EXAMPLES]])


def _said(row: dict[str, Any]) -> str:
    """An observation that differs, in words: ``shop/12: another value, 1.5 → 2``."""
    old, new = (_end(row, end) for end in ("old", "new"))
    changed = {"added": f"now {new}", "gone": f"was {old}"}.get(row["how"], f"{old} → {new}")
    return f"{row['application']}, {row['subject']}: {row['how']}, {changed}"


def _end(row: dict[str, Any], end: str) -> str:
    if row[f"{end}_excluded"] is not None:
        return f"left out ({row[f'{end}_excluded']})"
    value = row[f"{end}_value"]
    return "–" if value is None else f"{value:.4g}{' and open' if row[f'{end}_open'] else ''}"
