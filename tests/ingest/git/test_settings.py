"""Which addresses git may get, and the errors for all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.errors import UsageError
from ingest.git.settings import default_name, read_settings, without_userinfo

GOOD = {
    "https://github.com/spinnaker/orca.git": ("https", "spinnaker/orca"),
    "https://bot:s3cret@git.example.com:8443/scm/team/api": ("https", "team/api"),
    "ssh://git@git.example.com:7999/team/api.git": ("ssh", "team/api"),
    "git@github.com:spinnaker/orca.git": ("ssh", "spinnaker/orca"),
    "deploy@host:orca.git": ("ssh", "orca"),
    "/srv/git/team/api.git": ("file", "team/api"),
    "/srv/a:b/team/api.git": ("file", "team/api"),
    "./acme/api": ("file", "acme/api"),
}

HOSTILE = [
    "",
    "-",
    "--upload-pack=touch {canary}",
    "-oProxyCommand=touch {canary}",
    "ext::sh -c touch% {canary}",
    "ext::touch {canary}",
    "fd::17",
    "transport::address",
    "file:///etc",
    "file://localhost/tmp/{canary}",
    "http://example.com/a/b",
    "git://example.com/a/b",
    "ftp://example.com/a/b",
    "ssh://-oProxyCommand=touch{canary}/a/b",
    "ssh://git@-oProxyCommand=touch/a/b",
    "ssh://-l@host/a/b",
    "git@-oProxyCommand=touch:a/b",
    "-oProxyCommand=touch@host:a/b",
    "git@host:--upload-pack=touch",
    "host:a/b",
    "https://example.com/a/b\n--upload-pack=touch {canary}",
    "https://example.com/$(touch {canary})/b",
    "https://example.com/`touch {canary}`",
    "https://example.com/a;touch {canary}",
    "https://exa mple.com/a/b",
    "https://-example.com/a/b",
    "https:///a/b",
    "https://example.com",
    "HTTPS+EXT://example.com/a/b",
    "/srv/git/a\x00b",
    "/srv/git/a\nb",
    "/srv/ext::b",
    "\x1b[31m/srv",
]


def settings_for(url: str, **more: Any) -> dict[str, Any]:
    return {"repositories": [{"url": url, **more}]}


@pytest.mark.parametrize("url", GOOD)
def test_a_valid_address_is_accepted(url: str) -> None:
    """https, ssh, user@host:path and paths, each with its own protocol and the name of its last parts."""
    protocol, name = GOOD[url]
    (repository,), *_ = read_settings(settings_for(url))
    assert (repository.protocol, repository.name) == (protocol, name)


@pytest.mark.parametrize("url", HOSTILE)
def test_v12_any_other_address_is_refused_before_git_runs(url: str, tmp_path: Path) -> None:
    """Any other shape is a usage error, and nothing is executed."""
    canary = tmp_path / "canary"
    with pytest.raises(UsageError, match="Nothing was fetched"):
        read_settings(settings_for(url.replace("{canary}", str(canary))))
    assert not canary.exists()


@given(st.text())
def test_no_accepted_text_is_an_option_or_a_helper(text: str) -> None:
    """An accepted address starts with no dash and names no transport helper."""
    try:
        (repository,), *_ = read_settings(settings_for(text, name="a/b"))
    except UsageError:
        return
    assert not repository.url.startswith("-")
    assert "::" not in text
    assert repository.url.isprintable() or repository.protocol == "file"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"repositories": [], "repos": []}, "repos"),
        (settings_for("/a/b", branch="main"), "branch"),
        ({}, "repositories"),
        ({"repositories": [], "timeout_seconds": 0}, "timeout_seconds"),
        (settings_for("/a/b", name="../b"), "name"),
        (settings_for("/a/b", name="-b"), "name"),
        (settings_for("/a/b", name="a/../../b"), "name"),
        (settings_for("/a/b", trunk="--all"), "branch"),
        (settings_for("/a/b", trunk="a..b"), "branch"),
        ({"repositories": [{"url": "/a/b"}, {"url": "/c/A/B"}]}, "two repositories"),
        ({"repositories": [{"url": "/a/b"}, {"url": "/x", "name": "a__b"}]}, "two repositories"),
    ],
)
def test_an_unknown_key_or_invalid_value_is_an_error(settings: dict[str, Any], message: str) -> None:
    """The error names the key or the repository."""
    with pytest.raises(UsageError, match=message):
        read_settings(settings)


def test_a_relative_path_is_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path becomes absolute, so that git can not read it as anything else."""
    monkeypatch.chdir(tmp_path)
    (repository,), *_ = read_settings(settings_for("shop.git", name="acme/shop"))
    assert repository.url == str(tmp_path / "shop.git")


def test_a_refused_address_does_not_show_its_password() -> None:
    """The message names the address without the part before the @."""
    with pytest.raises(UsageError) as caught:
        read_settings(settings_for("ftp://bot:s3cret@example.com/a"))
    assert "s3cret" not in str(caught.value)
    assert "example.com" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("fatal: unable to access 'https://u:p@h/a/'", "fatal: unable to access 'https://h/a/'"),
        ("https://token@h and ssh://u:p%40@h2/x", "https://h and ssh://h2/x"),
        ("https://u:p@ss@h/x", "https://h/x"),
        ("git@host:a/b", "git@host:a/b"),
    ],
)
def test_user_and_password_are_removed_from_any_text(text: str, clean: str) -> None:
    """Every URL in a text of git loses its credentials."""
    assert without_userinfo(text) == clean


def test_the_default_name_is_the_last_two_parts() -> None:
    """owner/name, in any form of address."""
    assert default_name("https://h/x/y/owner/name.git") == "owner/name"
    assert default_name("git@h:owner/name") == "owner/name"
    assert default_name("/srv/owner/name.git") == "owner/name"
