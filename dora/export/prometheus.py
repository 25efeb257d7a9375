"""The numbers of a build as a text file for Prometheus (the textfile collector of its node exporter reads such files).

Names follow prometheus.io/docs/practices/naming: one unit for each name and in it, base units (seconds, ratios), and
labels whose sum is meaningful. Every family is a gauge, so the text is valid both as OpenMetrics and in Prometheus' own
format. A value of null has no sample, never a 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from dora.api import Delivery
from dora.export.window import read_window
from dora.query.value import By, Scope, Value
from dora.render.file import replace_file
from dora.sql.catalog import Metric as DoraMetric
from dora.sql.catalog import metrics

LEVELS: tuple[By | None, ...] = (None, "application", "team")
BASE_UNITS = {"hours": ("seconds", 3600.0), "share": ("ratio", 1.0)}
UNITS = {unit for unit, _ in BASE_UNITS.values()}
LIMITS = {
    "value": "",
    "low": " Lower limit of the 95 % confidence interval.",
    "high": " Upper limit of the 95 % confidence interval.",
}
MOMENTS = {"data_as_of": "End of the data", "window_start": "Start of the window", "window_end": "End of the window"}
COUNTS = {"n": ("observations", "Observations behind the value (n)"), "open": ("pending", "Observations still pending")}


def write(delivery: Delivery, path: Path, scope: Scope) -> int:
    """Write every metric of a scope, in total, by application and by team; return the number of samples.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    return write_families(path, _families(delivery, scope))


def write_families(path: Path, families: Iterable[Metric]) -> int:
    """Replace a file with the families that have samples, and return the number of these.

    A collector may read at any moment, so the file is replaced as a whole. Raises ``DoraError`` if it cannot be
    written; the old file is then unchanged.
    """
    with_samples = [family for family in families if family.samples]
    registry = CollectorRegistry()
    registry.register(_Families(with_samples))
    text = generate_latest(registry)  # type: ignore[no-untyped-call]
    with replace_file(path) as temporary_path:
        temporary_path.write_bytes(text)
        temporary_path.chmod(0o644)  # a collector of another user reads it
    return sum(len(family.samples) for family in with_samples)


class _Families(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def make_gauge(name: str, meaning: str, label: str | None = None) -> GaugeMetricFamily:
    """Return a gauge without samples, with at most one label; its unit is the last word of its name, if it is one."""
    unit = name.rpartition("_")[2]
    return GaugeMetricFamily(name, meaning, labels=[label] if label else [], unit=unit if unit in UNITS else "")


def _families(delivery: Delivery, scope: Scope) -> Iterator[Metric]:
    for metric in metrics().values():
        for level in LEVELS:
            values = list(delivery.values(metric.name, replace(scope, by=level, every=None)))
            yield from _of_metric(metric, level, values)
    window = read_window(delivery, scope)
    as_of = delivery.about()["as_of"]
    data_end = as_of.replace(tzinfo=UTC) if as_of else None
    moments = {"data_as_of": data_end, "window_start": window.since, "window_end": window.until or data_end}
    for name, moment in moments.items():
        family = make_gauge(f"dora_{name}_timestamp_seconds", f"{MOMENTS[name]}, in seconds since 1970.")
        if moment:
            family.add_metric([], moment.timestamp())
        yield family


def _of_metric(metric: DoraMetric, level: By | None, values: list[Value]) -> Iterator[Metric]:
    """One gauge of the values, one of each limit, and one of each count behind them."""
    prefix, of_level = (f"dora_{level}_", f", by {level}.") if level else ("dora_", ".")
    unit, factor = BASE_UNITS.get(metric.unit, (metric.unit.replace(" ", "_"), 1.0))
    for attribute, meaning in LIMITS.items():
        name = _name(metric.name, attribute, unit)
        numbers = [(value.group, getattr(value, attribute)) for value in values]
        yield _family(prefix + name, metric.question + meaning, level, numbers, factor)
    for attribute, (name, meaning) in COUNTS.items():
        numbers = [(value.group, getattr(value, attribute)) for value in values]
        yield _family(f"{prefix}{metric.name}_{name}", f"{meaning} of {metric.title}{of_level}", level, numbers)


def _name(metric: str, limit: str, unit: str) -> str:
    """Return the name of a metric with its unit last, and not repeated: ``deployment_days_low_per_week``."""
    unit = unit.removeprefix(f"{metric.rpartition('_')[2]}_")
    return "_".join([metric, *([] if limit == "value" else [limit]), unit])


def _family(
    name: str, meaning: str, level: By | None, numbers: list[tuple[str | None, float | None]], factor: float = 1.0
) -> Metric:
    family = make_gauge(name, meaning, level)
    for group, number in numbers:
        if number is not None:
            family.add_metric([group or ""] if level else [], float(f"{number * factor:.10g}"))
    return family
