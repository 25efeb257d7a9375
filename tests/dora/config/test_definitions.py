"""Definitions: defaults ← organisation ← application, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.config import teams
from dora.config.definitions import Definitions, resolve, shipped, validate
from dora.config.patterns import as_like, as_regex, matches
from dora.config.settings import Config
from dora.errors import UsageError
from tests.conftest import engine


def test_every_key_has_a_field_a_default_and_a_sentence() -> None:
    """The shipped file and the dataclass name the same keys, and each says what it means."""
    assert [entry.name for entry in fields(Definitions)] == list(shipped())
    for key, entry in shipped().items():
        assert entry["says"].endswith("."), key
        assert set(entry) <= {"default", "says", "choices", "pattern"}


def test_every_key_is_read_by_a_model() -> None:
    """A definition that no model joins would change nothing."""
    from dora.sql.catalog import queries

    sql = "\n".join((queries("intermediate") | queries("models") | queries("metrics")).values())
    unread = [key for key in shipped() if f"d.{key}" not in sql and f"g.key = '{key}'" not in sql]
    assert unread == []


def test_the_last_override_wins() -> None:
    """An application takes the organisation's value unless a later override matches it."""
    config = Config(
        definitions={"failure_window_hours": 12},
        applications=[
            {"match": ["pay-*"], "failure_window_hours": 48},
            {"match": ["pay-card"], "failure_window_hours": 72.0, "paths": ["card/**"]},
        ],
    )
    windows = {name: resolve(config, name).failure_window_hours for name in ("shop", "pay-bank", "pay-card")}
    assert windows == {"shop": 12, "pay-bank": 48, "pay-card": 72}
    assert resolve(config, "pay-card").paths == ["card/**"]
    assert resolve(config, "shop").rollback_blames == "first"


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (Config(definitions={"failure_windw": 1}), "failure_windw"),
        (Config(definitions={"failure_window_hours": -1}), "failure_window_hours"),
        (Config(definitions={"failure_window_hours": True}), "failure_window_hours"),
        (Config(definitions={"production_accounts": "prod"}), "production_accounts"),
        (Config(definitions={"rollback_blames": "nobody"}), "rollback_blames"),
        (Config(definitions={"working_hours": "9 to 5"}), "working_hours"),
        (Config(definitions={"working_hours": 9}), "working_hours"),
        (Config(applications=[{"failure_window_hours": 1}]), "match"),
        (Config(teams={"pay": "pay-*"}), "pay"),  # type: ignore[dict-item]
    ],
)
def test_what_means_nothing_is_refused_by_name(config: Config, names: str) -> None:
    """A misspelt key or a value of the wrong kind stops the build with a sentence that names it."""
    with pytest.raises(UsageError, match=names):
        validate(config)


@given(
    st.lists(st.text(st.sampled_from("ab*?.-/("), max_size=8), min_size=1, max_size=3), st.text("ab.-/(", max_size=8)
)
def test_globs_match_as_in_a_shell(globs: list[str], name: str) -> None:
    """A glob's pattern matches what the standard library's fnmatch matches (no ``[…]`` sets in ours)."""
    assert matches(name, globs) == any(fnmatchcase(name, glob) for glob in globs)


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("services/pay/**", "services/pay/api/main.py", True),
        ("services/pay/**", "services/payroll/main.py", False),
        ("services/*/main.py", "services/pay/main.py", True),
        ("services/*/main.py", "services/pay/api/main.py", False),
        ("**/Dockerfile", "Dockerfile", True),
        ("**/Dockerfile", "a/b/Dockerfile", True),
        ("libs/?.py", "libs/a.py", True),
        ("a+b/**", "a+b/c", True),
    ],
)
def test_path_globs_keep_to_folders(glob: str, path: str, expected: bool) -> None:
    """``*`` stays within a folder, ``**`` does not; the engine reads the pattern as Python does."""
    pattern = as_regex([glob], of_paths=True)
    found = engine().execute("SELECT regexp_full_match(?, ?)", [path, pattern]).fetchall()[0][0]
    assert found is expected


@pytest.mark.parametrize("name", ["prod-eu", "PROD-EU", "Prod-Eu"])
def test_names_match_in_any_case_where_models_ask_for_it(name: str) -> None:
    """The pattern that the models join ignores case in the engine; without the wish, and in paths, case counts."""

    def found(**wish: bool) -> bool:
        pattern = as_regex(["prod-*"], **wish)
        return bool(engine().execute("SELECT regexp_full_match(?, ?)", [name, pattern]).fetchall()[0][0])

    assert found(any_case=True)
    assert found() == found(of_paths=True) == (name == "prod-eu")


def test_nothing_is_production_until_somebody_says_so(facts: Callable[..., dora.Delivery]) -> None:
    """Without a definition a rollout to an account counts nowhere, and a finding names the account."""
    rows = {
        "execution": [{"id": "e1", "application": "shop", "root_id": "e1", "status": "succeeded"}],
        "rollout": [
            {"id": "r1", "execution_id": "e1", "application": "shop", "action": "deploy", "account": "prod-eu",
             "status": "succeeded", "full_traffic_at": "2026-03-02T08:00:00Z"}
        ],
    }  # fmt: skip
    delivery = facts(rows=rows)
    assert delivery.sql("SELECT count(*) AS n FROM deployments") == [{"n": 0}]
    (finding,) = delivery.sql("SELECT examples FROM check_results WHERE name = 'no_production'")
    assert "prod-eu" in finding["examples"]


def test_team_is_the_last_match() -> None:
    """Settings name teams by globs of applications; the last team that matches has it."""
    named = teams.rules(Config(teams={"shop": ["*"], "payments": ["pay-*"]}))
    assert [teams.stretches(named, name, None)[-1][0] for name in ("web", "pay-card")] == ["shop", "payments"]
    assert [team for team, *_ in teams.stretches([], "web", "told")] == ["told"]


@given(
    st.lists(st.sampled_from(["a", "B", "*", "?", "%", "_", "\\", "/"]), max_size=6).map("".join),
    st.text("aB%_\\/", max_size=6),
)
def test_like_matches_what_the_glob_matches(glob: str, name: str) -> None:
    """The two ways in which SQL matches globs of names agree, whatever stands in glob and name."""
    (found,) = engine().execute("SELECT ? ILIKE ? ESCAPE '\\'", [name, as_like(glob)]).fetchall()
    assert found == (re.fullmatch(as_regex([glob], any_case=True) or "", name) is not None,)
