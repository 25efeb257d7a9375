"""Hostile servers and commits: no hang, no leaked credential, no other commit lost."""

from __future__ import annotations

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dora.errors import DoraError
from ingest.git import command
from ingest.git.command import BareRepository
from ingest.git.mirror import Mirror, Tips
from ingest.git.settings import Repository

DATES = [b"0 +0000", b"4102444800 +0000", b"-1 +0000", b"-99999999999 +0000", b"99999999999999999999 +0000",
         b"3000000000000 +0000", b"1700000000 +9999", b"1700000000 -0000", b"nonsense", b""]  # fmt: skip


def test_v6_a_hostile_date_spoils_only_itself(upstream: Any, git_landing: Any) -> None:
    """1970, 2099, negative, overflowing and missing dates: every commit lands, and a time is right or null."""
    shas = [upstream.commit("first")]
    tree = upstream.git("rev-parse", "HEAD^{tree}").encode()
    for date in DATES:
        people = b"author ada <a> " + date + b"\ncommitter ada <a> " + date
        text = b"tree " + tree + b"\nparent " + shas[-1].encode() + b"\n" + people + b"\n\nm\n"
        shas.append(upstream.raw(text))
    summary = git_landing.run({"url": str(upstream.path)}, timeout_seconds=60)
    assert (summary.partial_failures, summary.quarantined) == ([], 0)
    seconds = dict(git_landing.sql("SELECT sha, epoch(committed_at)::BIGINT FROM commit"))
    expected = [0, 4102444800, None, None, None, None, 1700000000, 1700000000, None, None]
    assert [seconds[sha] for sha in shas[1:]] == expected
    assert git_landing.changes() == set(shas)
    upstream.git("update-ref", "refs/heads/main", shas[0])
    assert git_landing.run({"url": str(upstream.path)}).partial_failures == []
    assert git_landing.changes() == {shas[0]}


def test_v7_invalid_utf8_is_replaced(upstream: Any, git_landing: Any) -> None:
    """A Latin-1 author is correct if the commit names its encoding, readable if not; other commits are unchanged."""
    tree = upstream.git("rev-parse", f"{upstream.commit('first')}^{{tree}}").encode()

    def people(name: bytes) -> bytes:
        return b"author %s <a> 1 +0000\ncommitter %s <a> 1 +0000\n" % (name, name)

    with_encoding = b"tree " + tree + b"\n" + people(b"Ren\xe9") + b"encoding ISO-8859-1\n\nd\xe9j\xe0\n"
    without_encoding = b"tree " + tree + b"\n" + people(b"Ren\xe9") + b"\nbad \xff \x1b[31m\n\nbody\n"
    upstream.raw(with_encoding, "refs/heads/named")
    upstream.raw(without_encoding, "refs/heads/bare")
    git_landing.run({"url": str(upstream.path)})
    landed = set(git_landing.sql("SELECT author, subject FROM commit"))
    assert landed == {("ada", "first"), ("René", "déjà"), ("Ren\ufffd", "bad \ufffd \x1b[31m")}


def test_v7_a_message_can_not_look_like_another_commit(upstream: Any, git_landing: Any) -> None:
    """NUL bytes and field-like text inside a message stay inside it."""
    first = upstream.commit("first")
    tree = upstream.git("rev-parse", "HEAD^{tree}").encode()
    people = b"author ada <a> 1 +0000\ncommitter ada <a> 1 +0000\n\n"
    upstream.raw(b"tree " + tree + b"\n" + people + b"x\0\0" + b"f" * 40 + b"\0\0001\0001\0eve\0fake\n", "refs/heads/x")
    upstream.raw(b"tree " + tree + b"\n" + people + b"%x00%H\n\n" + b"f" * 40, "refs/heads/y")
    git_landing.run({"url": str(upstream.path)})
    landed = dict(git_landing.sql("SELECT sha, subject FROM commit"))
    assert len(landed) == 3
    assert "f" * 40 not in landed
    assert landed[first] == "first"


def test_a_server_that_never_answers_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the timeout git and its children are killed, and the message names the setting to raise."""
    (tmp_path / "ssh").write_text("#!/bin/sh\nsleep 60 & echo $! > $0.pid; wait\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(tmp_path / "ssh"))
    repository = Repository(url="ssh://git@example.invalid/a/b", name="a/b", protocol="ssh")
    start = time.monotonic()
    with pytest.raises(DoraError, match="timeout_seconds"):
        Mirror(repository, tmp_path / "data", 0.5).fetch(Tips({}, []))
    assert time.monotonic() - start < 10
    child = int((tmp_path / "ssh.pid").read_text())
    time.sleep(0.1)
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or status.read_text().split(")")[1].split()[0] == "Z"


class Locked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_v14_git_prompts_for_no_password_and_no_error_repeats_it(tmp_path: Path) -> None:
    """A server that refuses the credentials is an error at once, without the configured ones."""
    server = HTTPServer(("127.0.0.1", 0), Locked)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://bot:s3cret@127.0.0.1:{server.server_port}/a/b"
    try:
        with pytest.raises(DoraError) as caught:
            Mirror(Repository(url=url, name="a/b", protocol="http"), tmp_path / "data", 20).fetch(Tips({}, []))
    finally:
        server.shutdown()
    assert "s3cret" not in str(caught.value)
    assert "Authentication failed" in str(caught.value)
    for file in (tmp_path / "data").rglob("*"):
        assert file.is_dir() or b"s3cret" not in file.read_bytes()


def test_credentials_are_not_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ps`` does not show the address."""
    spy = tmp_path / "git"
    spy.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nexit 1\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    repository = Repository(url="https://bot:s3cret@127.0.0.1:1/a", name="a/b", protocol="https")
    with pytest.raises(DoraError):
        Mirror(repository, tmp_path / "data", 5).fetch(Tips({}, []))
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.startswith("init")
    assert "s3cret" not in arguments


def test_output_without_end_is_cut(upstream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More output than the limit, in total or in one record, is an error."""
    upstream.commit("x" * 5000)
    repo = BareRepository(upstream.path / ".git", "file", 10)
    monkeypatch.setattr(command, "MAX_OUTPUT", 1000)
    monkeypatch.setattr(command, "MAX_RECORD", 1000)
    monkeypatch.setattr(command, "CHUNK", 512)
    with pytest.raises(DoraError, match="printed more"):
        repo.run("log", "--format=%B")
    with pytest.raises(DoraError, match="record"):
        list(repo.stream_records("log", "--format=%B", "-z"))


def test_a_caller_may_stop_reading(upstream: Any) -> None:
    """The command ends without an error, and its timer too."""
    for number in range(5):
        upstream.commit(f"{number}")
    repo = BareRepository(upstream.path / ".git", "file", 10)
    pieces = repo.stream_records("rev-list", "--all", end="\n")
    assert next(pieces) == upstream.head()
    pieces.close()
    assert [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)] == []
