"""Old detail is left to the store: no number changes, and every row can be read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import msgspec
import pytest
from typer.testing import CliRunner

import dora
from dora.cli.app import app
from dora.config.settings import Config
from dora.errors import UsageError
from dora.parts.detail import DETAIL
from dora.parts.older_rows import stream_table
from dora.parts.run import build_in_parts
from dora.query.value import Scope
from tests.conftest import built
from tests.dora.parts.adversary import adversary
from tests.dora.parts.comparison import build_in_this_process, differing_rows

DAYS = 30


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The adversary landing, built as a whole and then in parts that keep some days of detail."""
    folder, facts = tmp_path_factory.mktemp("detail"), adversary()
    built(folder, facts)
    (folder / "dora.duckdb").rename(folder / "whole.duckdb")
    engine = {"parts": 2, "store": str(folder / "store"), "detail_days": DAYS}
    config = Config(data=folder, engine=engine, **facts.settings)
    build_in_parts(config, run_tasks=build_in_this_process)
    return config


def test_only_detail_is_left_out(config: Config) -> None:
    """Metrics, days, definitions, deployments and all else are those of the whole; detail has no row of its own."""
    differences = differing_rows(config.data / "whole.duckdb", config.data / "dora.duckdb")
    assert differences.pop('"main"."older_detail"') == (0, 1)
    assert differences, "some detail is old"
    assert {name.split('"')[3] for name in differences} <= DETAIL.keys()
    assert {added for _, added in differences.values()} == {0}


def test_what_is_recent_is_there_with_all_that_belongs_to_it(config: Config) -> None:
    """Every stage, target and commit of a deployment of the last days, every change that it shipped or that waits."""
    recent = (
        "SELECT deployment_id FROM whole.deployments, recent.older_detail"
        " WHERE coalesce(finished_at, traffic_at, queued_at) >= recent.older_detail.until"
    )
    of_deployments = ("rollouts", "deployment_stages", "deployment_contents", "shipped_commits", "canary_metrics")
    conditions = dict.fromkeys(of_deployments, f"deployment_id IN ({recent})") | {
        "changes": f"shipped_by IS NULL OR shipped_by IN ({recent})",
        "serving_intervals": "until IS NULL",
    }
    with duckdb.connect() as con:
        for build, file in (("whole", "whole.duckdb"), ("recent", "dora.duckdb")):
            con.execute(f"ATTACH '{config.data / file}' AS {build} (READ_ONLY)")
        for table, condition in conditions.items():
            counts = [
                con.execute(f"SELECT count(*) FROM {build}.{table} WHERE {condition}").fetchall()[0][0]
                for build in ("whole", "recent")
            ]
            assert counts[0] == counts[1], table
            assert counts[0], table


def test_every_row_can_be_read(config: Config) -> None:
    """`dora rows` has those of the store among them, also in a window."""
    delivery, whole = dora.open(config.data / "dora.duckdb"), dora.open(config.data / "whole.duckdb")
    for table in DETAIL:
        if "application" in whole.table(table).types:
            rows = list(stream_table(delivery.connection(), table, Scope(), None))
            assert sorted(map(repr, rows)) == sorted(map(repr, whole.list_rows(table))), table
    (older,) = delivery.sql("SELECT until FROM older_detail")
    scope = Scope(until=f"{older['until']:%Y-%m-%d}")
    before = list(stream_table(delivery.connection(), "rollouts", scope, config.engine["store"]))
    assert before == list(whole.list_rows("rollouts", scope))
    assert len(before) > len(delivery.list_rows("rollouts", scope))
    with pytest.raises(UsageError, match="has no time"):
        stream_table(delivery.connection(), "lead_stages", scope, None)


def test_lists_say_where_older_detail_is(config: Config, tmp_path: Path) -> None:
    """Where the window reaches it, and only there."""
    delivery = dora.open(config.data / "dora.duckdb")
    (older,) = delivery.sql("SELECT until FROM older_detail")
    day = f"{older['until']:%Y-%m-%d}"
    expected = f"before {day} are in {config.engine['store']}: `dora rows TABLE --until {day}` reads them."
    assert delivery.older_detail().endswith(expected)
    assert delivery.older_detail(since=day) is None
    assert dora.open(config.data / "whole.duckdb").older_detail() is None
    settings = tmp_path / "dora.toml"
    settings.write_text(f'data = "{config.data}"\n[engine]\nstore = "{config.engine["store"]}"\n')
    for command in (["changes"], ["explain", "lead_time"], ["canaries"]):
        result = CliRunner().invoke(app, [*command, "--config", str(settings)])
        assert expected in result.stderr, command
        assert expected not in CliRunner().invoke(app, [*command, "--since", day, "--config", str(settings)]).stderr
    result = CliRunner().invoke(app, ["rows", "rollouts", "--until", day, "--csv", "--config", str(settings)])
    assert len(result.stdout.splitlines()) > 1
    assert result.exit_code == 0, result.output


def test_a_build_whose_store_is_not_set_keeps_all(config: Config) -> None:
    """The default store lies beside the build, so there is nothing to save."""
    engine = {"parts": 2, "detail_days": 1}
    build_in_parts(msgspec.structs.replace(config, engine=engine), run_tasks=build_in_this_process)
    assert differing_rows(config.data / "whole.duckdb", config.data / "dora.duckdb") == {}
