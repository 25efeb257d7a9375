"""Refresh tokens that a provider rotates: where the new one is stored, and the warning if it is lost."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dora.errors import AuthError, UsageError
from ingest.spinnaker.auth.connect import connect
from ingest.spinnaker.auth.token_store import FileStore, MemoryStore, SpinConfigStore
from ingest.spinnaker.settings import parse_settings
from ingest.spinnaker.settings.credentials import write_secret_file
from tests.ingest.spinnaker.conftest import Ingest, Make
from tests.simulation.gate import serve
from tests.simulation.gate_auth import Auth, BearerAuth, IdentityProvider, provide

SECRET = "c1ient-s3cret"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    """Takes each refresh token once; the first is in no variable."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.delenv("DORA_GATE_REFRESH_TOKEN", raising=False)
    with provide(IdentityProvider(BearerAuth(), "first", SECRET)) as served:
        yield served


def client(provider: IdentityProvider, **more: Any) -> dict[str, Any]:
    return {"token_url": provider.url, "client_id": "dora", "client_secret_env": "SECRET", **more}


def token_file(folder: Path, text: str = "first\n", mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "refresh-token"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_goes_on_night_after_night(
    make: Make, ingest: Ingest, tmp_path: Path, provider: IdentityProvider
) -> None:
    """Each night's token is good for one use: the file holds the next one, for us alone, and nothing lies beside it."""
    path = token_file(tmp_path / "secrets")
    with serve(make.world(), auth=provider.auth) as gate:
        for night in (1, 2, 3):
            done = ingest(gate.url, oauth2=client(provider, refresh_token_file=str(path)))
            assert (done.partial_failures, done.notes) == ([], [])
            assert (path.read_text(), len(provider.forms)) == (provider.refresh_token + "\n", night)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_variable_lasts_one_night_and_says_so(
    make: Make, ingest: Ingest, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run succeeds and notes once, without the token, that the next one can not; that one ends with what to do."""
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "first")
    forgets = [False, True]
    with serve(make.world(applications=("a", "b")), auth=provider.auth) as gate:
        once = "/credentials?expand=true"
        gate.before = lambda path: provider.auth.tokens.clear() if path == once and forgets.pop() else None
        (note,) = ingest(gate.url, oauth2=client(provider)).notes
        assert "refresh_token_file" in note
        assert provider.refresh_token not in note
        with pytest.raises(AuthError, match="refresh_token_file"):
            ingest(gate.url, oauth2=client(provider))


def test_a_file_goes_before_a_variable(
    make: Make, tmp_path: Path, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the variable may be long used up."""
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "old")
    path = token_file(tmp_path)
    with serve(make.world(), auth=provider.auth) as gate:
        given = {"endpoint": gate.url, "oauth2": client(provider, refresh_token_file=str(path))}
        connect(parse_settings(given)).get("/applications")
    assert provider.forms[0]["refresh_token"] == "first"


def test_another_run_may_have_replaced_it(make: Make, tmp_path: Path, provider: IdentityProvider) -> None:
    """`dora doctor` beside a long ingest: each shows what the file says now, not what it read at its start."""
    path = token_file(tmp_path)
    with serve(make.world(), auth=provider.auth) as gate:
        given = {"endpoint": gate.url, "oauth2": client(provider, refresh_token_file=str(path))}
        one, two = connect(parse_settings(given)), connect(parse_settings(given))
        for session in (one, two, one, two):
            session.get("/applications")
    assert len(provider.forms) == 4


@pytest.mark.parametrize(("text", "says"), [("\n", "is empty"), (None, "can not be read")])
def test_a_file_without_a_token_is_told(
    tmp_path: Path, provider: IdentityProvider, text: str | None, says: str
) -> None:
    """Before the provider is asked."""
    path = token_file(tmp_path, text or "")
    if text is None:
        path.unlink()
    session = connect(parse_settings({"oauth2": client(provider, refresh_token_file=str(path))}))
    with pytest.raises(UsageError, match=says):
        session.get("/")
    assert provider.forms == []


def test_a_token_that_could_not_be_kept_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folder can not be written, that is seen before the token is spent."""
    path = token_file(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="can not be replaced"):
        FileStore(str(path), print).load()


def test_a_disk_that_is_full_is_told_without_the_token(tmp_path: Path) -> None:
    """The file stays as it was, and the error does not repeat what could not be written."""
    path = token_file(tmp_path)
    with pytest.raises(UsageError, match="can not be written") as raised:
        FileStore(str(path / "below"), print).save({"refresh_token": SECRET})
    assert path.read_text() == "first\n"
    assert SECRET not in f"{raised.value} {raised.value.__cause__}"


def test_writing_keeps_a_link_and_lets_nobody_read(tmp_path: Path) -> None:
    """A file behind a link is replaced where it lies, whole, with mode 0600 whatever it was before."""
    path = token_file(tmp_path, mode=0o644)
    (tmp_path / "link").symlink_to(path)
    write_secret_file(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_can_not_be_put_in_place_does_not_lie_beside_it(tmp_path: Path) -> None:
    """A secret is not left in a file that nobody looks after."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_secret_file(str(tmp_path / "taken"), SECRET)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_memory_warns_once_and_only_of_another_token() -> None:
    """A provider that gives the same token back loses nothing."""
    said: list[str] = []
    kept = MemoryStore("first", said.append, "instead.")
    for token in ("first", "second", "third"):
        kept.save({"refresh_token": token})
        assert kept.load() == token
    assert len(said) == 1


def spin(tmp_path: Path, endpoint: str, provider: IdentityProvider, **cached: Any) -> Path:
    oauth2 = {"clientId": "dora", "clientSecret": SECRET, "tokenUrl": provider.url}
    oauth2 |= {"cachedToken": cached} if cached else {}
    path = tmp_path / "spin"
    path.write_text(json.dumps({"gate": {"endpoint": endpoint}, "auth": {"enabled": True, "oauth2": oauth2}}))
    path.chmod(0o600)
    return path


def test_spins_file_is_written_only_where_that_is_allowed(
    make: Make, ingest: Ingest, tmp_path: Path, provider: IdentityProvider
) -> None:
    """Else the note names the setting that allows it."""
    with serve(make.world(), auth=provider.auth) as gate:
        path = spin(tmp_path, gate.url, provider, refresh_token="first")
        (note,) = ingest("http://localhost:8084", spin_config=str(path)).notes
    assert "spin_config_write" in note
    assert SpinConfigStore(str(path)).load() == "first"


def test_a_login_in_a_browser_is_left_to_spin(tmp_path: Path, provider: IdentityProvider) -> None:
    """Nothing is cached: the command that logs in is named, with the file that it has to read."""
    path = spin(tmp_path, "http://localhost:9", provider)
    with pytest.raises(UsageError, match=rf"running `spin --config {path} application list`"):
        connect(parse_settings({"spin_config": str(path)}))
    spin(tmp_path, "http://localhost:9", provider, access_token="x", expiry="2001-01-01T00:00:00Z")
    with pytest.raises(AuthError, match=rf"running `spin --config {path} application list`"):
        connect(parse_settings({"spin_config": str(path)})).get("/")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_provider_is_trusted_by_itself(
    make: Make, tmp_path: Path, provider: IdentityProvider, certificates: Any, trusted: bool
) -> None:
    """What is overlooked in Gate's certificate is not in the provider's, which is shown our secrets."""
    with serve(make.world(), auth=Auth(tls=certificates.context("server"))) as other:
        more = {"ca_file": certificates.ca} if trusted else {}
        told = client(provider, refresh_token_file=str(token_file(tmp_path)), **more) | {"token_url": other.url + "/t"}
        session = connect(parse_settings({"endpoint": other.url, "ignore_cert_errors": True, "oauth2": told}))
        with pytest.raises(AuthError if trusted else Exception, match="200 without JSON" if trusted else "not trusted"):
            session.get("/applications")
        assert other.requests == (["/t"] if trusted else [])


def test_a_provider_on_an_open_wire_is_warned_about() -> None:
    """It is shown the client's secret."""
    said: list[str] = []
    told = {"token_url": "http://idp.example/token", "client_id": "dora", "refresh_token_file": "x"}
    connect(parse_settings({"endpoint": "https://gate.example", "oauth2": told}), said.append)
    assert [text.partition(" is ")[0] for text in said] == ["http://idp.example"]
