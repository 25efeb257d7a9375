"""The archive returns what was received; cut or damaged files are reported."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.payloads.archive import END_MARK, Archive, Cut, Damage, Document, read_archive, whole_size

ROOT = Path(__file__).resolve().parents[3]
LOAD = "20260301T101112000000-abcdef"
BATCHES = [[Document("k", b'{"batch":%d,"n":%d,"x":"%x"}' % (b, n, n**40)) for n in range(50)] for b in range(4)]
ALL = [document for batch in BATCHES for document in batch]


def write_archive(data: Path, batches: list[list[Document]] = BATCHES, load: str = LOAD) -> Path:
    archive = Archive(data, "s", load)
    for batch in batches:
        archive.append(batch)
        archive.sync()
    archive.end()
    archive.close()
    return archive.path


def read_all(data: Path) -> tuple[list[Document], list[Damage | Cut]]:
    items = list(read_archive(data, "s"))
    return [i for i in items if isinstance(i, Document)], [i for i in items if not isinstance(i, Document)]


def test_documents_are_read_back(tmp_path: Path) -> None:
    """Every document comes back in order, from a file under its source and day."""
    path = write_archive(tmp_path)
    assert path == tmp_path / "payloads" / "s" / "2026-03-01" / f"{LOAD}.ndjson.zst"
    assert read_all(tmp_path) == (ALL, [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.text(min_size=1), json_values), max_size=8), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_json_comes_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, object]], pretty: bool
) -> None:
    """Any kind and any JSON value survive, quotes, line breaks and lookalikes of our own format included."""
    data = tmp_path_factory.mktemp("archive")
    bodies = [msgspec.json.encode(value) for _, value in values]
    documents = [
        Document(kind, msgspec.json.format(body, indent=2) if pretty else body)
        for (kind, _), body in zip(values, bodies, strict=True)
    ]
    write_archive(data, [documents])
    documents_read, damage = read_all(data)
    assert not damage
    assert [(d.kind, msgspec.json.decode(d.body)) for d in documents_read] == [
        (k, msgspec.json.decode(b)) for (k, _), b in zip(values, bodies, strict=True)
    ]


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b'{"cut":', b'{"a":1},"body":{"b":2}}', b"\xff\xfe\x00"])
def test_an_invalid_body_is_read_back_unchanged(tmp_path: Path, body: bytes) -> None:
    """A payload that can not be parsed is kept for a better parser, and does not affect the others."""
    documents = [Document("a", b"1"), Document("bad", body), Document("b", b"2")]
    write_archive(tmp_path, [documents])
    assert read_all(tmp_path) == (documents, [])


def test_loads_are_read_oldest_first(tmp_path: Path) -> None:
    """The order of loads is that of their names, whatever the order of their files on disk."""
    days = ["20260302T000000000000-aaaaaa", "20251231T235959999999-ffffff", "20260302T000000000001-000000"]
    for number, load in enumerate(days):
        write_archive(tmp_path, [[Document("k", b"%d" % number)]], load)
    assert [document.body for document in read_all(tmp_path)[0]] == [b"1", b"0", b"2"]


def test_sources_have_their_own_archives(tmp_path: Path) -> None:
    """A source reads only its own payloads."""
    write_archive(tmp_path)
    assert list(read_archive(tmp_path, "other")) == []


def test_nothing_received_leaves_no_file(tmp_path: Path) -> None:
    """A load without a document leaves no empty file."""
    archive = Archive(tmp_path, "s", LOAD)
    archive.append([])
    archive.sync()
    archive.close()
    assert not (tmp_path / "payloads").exists()


def test_an_archive_is_never_overwritten(tmp_path: Path) -> None:
    """The same load can not write its file twice."""
    write_archive(tmp_path)
    with pytest.raises(FileExistsError):
        write_archive(tmp_path)
    assert read_all(tmp_path)[0] == ALL


def test_documents_are_there_before_the_file_ends(tmp_path: Path) -> None:
    """Synced documents can be read while the load still runs."""
    archive = Archive(tmp_path, "s", LOAD)
    archive.append(BATCHES[0])
    archive.sync()
    assert read_all(tmp_path) == (BATCHES[0], [])
    archive.close()
    assert read_all(tmp_path) == (BATCHES[0], [])


def test_a_cut_file_is_read_up_to_its_last_complete_batch(tmp_path: Path) -> None:
    """Complete batches are read wherever a crash cut the file; that it did is no damage."""
    path = write_archive(tmp_path)
    content = path.read_bytes()
    for size in range(0, len(content), 41):
        path.write_bytes(content[:size])
        documents_read, cuts = read_all(tmp_path)
        assert len(documents_read) % 50 == 0
        assert documents_read == ALL[: len(documents_read)]
        assert cuts in ([], [Cut(path, len(documents_read))])
        assert cuts or size == 0 or len(documents_read) > 0
        assert whole_size(path) <= size
        path.write_bytes(content[: whole_size(path)])
        assert read_all(tmp_path) == (documents_read, [])


def test_bytes_that_are_missing_within_a_file_are_damage(tmp_path: Path) -> None:
    """Only the last batch of a load that did not end may be incomplete."""
    path = write_archive(tmp_path)
    content = path.read_bytes()
    assert content.endswith(END_MARK)
    for start, reads in (
        (len(content) // 2, "before another batch"),
        (len(content) - 60, "before the end of the load"),
    ):
        path.write_bytes(content[:start] + content[start + 20 :])
        documents_read, damage = read_all(tmp_path)
        assert documents_read == ALL[: len(documents_read)], reads
        assert [type(each) for each in damage] == [Damage], reads


def test_a_flipped_bit_is_reported(tmp_path: Path) -> None:
    """Only documents with a correct checksum are read, and the damage is reported."""
    path = write_archive(tmp_path)
    content, draw = path.read_bytes(), random.Random(8)
    for _ in range(200):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        documents_read, damage = read_all(tmp_path)
        assert documents_read == ALL[: len(documents_read)]
        assert documents_read == ALL or [type(each) for each in damage] == [Damage]


def test_damage_of_one_load_does_not_affect_others(tmp_path: Path) -> None:
    """After a damaged file the next load is read."""
    first = write_archive(tmp_path)
    later = [Document("k", b"1")]
    write_archive(tmp_path, [later], "20260302T000000000000-aaaaaa")
    first.write_bytes(b"\x00" * 100)
    documents_read, damage = read_all(tmp_path)
    assert documents_read == later
    assert [d.path for d in damage] == [first]


CRASH = """
import os, sys
from pathlib import Path
from ingest.payloads.archive import Archive, Document
archive = Archive(Path(sys.argv[1]), "s", sys.argv[2])
for n in range(100):
    archive.append([Document("k", b"%d" % n)])
    if n % 30 == 29: archive.sync()
os._exit(9)
"""


def test_a_killed_load_keeps_what_it_made_durable(tmp_path: Path) -> None:
    """Documents that were synced before a crash are read; the others were never committed."""
    subprocess.run([sys.executable, "-c", CRASH, str(tmp_path), LOAD], check=False)
    documents_read, _ = read_all(tmp_path)
    assert [document.body for document in documents_read] == [b"%d" % n for n in range(90)]


WRITE = """
import sys
from pathlib import Path
from ingest.payloads.archive import Archive, Document
archive = Archive(Path(sys.argv[1]), "s", "20260301T101112000000-abcdef")
for _ in range(2):
    archive.append([Document("k", b"{}")])
    archive.sync()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_d12_a_new_payload_and_its_folders_are_on_disk_before_its_rows(tmp_path: Path) -> None:
    """The content, then the names of the file and of each new folder; once, because later batches make no names."""
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-e", "trace=fsync", "-o", str(trace), sys.executable, "-c", WRITE]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, str(tmp_path / "data")], env=environment, check=True, timeout=120)
    folders = [tmp_path / "data" / part for part in ("payloads/s/2026-03-01", "payloads/s", "payloads", "")]
    file = folders[0] / f"{LOAD}.ndjson.zst"
    assert re.findall(r"fsync\(\d+<(.*?)>\)", trace.read_text()) == [str(path) for path in (file, *folders, file)]
