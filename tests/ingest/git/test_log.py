"""The output of ``git log``, whatever the commits contain."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.errors import DoraError
from ingest.git.log import Commits, Log, parse_commits, parse_paths

SHA = "a" * 40

PLAIN = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PATHS = st.lists(PLAIN.filter(bool).filter(lambda path: not path.startswith("\n")), max_size=3)


def parse_message(message: str) -> Commits:
    (batch,) = parse_commits([["", SHA, "", "1", "2", "ada", message]])
    return batch


def split_blocks(fields: list[str], places: list[int]) -> list[list[str]]:
    """The same fields in blocks that end at some of them."""
    bounds = [0, *sorted(place % (len(fields) + 1) for place in places), len(fields)]
    return [fields[start:end] for start, end in pairwise(bounds)]


@given(st.lists(st.tuples(PLAIN, PLAIN), max_size=5), st.lists(st.integers(0, 40), max_size=4))
def test_every_record_is_parsed(records: list[tuple[str, str]], places: list[int]) -> None:
    """A message of any content changes no other record, wherever a block of output ends."""
    fields: list[str] = []
    for number, (author, message) in enumerate(records):
        fields += ["", f"{number}", f"{SHA} {SHA}", f"{number}", "2", author, message]
    log = Log(*parse_commits(split_blocks(fields, places)))
    expected = [(author, message.lstrip("\n").partition("\n")[0].rstrip()) for author, message in records]
    shas = [f"{number}" for number in range(len(records))]
    assert list(zip(log.commits.author, log.commits.subject, strict=True)) == expected
    assert (log.commits.sha, log.commits.authored_at) == (shas, [*range(len(records))])
    selected = log.select(reversed(shas))
    assert (selected.sha, selected.author) == (shas[::-1], [author for author, _ in reversed(expected)])


@given(st.lists(st.lists(st.text())))
def test_any_output_is_commits_or_a_dora_error(blocks: list[list[str]]) -> None:
    """Other output never raises another exception."""
    with suppress(DoraError):
        for batch in parse_commits(blocks):
            assert all(subject == subject.strip("\n") for subject in batch.subject)


def test_a_field_too_many_is_an_error() -> None:
    """A record with a field too many is never read as another commit."""
    with pytest.raises(DoraError, match="is not a list of commits"):
        list(parse_commits([["", SHA, "", "1", "2", "ada", "m", "more", SHA, "", "1", "2", "ada", "m"]]))


@given(st.lists(PATHS, max_size=5))
def test_paths_of_any_name_stay_with_their_commit(touched: list[list[str]]) -> None:
    """Git prints a line break before the first path, and an empty field before each commit."""
    fields: list[str] = []
    for number, names in enumerate(touched):
        fields += ["", f"{number}", *([f"\n{names[0]}", *names[1:]] if names else [])]
    assert list(parse_paths(fields)) == [(f"{number}", names) for number, names in enumerate(touched)]


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
    """GitHub, Bitbucket and GitLab each write the number in another place."""
    assert parse_message(message).request == [number]


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
    (batch,) = parse_commits([["", SHA, "", "7", raw, "ada", "m", "", SHA, "", raw, "7", "ada", "m"]])
    assert (batch.authored_at, batch.committed_at) == ([7, seconds], [seconds, 7])
    assert seconds is None or datetime.fromtimestamp(seconds).year < 10000


def test_the_subject_is_the_first_line_that_is_not_empty() -> None:
    """Leading empty lines and trailing blanks are not part of it."""
    assert parse_message("\n\n title  \n\nbody").subject == [" title"]
