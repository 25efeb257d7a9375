"""The dashboards of deploy/grafana: what their queries find in PostgreSQL is what `dora show` prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from psycopg import Connection
from typer.testing import CliRunner

import dora
from dora.cli.app import app
from dora.export.publish import postgres
from tests.postgres import PASSWORD, READER, Server

pytestmark = [pytest.mark.postgres]
FOLDER = Path(__file__).resolve().parents[4] / "deploy" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
FROM, TO = "2026-03-01T00:00:00Z", "2026-07-01T00:00:00Z"
KEYS = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate")
Rows = list[dict[str, Any]]
Variables = dict[str, list[str]]


@pytest.fixture(scope="module")
def con(whole: None, small: dora.Delivery, server: Server) -> Iterator[Connection[Any]]:
    """What Grafana's user reads of the small organisation."""
    url, schema = server.create_database("dashboards"), "delivery_metrics"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DORA_POSTGRES_PASSWORD", PASSWORD)
        postgres.write(small, url, schema)
    with server.connect("dashboards") as admin:
        admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO {READER}")
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {READER}")
    with server.connect("dashboards", READER) as con:
        con.execute("SET TimeZone = 'America/New_York'")  # of which no query may depend
        yield con


@pytest.fixture(scope="module")
def variables(con: Connection[Any]) -> Variables:
    """Each variable with all its values, as at first; the metric is the lead time and the window all history."""
    values: Variables = {"window": ["all"], "metric": ["lead_time"]}
    for variable in BOARDS["delivery"]["templating"]["list"]:
        if variable["type"] == "query":
            rows = con.execute(expand(variable["query"], values).encode()).fetchall()
            values.setdefault(variable["name"], [row[-1] for row in rows])
    return values


def expand(query: str, variables: Variables) -> str:
    """A query with variables and macros in it as Grafana sends it."""

    def quote(match: re.Match[str]) -> str:
        return ",".join("'" + value.replace("'", "''") + "'" for value in variables[match[1]])

    query = re.sub(r"\$\{(\w+):sqlstring\}", quote, query)
    query = re.sub(r"\$__timeFilter\(([\w.]+)\)", rf"\1 BETWEEN '{FROM}' AND '{TO}'", query)
    assert "$" not in query, "no other macro, and no variable that is not quoted"
    return query


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def find(con: Connection[Any], board: str, title: str, variables: Variables) -> Rows:
    """The rows of the panel with a title."""
    (panel,) = (panel for panel in panels(BOARDS[board]) if panel["title"] == title and panel["gridPos"]["h"] > 5)
    return run(con, panel, variables)


def run(con: Connection[Any], panel: dict[str, Any], variables: Variables) -> Rows:
    (target,) = panel["targets"]
    cursor = con.execute(expand(target["rawSql"], variables).encode())
    names = [column.name for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def show(delivery: dora.Delivery, *arguments: str) -> Rows:
    """What `dora show --json` prints of the complete periods that have anything."""
    settings = delivery.path.parent / "dora.toml"
    settings.write_text(f'data = "{delivery.path.parent}"')
    result = CliRunner().invoke(app, ["show", *arguments, "--json", "--config", str(settings)])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    known = [row for row in printed if row["n"] or row["open"] or row["excluded"] or row["value"] is not None]
    return [row for row in known if "period" not in row or not row["partial"]]


def numbers(rows: Rows, *keys: str) -> list[tuple[Any, ...]]:
    """Keys and numbers of rows, in order; a time is a local day."""
    days = [{key: _to_day(value) for key, value in row.items()} for row in rows]
    return sorted((tuple(row[key] for key in keys) for row in days), key=repr)


def _to_day(value: Any) -> Any:
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else value


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_dashboard_has_only_what_grafana_knows(board: dict[str, Any]) -> None:
    """Each key is one of Grafana's own types: what they do not know they drop. Panels lie beside each other."""
    register_default_plugins()
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    assert missing(board, read) == []
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def missing(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """The keys of ours that are not in theirs, or have another value."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [found for key, value in ours.items() for found in missing(value, theirs.get(key), f"{path}.{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [found for at, value in enumerate(ours) for found in missing(value, theirs[at], f"{path}[{at}]")]
    return [] if ours == theirs else [path]


@pytest.mark.parametrize(
    ("board", "title"), [(name, panel["title"]) for name, board in BOARDS.items() for panel in panels(board)]
)
def test_every_panel_has_rows(con: Connection[Any], variables: Variables, board: str, title: str) -> None:
    """Its columns are those that its settings name; a series has a time."""
    for panel in panels(BOARDS[board]):
        if panel["title"] == title:
            rows = run(con, panel, variables)
            assert rows, title
            named = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
            assert named <= set(rows[0])
            assert "time" in rows[0] or panel["type"] != "timeseries"


def test_the_numbers_of_a_window_are_those_of_show(
    con: Connection[Any], small: dora.Delivery, variables: Variables
) -> None:
    """Of the organisation, each team and each application, with intervals, n and pending."""
    for window in ("30d", "all"):
        selected = variables | {"window": [window]}
        printed = {row["metric"]: row for row in show(small, "--since", window)}
        stats = [panel for name in BOARDS for panel in panels(BOARDS[name]) if panel["type"] == "stat"]
        for panel in (panel for panel in stats if panel["title"] != "Data through"):
            (row,) = run(con, panel, selected)
            metric = re.findall(r"WHERE metric = '(\w+)'", panel["targets"][0]["rawSql"])[0]
            assert numbers([row], "value", "low", "high", "n", "pending") == numbers(
                [printed[metric]], "value", "low", "high", "n", "open"
            ), metric
        for owner in ("team", "application"):
            rows = find(con, "delivery", f"{owner.title()}s", selected)
            expected = [row for row in show(small, "--since", window, "--by", owner) if row["metric"] in KEYS]
            for row in expected:
                row["metric"] = dora.metrics()[row["metric"]].title
                if row["unit"] == "share":  # the table has percent
                    row |= {key: 100 * row[key] for key in ("value", "low", "high") if row[key] is not None}
            keys = (owner, "metric", "value", "low", "high", "n")
            assert numbers(rows, *keys, "pending") == numbers(expected, *keys, "open")


def test_the_numbers_of_a_week_are_those_of_show(
    con: Connection[Any], small: dora.Delivery, variables: Variables
) -> None:
    """Each complete week, at its first day whatever the time zone of the session."""
    con.execute("SET TimeZone = 'UTC'")
    weeks = ("value", "low", "high")
    for metric in KEYS:
        expected = numbers(show(small, metric, "--every", "week"), "period", *weeks)
        (title,) = {panel["title"] for panel in panels(BOARDS["delivery"]) if panel["type"] == "timeseries"
                    and f"'{metric}'" in panel["targets"][0]["rawSql"]}  # fmt: skip
        assert numbers(find(con, "delivery", title, variables), "time", *weeks) == expected
        assert expected
    for owner in ("team", "application"):
        printed = show(small, "lead_time", "--every", "week", "--by", owner)
        for name in variables[owner]:  # the panel is repeated for each
            rows = find(con, "delivery", f"${{{owner}}}: ${{metric:text}}", variables | {owner: [name]})
            assert numbers(rows, "time", *weeks) == numbers([r for r in printed if r[owner] == name], "period", *weeks)


def test_shares_of_a_selection_are_those_of_show(
    con: Connection[Any], small: dora.Delivery, variables: Variables
) -> None:
    """Sums over sums, with Wilson's interval to the ninth digit; counts add up."""
    con.execute("SET TimeZone = 'UTC'")
    chosen = variables["application"][:2] + variables["application"][-1:]
    options = [part for name in chosen for part in ("--application", name)]
    selected = variables | {"application": chosen}
    for metric in ("change_failure_rate", "canary_pass_rate"):
        rows = find(con, "canaries", dora.metrics()[metric].title, selected)
        expected = [row for row in show(small, metric, "--every", "week", *options) if row["n"]]
        assert [f"{row['time']:%Y-%m-%d}" for row in rows] == [row["period"] for row in expected]
        for row, printed in zip(rows, expected, strict=True):
            assert [row[key] for key in ("value", "low", "high")] == pytest.approx(
                [printed[key] for key in ("value", "low", "high")], abs=1e-9
            )
    weeks = find(con, "canaries", "Change, failures and failed canaries", selected)
    printed = {row["period"]: row["n"] for row in show(small, "deployment_frequency", "--every", "week", *options)}
    assert {f"{row['time']:%Y-%m-%d}": row["deployments"] for row in weeks if row["deployments"] is not None} == printed


def test_lists_are_those_of_the_build(con: Connection[Any], small: dora.Delivery, variables: Variables) -> None:
    """Canaries by result, failures, and failures by the size of the change."""
    canaries = find(con, "canaries", "Canary results and what followed", variables)
    assert {row["canary result"]: row["canaries"] for row in canaries} == {
        row["verdict"]: row["n"] for row in small.sql("SELECT verdict, count(*) AS n FROM canary_outcomes GROUP BY ALL")
    }
    for row in canaries:
        assert row["canaries"] == sum(row[key] for key in ("deployment failed", "deployment did not fail", "not known"))
    failures = find(con, "canaries", "Failures", variables)
    assert len(failures) == len(small.table("failures"))
    sizes = find(con, "canaries", "Failure rate by size of the change", variables)
    batches = small.metric("batch_size").n
    assert sum(row["deployments"] for row in sizes) <= batches
    assert all(row["failure rate"] == pytest.approx(row["failed"] / row["deployments"]) for row in sizes)
