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
    """Accepts each refresh token once; the first is in no variable."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.delenv("DORA_GATE_REFRESH_TOKEN", raising=False)
    with provide(IdentityProvider(BearerAuth(), "first", SECRET)) as identity_provider:
        yield identity_provider


def oauth2_settings(provider: IdentityProvider, **options: Any) -> dict[str, Any]:
    return {"token_url": provider.url, "client_id": "dora", "client_secret_env": "SECRET", **options}


def write_token_file(folder: Path, text: str = "first\n", mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "refresh-token"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_token_file_is_replaced_by_each_run(
    make: Make, ingest: Ingest, tmp_path: Path, provider: IdentityProvider
) -> None:
    """After each run the file holds the next token, with mode 0600, and there is no other file beside it."""
    path = write_token_file(tmp_path / "secrets")
    with serve(make.world(), auth=provider.auth) as gate:
        for night in (1, 2, 3):
            summary = ingest(gate.url, oauth2=oauth2_settings(provider, refresh_token_file=str(path)))
            assert (summary.partial_failures, summary.notes) == ([], [])
            assert (path.read_text(), len(provider.forms)) == (provider.refresh_token + "\n", night)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_token_in_a_variable_lasts_one_run(
    make: Make, ingest: Ingest, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run notes once, without the token, that the next one will fail; that one is an error with a next step."""
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "first")
    forget_tokens = [False, True]
    with serve(make.world(applications=("a", "b")), auth=provider.auth) as gate:
        first_path = "/credentials?expand=true"
        gate.before = lambda path: provider.auth.tokens.clear() if path == first_path and forget_tokens.pop() else None
        (note,) = ingest(gate.url, oauth2=oauth2_settings(provider)).notes
        assert "refresh_token_file" in note
        assert provider.refresh_token not in note
        with pytest.raises(AuthError, match="refresh_token_file"):
            ingest(gate.url, oauth2=oauth2_settings(provider))


def test_a_file_takes_precedence_over_a_variable(
    make: Make, tmp_path: Path, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token in the variable may have been used before."""
    monkeypatch.setenv("DORA_GATE_REFRESH_TOKEN", "old")
    path = write_token_file(tmp_path)
    with serve(make.world(), auth=provider.auth) as gate:
        settings = {"endpoint": gate.url, "oauth2": oauth2_settings(provider, refresh_token_file=str(path))}
        connect(parse_settings(settings)).get("/applications")
    assert provider.forms[0]["refresh_token"] == "first"


def test_the_token_file_is_read_at_each_refresh(make: Make, tmp_path: Path, provider: IdentityProvider) -> None:
    """Two runs that share a file, as `dora doctor` beside an ingest, use the token that the file holds now."""
    path = write_token_file(tmp_path)
    with serve(make.world(), auth=provider.auth) as gate:
        settings = {"endpoint": gate.url, "oauth2": oauth2_settings(provider, refresh_token_file=str(path))}
        first, second = connect(parse_settings(settings)), connect(parse_settings(settings))
        for session in (first, second, first, second):
            session.get("/applications")
    assert len(provider.forms) == 4


@pytest.mark.parametrize(("text", "problem"), [("\n", "is empty"), (None, "can not be read")])
def test_a_file_without_a_token_is_refused(
    tmp_path: Path, provider: IdentityProvider, text: str | None, problem: str
) -> None:
    """An empty or missing file is an error before any request to the provider."""
    path = write_token_file(tmp_path, text or "")
    if text is None:
        path.unlink()
    session = connect(parse_settings({"oauth2": oauth2_settings(provider, refresh_token_file=str(path))}))
    with pytest.raises(UsageError, match=problem):
        session.get("/")
    assert provider.forms == []


def test_a_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that can not be written is an error before the token is used."""
    path = write_token_file(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="can not be replaced"):
        FileStore(str(path), print).load()


def test_a_write_error_does_not_repeat_the_token(tmp_path: Path) -> None:
    """The file stays unchanged, and the error does not repeat the new token."""
    path = write_token_file(tmp_path)
    with pytest.raises(UsageError, match="can not be written") as raised:
        FileStore(str(path / "below"), print).save({"refresh_token": SECRET})
    assert path.read_text() == "first\n"
    assert SECRET not in f"{raised.value} {raised.value.__cause__}"


def test_writing_keeps_a_link_and_sets_mode_0600(tmp_path: Path) -> None:
    """The target of a link is replaced atomically, with mode 0600 whatever it was before."""
    path = write_token_file(tmp_path, mode=0o644)
    (tmp_path / "link").symlink_to(path)
    write_secret_file(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    """No secret stays in a temporary file after an error."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_secret_file(str(tmp_path / "taken"), SECRET)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_memory_warns_once_and_only_of_another_token() -> None:
    """The store warns only once, and not if the provider returns the same token."""
    warnings: list[str] = []
    store = MemoryStore("first", warnings.append, "instead.")
    for token in ("first", "second", "third"):
        store.save({"refresh_token": token})
        assert store.load() == token
    assert len(warnings) == 1


def write_spin_config(tmp_path: Path, endpoint: str, provider: IdentityProvider, **cached: Any) -> Path:
    oauth2 = {"clientId": "dora", "clientSecret": SECRET, "tokenUrl": provider.url}
    oauth2 |= {"cachedToken": cached} if cached else {}
    path = tmp_path / "spin"
    path.write_text(json.dumps({"gate": {"endpoint": endpoint}, "auth": {"enabled": True, "oauth2": oauth2}}))
    path.chmod(0o600)
    return path


def test_spins_file_is_written_only_if_allowed(
    make: Make, ingest: Ingest, tmp_path: Path, provider: IdentityProvider
) -> None:
    """Otherwise a note names the setting that allows it."""
    with serve(make.world(), auth=provider.auth) as gate:
        path = write_spin_config(tmp_path, gate.url, provider, refresh_token="first")
        (note,) = ingest("http://localhost:8084", spin_config=str(path)).notes
    assert "spin_config_write" in note
    assert SpinConfigStore(str(path)).load() == "first"


def test_a_login_in_a_browser_is_left_to_spin(tmp_path: Path, provider: IdentityProvider) -> None:
    """Without a cached token the error names spin's command that logs in, with its configuration file."""
    path = write_spin_config(tmp_path, "http://localhost:9", provider)
    with pytest.raises(UsageError, match=rf"running `spin --config {path} application list`"):
        connect(parse_settings({"spin_config": str(path)}))
    write_spin_config(tmp_path, "http://localhost:9", provider, access_token="x", expiry="2001-01-01T00:00:00Z")
    with pytest.raises(AuthError, match=rf"running `spin --config {path} application list`"):
        connect(parse_settings({"spin_config": str(path)})).get("/")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_provider_has_its_own_tls_settings(
    make: Make, tmp_path: Path, provider: IdentityProvider, certificates: Any, trusted: bool
) -> None:
    """Ignored errors in Gate's certificate are not ignored in the provider's, which receives our secrets."""
    with serve(make.world(), auth=Auth(tls=certificates.context("server"))) as other_server:
        tls_settings = {"ca_file": certificates.ca} if trusted else {}
        oauth2 = oauth2_settings(provider, refresh_token_file=str(write_token_file(tmp_path)), **tls_settings) | {
            "token_url": other_server.url + "/t"
        }
        session = connect(parse_settings({"endpoint": other_server.url, "ignore_cert_errors": True, "oauth2": oauth2}))
        with pytest.raises(AuthError if trusted else Exception, match="200 without JSON" if trusted else "not trusted"):
            session.get("/applications")
        assert other_server.requests == (["/t"] if trusted else [])


def test_an_unencrypted_provider_is_warned_about() -> None:
    """The provider receives the client's secret."""
    warnings: list[str] = []
    oauth2 = {"token_url": "http://idp.example/token", "client_id": "dora", "refresh_token_file": "x"}
    connect(parse_settings({"endpoint": "https://gate.example", "oauth2": oauth2}), warnings.append)
    assert [text.partition(" is ")[0] for text in warnings] == ["http://idp.example"]
