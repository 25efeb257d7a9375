"""The numbers of a build as a text file for Prometheus (the textfile collector of its node exporter reads such files).

Format: prometheus.io/docs/instrumenting/exposition_formats. A value of null has no sample, never a 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from dora.api import Delivery
from dora.query.value import Scope, Value
from dora.render.file import replace_file
from dora.sql.catalog import Metric, metrics

BOUNDS = ("value", "low", "high")


def write(delivery: Delivery, path: Path, scope: Scope) -> int:
    """Write every metric of a scope, in total and by application, and return the number of samples.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    lines = list(_lines(delivery, scope))
    # The collector may read at any moment, so the file is replaced as a whole.
    with replace_file(path) as temporary_path:
        temporary_path.write_text("".join(f"{line}\n" for line in lines))
    return sum(not line.startswith("#") for line in lines)


def _lines(delivery: Delivery, scope: Scope) -> Iterator[str]:
    by_application = replace(scope, by="application", every=None)
    for metric in metrics().values():
        values = [*delivery.values(metric.name, scope), *delivery.values(metric.name, by_application)]
        yield from _gauges(metric, values)
    as_of = delivery.about()["as_of"]
    if as_of:
        yield "# HELP dora_data_as_of_seconds End of the data, in seconds since 1970."
        yield "# TYPE dora_data_as_of_seconds gauge"
        yield f"dora_data_as_of_seconds {as_of.replace(tzinfo=UTC).timestamp():.0f}"


def _gauges(metric: Metric, values: list[Value]) -> Iterator[str]:
    """One gauge of values with their limits, one of the observations; the label application="" is the total."""
    # Prometheus' naming rules end a name with its unit, and do not repeat it.
    unit = metric.unit.replace(" ", "_")
    name = f"dora_{metric.name}" if metric.name.endswith(unit) else f"dora_{metric.name}_{unit}"
    yield f"# HELP {name} {metric.question}"
    yield f"# TYPE {name} gauge"
    for value in values:
        for bound in BOUNDS:
            if (number := getattr(value, bound)) is not None:
                yield f'{name}{{application="{escape_label(value.group or "")}",bound="{bound}"}} {number:.10g}'
    yield f"# HELP {name}_observations Observations behind the value (n)."
    yield f"# TYPE {name}_observations gauge"
    for value in values:
        yield f'{name}_observations{{application="{escape_label(value.group or "")}"}} {value.n}'


def escape_label(text: str) -> str:
    """Return a text as the value of a label."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
