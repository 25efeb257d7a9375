"""Definitions: defaults ← organisation ← application, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.config import teams
from dora.config.definitions import definition_keys, resolve, to_markdown, validate
from dora.config.patterns import as_like, as_regex, matches
from dora.config.settings import Config
from dora.errors import UsageError
from tests.conftest import engine

ROOT = Path(__file__).resolve().parents[3]


def test_every_key_has_a_sentence() -> None:
    """Each key says what it means, in a sentence."""
    assert [name for name, key in definition_keys().items() if not key.description.endswith(".")] == []


def test_the_documentation_is_current() -> None:
    """docs/definitions.md is what ``python -m dora.config.definitions`` prints."""
    assert (ROOT / "docs/definitions.md").read_text() == to_markdown()


def test_every_key_is_read_by_a_model() -> None:
    """A definition that no model joins, and no query reads, would change nothing."""
    from dora.sql.catalog import queries

    texts = (queries("intermediate") | queries("models") | queries("metrics") | queries("query")).values()
    words = set(re.findall(r"\w+", re.sub(r"--[^\n]*", "", "\n".join(texts))))
    unread = [key for key in definition_keys() if key not in words]
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
    assert resolve(config, "pay-card").paths == ("card/**",)
    assert resolve(config, "shop").rollback_blames == "first"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (Config(definitions={"failure_windw": 1}), r"no key failure_windw.* did you mean .*failure_window_hours"),
        (
            Config(definitions={"failure_window_hours": -1}),
            r"\[definitions\] failure_window_hours: .*> 0.* 24.0",
        ),
        (Config(definitions={"failure_window_hours": True}), r"failure_window_hours: .*got `bool`"),
        (Config(definitions={"production_accounts": "prod"}), r"production_accounts: .*array"),
        (Config(definitions={"rollback_blames": "nobody"}), r"rollback_blames: .*'nobody'.* use one of first, last"),
        (Config(definitions={"frequency_kinds": ["release", "fix"]}), r"frequency_kinds\[1\]: .*'fix'.* use one of"),
        (Config(definitions={"working_hours": "9 to 5"}), r"working_hours: .*such as \"Mon-Fri 09:00-18:00\""),
        (Config(definitions={"working_hours": 9}), "working_hours"),
        (Config(applications=[{"failure_window_hours": 1}]), "match"),
        (Config(applications=[{"match": ["web"], "failure_window_hours": "1"}]), r"applications\]\] failure_window"),
        (Config(teams={"pay": "pay-*"}), "pay"),  # type: ignore[dict-item]
    ],
)
def test_an_invalid_value_is_refused(config: Config, message: str) -> None:
    """A misspelt key or a value of the wrong type stops the build with the path of the key and what to write."""
    with pytest.raises(UsageError, match=message):
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
    matched = engine().execute("SELECT regexp_full_match(?, ?)", [path, pattern]).fetchall()[0][0]
    assert matched is expected


@pytest.mark.parametrize("name", ["prod-eu", "PROD-EU", "Prod-Eu"])
def test_names_match_in_any_case_on_request(name: str) -> None:
    """The pattern that the models join ignores case in the engine; without the wish, and in paths, case counts."""

    def matched(**options: bool) -> bool:
        pattern = as_regex(["prod-*"], **options)
        return bool(engine().execute("SELECT regexp_full_match(?, ?)", [name, pattern]).fetchall()[0][0])

    assert matched(any_case=True)
    assert matched() == matched(of_paths=True) == (name == "prod-eu")


def test_nothing_is_production_by_default(facts: Callable[..., dora.Delivery]) -> None:
    """Without a definition a rollout to an account is not counted, and a check names the account."""
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
    rules = teams.read_rules(Config(teams={"shop": ["*"], "payments": ["pay-*"]}))
    current = [teams.list_memberships(rules, name, None)[-1].team for name in ("web", "pay-card")]
    assert current == ["shop", "payments"]
    assert [membership.team for membership in teams.list_memberships([], "web", "of source")] == ["of source"]


@given(
    st.lists(st.sampled_from(["a", "B", "*", "?", "%", "_", "\\", "/"]), max_size=6).map("".join),
    st.text("aB%_\\/", max_size=6),
)
def test_like_matches_what_the_glob_matches(glob: str, name: str) -> None:
    """The two ways in which SQL matches globs of names agree, whatever stands in glob and name."""
    (row,) = engine().execute("SELECT ? ILIKE ? ESCAPE '\\'", [name, as_like(glob)]).fetchall()
    assert row == (re.fullmatch(as_regex([glob], any_case=True) or "", name) is not None,)
