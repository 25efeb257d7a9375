"""CODEOWNERS as GitHub and GitLab read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.git.codeowners import CodeOwners

# Pattern, paths it owns, paths that it does not.
PATTERNS = [
    ("*", ["a", "b/c.py"], []),
    ("*.py", ["a.py", "b/c.py"], ["a.pyc"]),
    ("/build/logs/", ["build/logs/x", "build/logs/x/y"], ["a/build/logs/x", "build/logs"]),
    ("docs/*", ["docs/a"], ["docs/a/b", "x/docs/a"]),
    ("apps/", ["apps/a", "x/apps/b/c"], ["apps", "myapps/a"]),
    ("/docs", ["docs", "docs/a"], ["x/docs"]),
    ("/scripts/**", ["scripts/a", "scripts/a/b"], ["scripts"]),
    ("**/logs", ["logs/a", "a/b/logs/c"], ["logs.txt"]),
    ("/a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["b/z", "a/bz"]),
    ("a?c", ["abc", "x/abc/d"], ["a/c", "abbc"]),
    ("with\\ space/", ["with space/a"], ["with/a"]),
    ("a.b", ["a.b"], ["axb"]),
]


@pytest.mark.parametrize(("pattern", "owned", "others"), PATTERNS)
def test_a_pattern_means_what_git_means(pattern: str, owned: list[str], others: list[str]) -> None:
    """Anchored where a slash is inside, all below a folder, one star within one name."""
    owners = CodeOwners(f"{pattern} @acme/team\n")
    assert [path for path in owned if owners.owners(path) != ["@acme/team"]] == []
    assert [path for path in others if owners.owners(path)] == []


def test_the_last_pattern_wins() -> None:
    """The last matching line decides, even if it has no owner."""
    owners = CodeOwners("* @all # all\n/a/ @one @two\n\n# no owner:\n/a/free\n")
    assert (owners.owners("x"), owners.owners("a/x"), owners.owners("a/free")) == (["@all"], ["@one", "@two"], [])


def test_a_section_gives_its_owners_to_lines_without() -> None:
    """GitLab's sections, also optional ones and those with a number of approvals."""
    owners = CodeOwners("[Docs] @writers\ndocs/\nREADME @ada\n^[Code][2] @coders\nsrc/\n")
    assert (owners.owners("docs/a"), owners.owners("README"), owners.owners("src/a")) == (
        ["@writers"],
        ["@ada"],
        ["@coders"],
    )


def test_applications_are_those_of_all_owners_of_all_paths() -> None:
    """A change to the paths of two teams belongs to the applications of both, each once."""
    owners = CodeOwners("/a @one\n/b @two\n/c @three\n")
    applications_of = {"@one": ("ledger", "cart"), "@two": ("ledger",)}
    assert owners.applications(["a", "b/x", "c"], applications_of) == ["cart", "ledger"]
    assert owners.applications(["c", "d"], applications_of) == []


@given(st.text(), st.text())
def test_any_text_is_a_codeowners_file(text: str, path: str) -> None:
    """A file of any content has owners or none."""
    CodeOwners(text).owners(path)


def test_a_pattern_of_many_stars_costs_no_more_time() -> None:
    """The time is proportional to the length of pattern and path."""
    hostile = CodeOwners(f"{'*a' * 60}*b @one\n{'**/x/' * 60}b @one")
    assert hostile.owners("a" * 300) == hostile.owners("x/" * 300) == []
