"""What a metric's numbers are for people: one value, rows, a frame, a chart, HTML, and one line that says it all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from dora.errors import UsageError, counted, suggest
from dora.query import metric as query
from dora.query.rows import Frames, Rows, to_arrow, to_html
from dora.query.value import Bounds, By, Scope, Spread, Value
from dora.render.charts import load_drawing
from dora.sql.catalog import metrics

if TYPE_CHECKING:
    from datetime import datetime

    from dora.api.build import OpenBuild

MAX_LINES = 100  # of HTML
FIRST_GROUPS = 3  # of a result's line
# Columns of a frame by name, in their order; ``group`` stands for the one that ``by`` names.
TYPES = {
    "metric": "VARCHAR", "group": "VARCHAR", "period": "DATE", "value": "DOUBLE", "unit": "VARCHAR",
    "statistic": "VARCHAR", "n": "BIGINT", "low": "DOUBLE", "high": "DOUBLE", "open": "BIGINT",
    "excluded": "MAP(VARCHAR, BIGINT)", "partial": "BOOLEAN", "reason": "VARCHAR", "as_of": "TIMESTAMP",
    "incomplete": "VARCHAR", "total": "DOUBLE", "days": "DOUBLE", "window_days": "DOUBLE",
    "observed_for_less": "MAP(VARCHAR, DOUBLE)",
    "scatter": "DOUBLE", "relevant_change": "DOUBLE", "earliest": "DOUBLE", "latest": "DOUBLE",
    "deployments": "BIGINT", "unknown_commits": "BIGINT", "off_trunk_commits": "BIGINT",
    **dict.fromkeys(("p10", "p25", "p75", "p90", "plain_median", "mean"), "DOUBLE"),
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Result(Frames):
    """The values of one metric in one scope; ``explain`` returns the rows behind them.

    A result of a single number, without ``by`` and ``every``, has it as ``value``, with all that it rests on: ``n``,
    ``interval``, ``pending``, ``excluded``, ``unit``, ``text``, ``evidence``, ``reason``, ``as_of``. Iterate over
    others: each of their ``rows`` has the same names.
    """

    rows: list[Value]
    scope: Scope
    _delivery: OpenBuild

    @property
    def single(self) -> Value:
        """The only value. Raises ``UsageError`` if there are several, or none."""
        if len(self.rows) == 1:
            return self.rows[0]
        words = " and ".join(f"{word}={value!r}" for word, value in self._grouping().items())
        raise UsageError(
            f"This result has {counted(len(self.rows), 'value')}{f', because of {words}' if words else ''}.",
            "iterate over it, or use .df(); each value has .value, .n, .interval.",
        )

    @property
    def value(self) -> float | None:
        """The number in ``unit``; null if there is none, and ``reason`` says why."""
        return self.single.value

    @property
    def n(self) -> int:
        """How many observations count."""
        return self.single.n

    @property
    def interval(self) -> Bounds:
        """The 95 % confidence interval, low and high; null for an end without a bound."""
        return self.single.interval

    @property
    def pending(self) -> int:
        """How many of the observations are still open."""
        return self.single.pending

    @property
    def excluded(self) -> dict[str, int]:
        """How many observations do not count, by reason."""
        return self.single.excluded

    @property
    def unit(self) -> str:
        """The unit of the value."""
        return self.single.unit

    @property
    def text(self) -> str:
        """The number with its unit: ``25 min``."""
        return self.single.text

    @property
    def evidence(self) -> str:
        """The line under the number: n, interval, pending."""
        return self.single.evidence

    @property
    def reason(self) -> str | None:
        """Why there is no number; null if there is one."""
        return self.single.reason

    @property
    def as_of(self) -> datetime | None:
        """Up to which instant the data is known, in UTC."""
        return self.single.as_of

    def __iter__(self) -> Iterator[Value]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def dicts(self) -> list[dict[str, Any]]:
        """Return one flat dictionary per value, as ``dora show --json`` prints it."""
        return [as_dict(value, self.scope.by) for value in self.rows]

    def arrow(self) -> Any:
        """Return a pyarrow table with one row per value; ``period`` is a local date, ``as_of`` an instant in UTC."""
        rows = [
            row | {"as_of": value.as_of} | ({"period": value.period.date()} if value.period else {"period": None})
            for row, value in zip(self.dicts(), self.rows, strict=True)
        ]
        columns = {self.scope.by if name == "group" else name: kind for name, kind in TYPES.items()}
        left_out = {None} | (set() if self.scope.every else {"period"})
        return to_arrow(rows, {name: kind for name, kind in columns.items() if name and name not in left_out})

    def chart(self) -> Any:
        """Return an Altair chart with intervals, drawn by the first entry point of ``delivery_metrics.charts``.

        Raises ``DoraError`` if none is installed.
        """
        return load_drawing()(self.rows)

    def explain(self) -> Rows:
        """Return the rows behind these values with details of each."""
        if not self.rows:
            return Rows()
        return query.explain_metric(self._delivery.connection(), self.rows[0].metric, self.scope)

    def lines(self) -> list[dict[str, Any]]:
        """Return a line per value for a table: its group and period, the number and what it rests on."""
        return [
            {"metric": metrics()[value.metric].title_for(value.statistic)}
            | ({self.scope.by: value.group or "none"} if self.scope.by else {})
            | ({"period": f"{value.period:%Y-%m-%d}{' (partial)' if value.partial else ''}"} if value.period else {})
            | {"value": value.text, "evidence": value.evidence}
            for value in self.rows
        ]

    def __repr__(self) -> str:
        if not self.rows:
            return "no values"
        window = f"{sum(value.window_days for value in self.rows if value.group == self.rows[0].group):,.0f} d"
        if len(self.rows) == 1 and not self._grouping():
            return f"{self.rows[0]} · {window}"
        grouping = " ".join(f"{word} {value}" for word, value in self._grouping().items())
        shown = [f"{value.group or value.metric} {value.text}" for value in self.rows if not value.period]
        rest = [f"{len(shown) - FIRST_GROUPS} more"] if len(shown) > FIRST_GROUPS else []
        named = [", ".join([*shown[:FIRST_GROUPS], *rest])] if shown else [counted(len(self.rows), "value")]
        return " · ".join([f"{self.rows[0].metric} {grouping}", *named, window])

    def _repr_html_(self) -> str:
        line = f"<p>{escape(repr(self))}</p>"
        return to_html(self.lines()[:MAX_LINES], len(self.rows), line) if self._grouping() else line

    def _grouping(self) -> dict[str, str]:
        words = {"by": self.scope.by, "every": self.scope.every}
        return {word: value for word, value in words.items() if value}


class Results(dict[str, Result], Frames):
    """The results of several metrics in one scope, by name."""

    def __missing__(self, name: str) -> Result:
        raise UsageError(f"There is no metric {name}.", suggest(str(name), self))

    def arrow(self) -> Any:
        """Return a pyarrow table with one row per value of each metric."""
        import pyarrow as pa  # noqa: PLC0415 - a third of a second that commands need not pay

        return pa.concat_tables([result.arrow() for result in self.values()])

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.values()))

    def _repr_html_(self) -> str:
        lines = [line for result in self.values() for line in result.lines()]
        return to_html(lines[:MAX_LINES], len(lines))


def as_dict(value: Value, by: By | None) -> dict[str, Any]:
    """Return a value as a flat dictionary: the group under the name of ``by``, the period as its first local day."""
    flat = asdict(value)
    group, period = flat.pop("group"), flat.pop("period")
    keys = ({by: group} if by else {}) | ({"period": f"{period:%Y-%m-%d}"} if period else {})
    flat |= flat.pop("spread") or asdict(Spread())
    flat["as_of"] = f"{value.as_of.isoformat()}Z" if value.as_of else None
    return {"metric": flat.pop("metric"), **keys, **flat}
