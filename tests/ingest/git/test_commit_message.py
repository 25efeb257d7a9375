"""What a message says, in the words of each host and of git itself."""

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
def test_each_host_leaves_its_number_in_its_own_place(text: str, number: str | None) -> None:
    """GitHub, GitLab, Bitbucket in two kinds and Azure are read, merged or squashed; other numbers are none."""
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
def test_a_revert_says_what_it_undoes_in_many_ways(text: str, claim: RevertClaim | None) -> None:
    """The start of an id before a number, and a number before a subject; a subject of a re-revert is the revert's."""
    assert commit_message.parse_revert_claim(text.partition("\n")[0], text) == claim


def test_the_last_trailer_is_the_nearest_origin() -> None:
    """A pick of a pick carries two trailers, and only whole lines with whole ids count."""
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
    """Names of bots and the subjects that they and people write for dependencies; no more than that."""
    assert commit_message.label_change(author, subject, is_revert=False, is_cherry_pick=False) == tuple(expected)


def test_what_it_undoes_or_repeats_is_a_label() -> None:
    """A revert and a pick are known by what was found out of them, not by their words."""
    assert commit_message.label_change("ada", "x", is_revert=True, is_cherry_pick=True) == ("revert", "backport")


@given(st.text(), st.text())
def test_no_message_makes_it_raise(author: str, text: str) -> None:
    """Whatever people write, it is read as something or nothing."""
    subject = text.partition("\n")[0]
    commit_message.parse_change_request(subject, text)
    commit_message.parse_reverted_sha(text)
    commit_message.parse_revert_claim(subject, text)
    commit_message.parse_cherry_picked_sha(text)
    commit_message.label_change(author, subject, is_revert=False, is_cherry_pick=False)
