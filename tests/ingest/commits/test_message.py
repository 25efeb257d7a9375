"""Commit messages as the hosts of requests, their merge bots and git write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.commits import message as commit_message

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
        ("Merge pull request 'Title' (#63) from topic into main", "63"),
        ("Pull request #63: Title\n\nMerge in PRJ/repo from a to main", "63"),
        ("Merge #63\n\n63: Title r=bo a=ada", "63"),
        ("Merge #63 #65\n\n63: Title r=bo a=ada\n\n65: Other r=bo", "63 65"),
        ("Auto merge of #63 - ada:topic, r=bo\n\nTitle", "63"),
        ("Rollup merge of #63 - ada:topic, r=bo\n\nTitle", "63"),
        ('Merge "Title" into main\n\nReviewed-on: https://gerrit.example.com/c/acme/app/+/63', "63"),
        ("Title\n\nReviewed-on: https://git.example.com/acme/app/pulls/63", "63"),
        ('Revert "fix (#3)"', None),
        ("see #12 (again)", None),
        ("See merge request in the wiki", None),
    ],
)
def test_the_number_of_the_request_is_read_of_every_host(text: str, number: str | None) -> None:
    """GitHub, GitLab, Bitbucket, Azure, Gitea, Gerrit, bors and homu, merged or squashed; other numbers are ignored."""
    assert commit_message.parse(text).requests == number


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Merge pull request #12 from acme/topic\n\nNew prices\n\nBody", "New prices"),
        ("Merge pull request 'New prices' (#12) from topic into main\n\nBody", "New prices"),
        ("Merged PR 99: New prices", "New prices"),
        ("Pull request #63: New prices\n\nMerge in PRJ/repo from a to main", "New prices"),
        ("Merge #63 #64\n\n63: New prices r=bo a=ada\n\n64: Other", "New prices\nOther"),
        ("Auto merge of #63 - ada:topic, r=bo\n\nNew prices\n", "New prices"),
        ('Merge "New prices" into main', "New prices"),
        ("Merge branch 'topic' into 'main'\n\nNew prices\n\nSee merge request a/b!42", "New prices"),
        ("New prices (#63)\n\nBody", None),
    ],
)
def test_the_title_of_a_merged_request_is_read(text: str, title: str | None) -> None:
    """A later revert names the title, not the subject of the merge; a squash has it as its subject."""
    assert commit_message.parse(text).title == title


@pytest.mark.parametrize(
    ("text", "reverts"),
    [
        (f'Revert "x"\n\nThis reverts commit {SHA}.', [f"commit {SHA}", "subject x"]),
        (f"x\n\nThis reverts commit {SHA}, reversing\nchanges made to {'b' * 40}.", [f"commit {SHA}"]),
        (f"x\n\nThis reverts commits abc1234 and {SHA}.", ["commit abc1234", f"commit {SHA}"]),
        (f"revert {SHA}\n\nrevert New prices", [f"commit {SHA}"]),
        ('Revert "x"\n\nThis reverts commit abc1234.', ["commit abc1234", "subject x"]),
        (
            'Revert "x (#3)" (#7)\n\nReverts acme/shop#3',
            ["request acme/shop#3", "request 3", "subject x (#3)", "number 7"],
        ),
        ("Take x back\n\nReverts #3", ["request 3"]),
        ("Take x back\n\nReverts https://git.example.com/acme/shop/pull/3", ["request acme/shop#3"]),
        ("Take x back\n\nThis reverts merge request group/shop!42", ["request group/shop#42"]),
        ("Merged PR 64: Revert 'x'\n\nReverts !63", ["request 63", "subject x", "number 64"]),
        (
            'Merge pull request #64 from acme/revert-63-x\n\nRevert "Merge pull request #63 from acme/x"',
            ["request 63", "subject Merge pull request #63 from acme/x", "number 64"],
        ),
        ('Merge #64\n\n64: Revert "x" r=bo a=ada', ["subject x", "number 64"]),
        ('Revert "Revert "x""', ['subject Revert "x"']),
        ('Reapply "x"', ['subject Revert "x"']),
        ('Revert^2 "x"', ['subject Revert "x"']),
        ('Revert^3 "x"', ['subject Revert^2 "x"']),
        ('Merge #64 #65\n\n64: y r=bo\n\n65: Revert "x" r=bo', ["subject x", "number 64", "number 65"]),
        ("revert: feat: x", ["subject feat: x"]),
        ("revert(api)!: feat: x (#9)", ["subject feat: x", "number 9"]),
        (f'Try x (#70)\n\n* Revert "x"\n\nThis reverts commit {SHA}.\n\n* Reapply "x"', None),
        (f'Try x (#70)\n\n* Revert "x"\n\nThis reverts commit {SHA}.\n\n* Reapply "y"', [f"commit {SHA}"]),
        (f"This reverts commit {SHA}a.", None),
        ("Never revert again", None),
        ("x\n\nThis reverts nothing", None),
    ],
)
def test_a_message_says_what_it_reverts(text: str, reverts: list[str] | None) -> None:
    """By id, number or subject in this order; what a squash reverts and applies again it does not revert."""
    assert commit_message.parse(text).reverts == reverts


@pytest.mark.parametrize(
    ("text", "is_revert"),
    [
        ('Revert "x" (#4)', True),
        ("Take x back\n\nReverts acme/shop#3", True),
        ('Merge #64 #65\n\n64: y r=bo\n\n65: Revert "x" r=bo', False),
        (f"New engine (#70)\n\n* Add it\n\n* Undo x\n\nThis reverts commit {SHA}.", False),
        ("New engine", None),
    ],
)
def test_a_squash_that_reverts_among_others_is_no_revert(text: str, is_revert: bool | None) -> None:
    """The subject or the line below it says that a commit does nothing but revert."""
    assert commit_message.parse(text).is_revert == is_revert


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
    assert commit_message.label_change(author, subject, is_cherry_pick=False) == tuple(expected)


def test_cherry_picks_are_labelled() -> None:
    """By what was resolved, not by the words of the subject."""
    assert commit_message.label_change("ada", "x", is_cherry_pick=True) == ("backport",)


@given(st.text(), st.text())
def test_no_message_makes_it_raise(author: str, text: str) -> None:
    """Any text parses to a value or to null."""
    commit_message.parse(text)
    commit_message.label_change(author, commit_message.read_subject(text), is_cherry_pick=False)
