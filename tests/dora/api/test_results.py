"""Results, tables and rows: values by name, frames with real times, one line, escaped HTML."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from html.parser import HTMLParser

import pandas as pd
import polars
import pyarrow as pa
import pytest

import dora
from dora.errors import UsageError

SCRIPT = "<script>alert(1)</script>"
DEPLOYMENTS = f"""
id | application | environment | status | started_at | finished_at | triggered_by
d1 | ledger | production | succeeded | 2026-05-19T08:00 | 2026-05-19T09:00 | ada
d2 | ledger | production | failed | 2026-05-20T08:00 | 2026-05-20T09:00 | ada
d3 | payout | production | succeeded | 2026-05-28T08:00 | 2026-05-28T09:00 | {SCRIPT}
"""


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    folder = tmp_path_factory.mktemp("results")
    with built_in(folder, deployments=DEPLOYMENTS, settings={"teams": {f"<b>{SCRIPT}": ["payout"]}}) as delivery:
        yield delivery


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def test_a_single_number_has_its_parts_by_name(delivery: dora.Delivery) -> None:
    """Value, n, interval, what is pending and excluded, unit, text."""
    rate = delivery.metric("change_failure_rate", since="30d")
    assert (rate.value, rate.n, rate.unit, rate.pending) == (pytest.approx(1 / 3), 3, "share", 0)
    low, high = rate.interval
    assert low is not None
    assert high is not None
    assert 0 < low < 1 / 3 < high < 1
    assert (rate.text, rate.reason, rate.excluded, rate.as_of) == ("33.3 %", None, {}, datetime(2026, 6, 1))
    (value,) = rate
    assert (value.interval, value.pending) == (rate.interval, rate.pending)
    nothing = delivery.metric("lead_time")
    assert (nothing.value, nothing.interval, nothing.reason) == (None, (None, None), nothing.evidence)


def test_several_values_are_no_single_one(delivery: dora.Delivery) -> None:
    """The message names the keyword that makes several of them."""
    with pytest.raises(UsageError, match=r"This result has 2 values, because of by='application'. Next: iterate"):
        _ = delivery.metric("change_failure_rate", by="application").value


def test_a_line_says_it_all(delivery: dora.Delivery) -> None:
    """The representation of a result, a table and a build is one line for people."""
    rate = delivery.metric("change_failure_rate", since="30d")
    assert repr(rate) == f"change_failure_rate 33.3 % · {rate.evidence} · 30 d"
    by_application = delivery.metric("change_failure_rate", by="application", since="30d")
    assert repr(by_application) == "change_failure_rate by application · ledger 50 %, payout 0 % · 30 d"
    weekly = delivery.metric("change_failure_rate", by="application", every="week", since="28d")
    assert re.fullmatch(r"change_failure_rate by application every week · \d+ values · 28 d", repr(weekly))
    table = delivery.table("deployments")
    assert repr(table).startswith("deployments · 3 rows × 40 columns · One row is one deployment")
    assert repr(delivery) == f"{delivery.path} · 2 applications · data through 2026-06-01 00:00 UTC"
    assert repr(delivery.metrics(since="30d")).count("\n") == len(dora.metrics()) - 1
    assert repr(delivery.sql("SELECT 1 AS one")) == "1 row: one\n| one |\n| --- |\n| 1 |"


def test_frames_have_real_times(delivery: dora.Delivery) -> None:
    """Times are datetime64 in UTC, periods local dates, numbers numbers, also where all are missing."""
    frame = delivery.metric("change_failure_rate", by="application", every="week", since="28d").df()
    assert pd.api.types.is_datetime64_any_dtype(frame["period"])
    assert frame["as_of"].tolist()[0] == pd.Timestamp("2026-06-01")
    assert frame["period"].dt.weekday.eq(0).all()
    assert frame["value"].dtype == frame["earliest"].dtype == "float64"
    assert frame["excluded"].map(type).eq(dict).all()
    deployments = delivery.table("deployments").df()
    assert deployments["started_at"].tolist()[0] == pd.Timestamp("2026-05-28T08:00")
    assert delivery.metric("lead_time").df()["value"].isna().all()
    rows = delivery.sql("SELECT started_at, NULL::DOUBLE AS none FROM deployments ORDER BY 1").df()
    assert [str(kind) for kind in rows.dtypes] == ["datetime64[us]", "float64"]


def test_all_kinds_of_frames_have_the_same_rows(delivery: dora.Delivery) -> None:
    """pandas, polars and Arrow agree, for results, tables, rows of SQL, and without rows."""
    things = (
        delivery.metric("deployment_frequency", by="application", every="week"),
        delivery.metrics(),
        delivery.table("deployments", application="ledger"),
        delivery.sql("SELECT * FROM deployments"),
        delivery.sql("SELECT * FROM deployments WHERE false"),
        delivery.table("verdicts"),
    )
    for thing in things:
        arrow, frame, polar = thing.arrow(), thing.df(), thing.pl()
        assert isinstance(arrow, pa.Table)
        assert isinstance(polar, polars.DataFrame)
        assert arrow.column_names == list(frame.columns) == polar.columns
        assert len(arrow) == len(frame) == len(polar)
    weekly = things[0].pl()
    assert weekly.schema["period"] == polars.Date
    assert weekly["period"][0] == date(2026, 5, 18)


def test_without_polars_its_extra_is_named() -> None:
    """The error says what to install, and what works without."""
    code = "import sys; sys.modules['polars'] = None; from dora.query.rows import Rows; Rows().pl()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "polars is not installed. Next: install the extra [polars]" in result.stderr


def test_html_is_escaped_and_loads_nothing(delivery: dora.Delivery) -> None:
    """Names of users are text, whatever they are; no tag reaches the network."""
    pages = (
        delivery.metric("deployment_frequency", by="team"),
        delivery.metrics(by="team"),
        delivery.table("deployments"),
        delivery.sql("SELECT triggered_by, triggered_by AS \"<i onclick='x'>\" FROM deployments"),
        delivery.tables(),
    )
    for page in pages:
        html = page._repr_html_()
        assert set(Tags(html).tags) <= {"p", "table", "thead", "tbody", "tr", "th", "td"}
        assert not re.search(r"<script|onclick='|src=|href=|url\(", html)
    assert "&lt;script&gt;" in pages[0]._repr_html_()
    assert "&lt;script&gt;" in pages[2]._repr_html_()


def test_a_table_is_read_in_parts(delivery: dora.Delivery) -> None:
    """Columns, applications, a window and a number of rows; the latest first."""
    table = delivery.table("deployments", application="ledger", columns=["deployment_id", "kind"], limit=1)
    assert [row["deployment_id"] for row in table] == ["ledger/d2@files"]
    assert (len(table), list(table.df()), table[0]["kind"]) == (1, ["deployment_id", "kind"], "release")
    assert len(delivery.table("deployments", since="2026-05-20", until="2026-05-28")) == 1
    assert len(delivery.table("metrics.deployment_frequency")) == 2
    assert {row["table"]: row["rows"] for row in delivery.tables()}["deployments"] == 3


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("deployment", {}, "There is no table deployment. Next: did you mean deployments?"),
        (5, {}, "There is no table 5."),
        ("deployments; DROP TABLE deployments", {}, "There is no table"),
        ("deployments", {"columns": ["outcom"]}, "has no column outcom. Next: did you mean outcome?"),
        ("deployments", {"columns": []}, "columns is empty"),
        ("deployments", {"limit": "5"}, "limit='5' is not a number of rows"),
        ("deployments", {"limit": -1}, "limit=-1 is not a number of rows"),
        ("deployments", {"since": 30}, "did you mean since='30d'?"),
        ("deployments", {"by": "team"}, "table() has no keyword by."),
        ("loads", {"team": "x"}, "no applications to select by"),
        ("loads", {"since": "30d"}, "no time for since and until"),
    ],
)
def test_a_wrong_table_is_refused(delivery: dora.Delivery, name: str, words: dict[str, object], message: str) -> None:
    """A table, column, number or keyword that does not exist, with what was meant."""
    with pytest.raises(UsageError, match=re.escape(message)):
        delivery.table(name, **words)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM deployment", 'Did you mean "deployments"?'),
        ("SELECT kid FROM deployments", 'Candidate bindings: "kind"'),
        ("SELCT 1", "syntax error"),
        ("SELECT 'x'::INTEGER", "Could not convert"),
        ("DELETE FROM deployments", "read-only"),
    ],
)
def test_wrong_sql_is_refused_in_the_words_of_duckdb(delivery: dora.Delivery, sql: str, message: str) -> None:
    """An error of SQL is a ``DoraError`` too."""
    with pytest.raises(UsageError, match="DuckDB refuses this SQL") as caught:
        delivery.sql(sql)
    assert message in str(caught.value)
