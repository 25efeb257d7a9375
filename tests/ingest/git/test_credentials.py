"""User and password of an address reach the server that the address names, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dora.errors import DoraError
from ingest.git.credentials import HELPER, separate_credentials
from ingest.git.mirror import Mirror, Tips
from ingest.git.settings import Repository
from tests.ingest.git.http_server import serve_git

PASSWORD = "c4nary-g1t@pass"
WRITTEN = "c4nary-g1t%40pass"
SPELLINGS = (PASSWORD, WRITTEN, "Ym90OmM0bmFyeS1naXRAcGFzcw==")


def read_arguments() -> set[str]:
    """The arguments of every process there is."""
    arguments = set()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments.add(process.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return arguments


@contextmanager
def watch_arguments() -> Iterator[set[str]]:
    """The arguments of all processes that are there at any time of the block, read again and again."""
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            seen.update(read_arguments())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def fetch(url: str, data: Path) -> Tips:
    """Fetch a repository over HTTP, which the settings allow for no address but https."""
    return Mirror(Repository(url=url, name="acme/shop", protocol="http"), data, 60).fetch(Tips({}, []))


def test_s6_no_process_has_the_password_of_git_among_its_arguments(upstream: Any, tmp_path: Path) -> None:
    """The fetch succeeds with the password, and neither git nor a helper of it shows it in ``ps`` or a file."""
    tip = upstream.commit("one")
    during: set[str] = set()
    with (
        serve_git(
            upstream.path.parent, login=f"bot:{PASSWORD}", before=lambda _: during.update(read_arguments())
        ) as place,
        watch_arguments() as seen,
    ):
        tips = fetch(f"http://bot:{WRITTEN}@{place}/shop/.git", tmp_path / "data")
    assert tips == Tips({"main": tip}, [tip])
    assert any(f"git-remote-http origin http://{place}/shop/.git" in arguments for arguments in during)
    shown = [arguments for arguments in during | seen for spelling in SPELLINGS if spelling in arguments]
    assert shown == []
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert [path for path in files for spelling in SPELLINGS if spelling.encode() in path.read_bytes()] == []


def test_a_server_that_redirects_to_another_gets_no_password_sent_there(upstream: Any, tmp_path: Path) -> None:
    """The other server sees requests without the header, and the fetch fails."""
    upstream.commit("one")
    headers: list[str | None] = []

    def record(request: Any) -> None:
        headers.append(request.headers.get("Authorization"))

    with (
        serve_git(upstream.path.parent, login=f"bot:{PASSWORD}", before=record, address="127.0.0.2") as other,
        serve_git(upstream.path.parent, redirect=f"http://{other}") as place,
        pytest.raises(DoraError) as caught,
    ):
        fetch(f"http://bot:{WRITTEN}@{place}/shop/.git", tmp_path / "data")
    assert headers
    assert set(headers) == {None}
    assert PASSWORD not in str(caught.value)


def test_a_token_alone_is_a_user_without_a_password(upstream: Any, tmp_path: Path) -> None:
    """As in ``https://TOKEN@host/``; a configured GIT_ASKPASS gives the password."""
    tip = upstream.commit("one")
    with serve_git(upstream.path.parent, login=f"{PASSWORD}:") as place:
        assert fetch(f"http://{WRITTEN}@{place}/shop/.git", tmp_path / "data").refs == [tip]


def test_a_configured_program_is_asked_for_the_password(
    upstream: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``GIT_ASKPASS`` keeps its meaning for an address with a user only."""
    tip, program = upstream.commit("one"), tmp_path / "ask"
    program.write_text(f"#!/bin/sh\necho '{PASSWORD}'\n")
    program.chmod(0o700)
    monkeypatch.setenv("GIT_ASKPASS", str(program))
    with serve_git(upstream.path.parent, login=f"bot:{PASSWORD}") as place:
        assert fetch(f"http://bot@{place}/shop/.git", tmp_path / "data").refs == [tip]


@pytest.mark.parametrize("url", ["git@github.com:a/b.git", "ssh://git@host/a/b", "/srv/git/a@b", "https://host/a@b"])
def test_other_addresses_stay_as_they_are(url: str) -> None:
    """ssh has no password in its address, and an @ in a path is no user."""
    assert separate_credentials(url) == (url, {}, {})


def test_the_helper_answers_for_one_server_and_has_no_secret_in_it() -> None:
    """Its name has the server, its text has names of variables."""
    url, config, secrets = separate_credentials(f"https://bot:{WRITTEN}@git.example:8443/a/b")
    assert url == "https://git.example:8443/a/b"
    assert config == {"credential.https://git.example:8443.helper": HELPER}
    assert set(secrets.values()) == {"bot", PASSWORD}
