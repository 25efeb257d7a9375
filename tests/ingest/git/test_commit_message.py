"""Commit messages as GitHub, GitLab, Bitbucket, Azure DevOps and git write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.git import commit_message
from ingest.git.commit_message import RevertClaim

SHA = "a" * 40


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Merge pull request #12 from acme/topic\n\nTitle (#9)", "12"),
        ("feat: add a thing (#345)\n\nbody (#1)", "345"),
        ("feat: add a thing (!345)", "345"),
        ("Add a thing (pull request #8)", "8"),
        ("Merged PR 99: add a thing", "99"),
        ("Merged in feature/x (pull request #77)\n\nTitle", "77"),
        ("Merge pull request #5 in PRJ/repo from a to main", "5"),
        ("Merge branch 'topic' into 'main'\n\nTitle\n\nSee merge request group/sub/proj!42", "42"),
        ('Revert "fix (#3)"', None),
        ("see #12 (again)", None),
        ("See merge request in the wiki", None),
    ],
)
def test_the_number_of_the_request_is_read_of_every_host(text: str, number: str | None) -> None:
    """GitHub, GitLab, both Bitbuckets and Azure, merged or squashed; other numbers are ignored."""
    assert commit_message.parse_change_request(text.partition("\n")[0], text) == number


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ('Revert "x"\n\nThis reverts commit abc1234.', RevertClaim("commit", "abc1234")),
        ('Revert "x (#3)" (#7)\n\nReverts acme/shop#3', RevertClaim("request", "3")),
        ('Revert "x (#3)" (#7)\n\nReverts #3', RevertClaim("request", "3")),
        ('Revert "x"\n\nThis reverts merge request !42', RevertClaim("request", "42")),
        ('Revert "x (#3)" (#7)', RevertClaim("subject", "x (#3)")),
        ('Revert "Revert "x""', RevertClaim("subject", 'Revert "x"')),
        ('Reapply "x"', RevertClaim("subject", 'Revert "x"')),
        ("revert: feat: x", RevertClaim("subject", "feat: x")),
        ("revert(api): feat: x (#9)", RevertClaim("subject", "feat: x")),
        ("Never revert again", None),
        ("x\n\nThis reverts nothing", None),
    ],
)
def test_the_most_reliable_reference_of_a_revert_wins(text: str, claim: RevertClaim | None) -> None:
    """A short id wins over a number, a number over a subject; a reapply names the subject of the revert."""
    assert commit_message.parse_revert_claim(text.partition("\n")[0], text) == claim


def test_the_last_trailer_names_the_original() -> None:
    """A cherry-pick of a cherry-pick has two trailers; only full lines with full ids count."""
    line = "(cherry picked from commit %s)"
    assert commit_message.parse_cherry_picked_sha(f"x\n\n{line % SHA}\n{line % ('b' * 40)}\n") == "b" * 40
    assert commit_message.parse_cherry_picked_sha(f"x\n\nit was {line % SHA}") is None
    assert commit_message.parse_cherry_picked_sha(f"x\n\n{line % 'abc1234'}") is None


@pytest.mark.parametrize(
    ("author", "subject", "expected"),
    [
        ("dependabot[bot]", "Bump lodash from 4.17.20 to 4.17.21 (#4)", ["bot", "dependencies"]),
        ("renovate-bot", "Update dependency pytest to v9", ["bot", "dependencies"]),
        ("Renovate Bot", "chore(deps): update all", ["bot", "dependencies"]),
        ("ada", "build(deps-dev): bump ruff", ["dependencies"]),
        ("ada", "Bump the python group with 3 updates", ["dependencies"]),
        ("ada", "[Backport release/1] fix", ["backport"]),
        ("ada", "Bumpy rides", []),
        ("Abbott", "fix: bump the limit", []),
    ],
)
def test_bots_and_bumps_and_backports_are_labelled(author: str, subject: str, expected: list[str]) -> None:
    """By the author's name, and by the subjects that bots and people write; similar words do not count."""
    assert commit_message.label_change(author, subject, is_revert=False, is_cherry_pick=False) == tuple(expected)


def test_reverts_and_cherry_picks_are_labelled() -> None:
    """By what was resolved, not by the words of the subject."""
    assert commit_message.label_change("ada", "x", is_revert=True, is_cherry_pick=True) == ("revert", "backport")


@given(st.text(), st.text())
def test_no_message_makes_it_raise(author: str, text: str) -> None:
    """Any text parses to a value or to null."""
    subject = text.partition("\n")[0]
    commit_message.parse_change_request(subject, text)
    commit_message.parse_reverted_sha(text)
    commit_message.parse_revert_claim(subject, text)
    commit_message.parse_cherry_picked_sha(text)
    commit_message.label_change(author, subject, is_revert=False, is_cherry_pick=False)
