"""The numbers of a build as a text file for those who alert elsewhere (Prometheus' node exporter collects such files).

Format: prometheus.io/docs/instrumenting/exposition_formats. What has no number has no sample, never a 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from dora.api import Delivery
from dora.errors import DoraError
from dora.query.value import Scope, Value
from dora.sql.catalog import Metric, metrics

BOUNDS = ("value", "low", "high")


def write(delivery: Delivery, path: Path, scope: Scope) -> int:
    """Write every metric of a scope, by application, in one move; returns how many samples there are.

    Raises ``DoraError`` where the file can not be written; it is then as it was.
    """
    lines = list(_lines(delivery, scope))
    aside = path.with_name(f"{path.name}.part")
    try:
        aside.write_text("".join(f"{line}\n" for line in lines))
        aside.replace(path)
    except OSError as error:
        raise DoraError(f"{path} can not be written ({type(error).__name__}).", "name another file.") from error
    return sum(not line.startswith("#") for line in lines)


def _lines(delivery: Delivery, scope: Scope) -> Iterator[str]:
    by_application = Scope(scope.since, scope.until, "application", None, scope.applications)
    for metric in metrics().values():
        values = [*delivery.values(metric.name, scope), *delivery.values(metric.name, by_application)]
        yield from _family(metric, values)
    as_of = delivery.about()["as_of"]
    if as_of:
        yield "# HELP dora_data_as_of_seconds Up to when the facts are known, in seconds since 1970."
        yield "# TYPE dora_data_as_of_seconds gauge"
        yield f"dora_data_as_of_seconds {as_of.replace(tzinfo=UTC).timestamp():.0f}"


def _family(metric: Metric, values: list[Value]) -> Iterator[str]:
    """One gauge of values and their limits, one of what they rest on; an empty application is all of them."""
    unit = metric.unit.replace(" ", "_")
    name = f"dora_{metric.name}" if metric.name.endswith(unit) else f"dora_{metric.name}_{unit}"
    yield f"# HELP {name} {metric.question}"
    yield f"# TYPE {name} gauge"
    for value in values:
        for bound in BOUNDS:
            if (number := getattr(value, bound)) is not None:
                yield f'{name}{{application="{_escaped(value.group or "")}",bound="{bound}"}} {number:.10g}'
    yield f"# HELP {name}_observations How many observations the number rests on."
    yield f"# TYPE {name}_observations gauge"
    for value in values:
        yield f'{name}_observations{{application="{_escaped(value.group or "")}"}} {value.n}'


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
