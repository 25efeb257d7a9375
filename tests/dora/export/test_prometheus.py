"""The file for Prometheus: its names, its numbers, and what two parsers read in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser

import dora
from dora.export import night, prometheus
from dora.query.value import Scope

DEPLOYMENTS = """
id | application | environment | status    | started_at           | finished_at
d1 | shop        | prod        | succeeded | 2026-03-02T08:00:00Z | 2026-03-02T08:10:00Z
d2 | shop        | prod        | succeeded | 2026-03-10T08:00:00Z | 2026-03-10T08:10:00Z
d3 | "pay"       | prod        | failed    | 2026-03-11T08:00:00Z | 2026-03-11T08:10:00Z
"""
AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
Samples = dict[tuple[str, str], float]


def read_families(path: Path) -> list[Metric]:
    """The families of a file, which has the same samples for both parsers."""
    text = path.read_bytes().decode()
    families = list(parser.text_string_to_metric_families(text))
    strict = list(openmetrics_parser.text_string_to_metric_families(text))
    assert [family.samples for family in families] == [family.samples for family in strict]
    return families


def read_samples(path: Path) -> Samples:
    samples = [sample for family in read_families(path) for sample in family.samples]
    return {(sample.name, "".join(sample.labels.values())): sample.value for sample in samples}


@pytest.fixture(scope="module")
def delivery(facts_of_file: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts_of_file(deployments=DEPLOYMENTS, as_of=AS_OF)


def test_it_has_the_numbers_of_the_api(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Value, limits and counts are samples of their own; durations are in seconds; a missing number has no sample."""
    count = prometheus.write(delivery, tmp_path / "dora.prom", Scope())
    samples = read_samples(tmp_path / "dora.prom")
    assert count == len(samples)
    (share,), (gap,) = delivery.metric("change_failure_rate").rows, delivery.metric("time_between_deployments").rows
    assert samples["dora_change_failure_rate_ratio", ""] == pytest.approx(share.value)
    assert samples["dora_change_failure_rate_low_ratio", ""] == pytest.approx(share.low)
    assert samples["dora_change_failure_rate_high_ratio", ""] == pytest.approx(share.high)
    assert samples["dora_change_failure_rate_observations", ""] == 3
    assert samples["dora_application_change_failure_rate_ratio", '"pay"'] == 1
    assert gap.value is not None
    assert samples["dora_time_between_deployments_seconds", ""] == pytest.approx(gap.value * 3600)
    assert samples["dora_time_between_deployments_pending", ""] == gap.open
    assert ("dora_lead_time_seconds", "") not in samples
    assert samples["dora_lead_time_observations", ""] == 0


def test_names_follow_the_rules(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Each family is one gauge of one unit, which ends its name, and has at most one label, so that sums are right."""
    prometheus.write(delivery, tmp_path / "dora.prom", Scope())
    families = read_families(tmp_path / "dora.prom")
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.type == "gauge"
        assert family.name.startswith("dora_")
        assert not family.name.endswith(("hours", "share", "total", "count"))
        labels = {tuple(sample.labels) for sample in family.samples}
        assert len(labels) == 1
        level = family.name.split("_")[1]
        assert labels == {(level,) if level in ("application", "team") else ()}


def test_it_says_of_which_window_it_is(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The ends of the window and of the data are instants; an open start has no sample."""
    ends = [f"dora_{name}_timestamp_seconds" for name in ("window_start", "window_end", "data_as_of")]
    for scope, since in ((Scope(), None), (Scope(since="2026-03-05"), datetime(2026, 3, 5, tzinfo=UTC).timestamp())):
        prometheus.write(delivery, tmp_path / "dora.prom", scope)
        samples = read_samples(tmp_path / "dora.prom")
        assert [samples.get((name, "")) for name in ends] == [since, AS_OF.timestamp(), AS_OF.timestamp()]


def test_a_build_without_data_is_a_file(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """It has counts of zero, and no value."""
    prometheus.write(facts(as_of=None), tmp_path / "dora.prom", Scope())
    assert set(read_samples(tmp_path / "dora.prom").values()) == {0}


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.integers(0, 9), max_size=4))
def test_any_name_of_a_source_is_a_label(tmp_path_factory: pytest.TempPathFactory, names: dict[str, int]) -> None:
    """Both parsers read the numbers of a night with it, and the next night keeps its last success."""
    path = tmp_path_factory.mktemp("night") / "night.prom"
    numbers = [night.SourceNumbers(name, succeeded=True, seconds=1, rows_changed=rows) for name, rows in names.items()]
    night.write(path, AS_OF, 2.5, 0, numbers)
    failed = [night.SourceNumbers(name, succeeded=False, seconds=1) for name in names]
    night.write(path, datetime(2026, 3, 21, tzinfo=UTC), 2.5, 3, failed)
    samples = read_samples(path)
    for name in names:
        assert samples["dora_night_source_last_success_timestamp_seconds", name] == AS_OF.timestamp()
        assert ("dora_night_source_rows_changed", name) not in samples
    assert samples["dora_night_last_success_timestamp_seconds", ""] == AS_OF.timestamp()
    assert samples["dora_night_duration_seconds", ""] == 2.5


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"dora_night_last_success_timestamp_seconds x", b"{", b"a b c d"]
)
def test_a_damaged_file_of_a_night_is_replaced(tmp_path: Path, content: bytes) -> None:
    """It has no last success."""
    (tmp_path / "night.prom").write_bytes(content)
    night.write(tmp_path / "night.prom", AS_OF, 1, 3, [])
    assert ("dora_night_last_success_timestamp_seconds", "") not in read_samples(tmp_path / "night.prom")
