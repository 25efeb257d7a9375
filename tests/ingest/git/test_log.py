"""What is read out of ``git log``, whatever somebody wrote into it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.git.log import Entry, entries

SHA = "a" * 40

PLAIN = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PATHS = st.lists(PLAIN.filter(bool).filter(lambda path: not path.startswith("\n")), max_size=3)


def one(message: str) -> Entry:
    (entry,) = entries(["", SHA, "", "1", "2", "ada", message])
    return entry


@given(st.lists(st.tuples(PLAIN, PLAIN, PATHS), max_size=5))
def test_every_record_is_found_again(records: list[tuple[str, str, list[str]]]) -> None:
    """Messages and paths of any content never run into their neighbours."""
    fields: list[str] = []
    for author, message, paths in records:
        named = [f"\n{paths[0]}", *paths[1:]] if paths else []
        fields += ["", SHA, f"{SHA} {SHA}", "1", "2", author, message, *named]
    found = list(entries(fields))
    told = [(author, message.lstrip("\n").partition("\n")[0].rstrip(), paths) for author, message, paths in records]
    assert [(e.author, e.subject, e.paths) for e in found] == told
    assert all(e.sha == SHA and e.parents == [SHA, SHA] for e in found)


@given(st.lists(st.text()))
def test_no_output_makes_it_raise(fields: list[str]) -> None:
    """Output that makes no sense gives entries that make no sense, or none; it never raises."""
    for entry in entries(fields):
        assert entry.subject == entry.subject.strip("\n")


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merge pull request #12 from acme/topic\n\nTitle (#9)", "12"),
        ("feat: add a thing (#345)", "345"),
        ("feat: add a thing (#345)\n\nbody (#1)", "345"),
        ('Revert "fix (#3)" (#7)', "7"),
        ('Revert "fix (#3)"', None),
        ("Merge branch 'topic' into 'main'\n\nTitle\n\nSee merge request group/sub/proj!42", "42"),
        ("Title\n\nSee merge request !8\n", "8"),
        ("Merged in feature/x (pull request #77)\n\nTitle", "77"),
        ("Merge pull request #5 in PRJ/repo from a to main", "5"),
        ("(#12) first", None),
        ("see #12", None),
        ("", None),
    ],
)
def test_the_change_request_is_the_number_its_host_wrote(message: str, number: str | None) -> None:
    """GitHub, Bitbucket and GitLab each leave the number in their own place."""
    assert one(message).request == number


@pytest.mark.parametrize(
    ("message", "sha"),
    [
        (f'Revert "x"\n\nThis reverts commit {SHA}.', SHA),
        (f'Revert "x"\n\nThis reverts commit {SHA}, reversing\nchanges made to {"b" * 40}.', SHA),
        ('Revert "x"\n\nThis reverts commit abc1234.', None),
        (f"This reverts commit {SHA}a.", None),
        ("nothing", None),
    ],
)
def test_a_revert_names_the_whole_commit(message: str, sha: str | None) -> None:
    """Only a full id says what was reverted."""
    assert one(message).reverts == sha


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("0", 0),
        ("4102444799", 4102444799),
        ("", None),
        ("-5", None),
        ("253402300799", 253402300799),
        ("253402300800", None),
        ("18446744073709551615", None),
        ("9" * 5000, None),
        ("²", None),
    ],
)
def test_a_time_is_read_or_is_null(raw: str, seconds: int | None) -> None:
    """A time beyond the year 9999, before 1970 or without digits is null."""
    (entry,) = entries(["", SHA, "", raw, raw, "ada", "m"])
    assert entry.authored == entry.committed == seconds
    assert seconds is None or datetime.fromtimestamp(seconds).year < 10000


def test_the_subject_is_the_first_line_that_is_not_empty() -> None:
    """Leading empty lines and trailing blanks are no part of it."""
    assert one("\n\n title  \n\nbody").subject == " title"
