"""Which addresses reach git, and what everything else is told."""

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


def one(url: str, **more: Any) -> dict[str, Any]:
    return {"repositories": [{"url": url, **more}]}


@pytest.mark.parametrize("url", GOOD)
def test_an_address_of_a_known_shape_is_taken(url: str) -> None:
    """https, ssh, user@host:path and paths are taken, each for its own protocol, and named after the last parts."""
    protocol, name = GOOD[url]
    (repository,), *_ = read_settings(one(url))
    assert (repository.protocol, repository.name) == (protocol, name)


@pytest.mark.parametrize("url", HOSTILE)
def test_v12_any_other_address_is_refused_before_git_runs(url: str, tmp_path: Path) -> None:
    """What is not plainly one of the known shapes is a usage error, and nothing is executed."""
    canary = tmp_path / "canary"
    with pytest.raises(UsageError, match="Nothing was fetched"):
        read_settings(one(url.replace("{canary}", str(canary))))
    assert not canary.exists()


@given(st.text())
def test_no_text_gets_through_with_a_dash_or_a_helper(text: str) -> None:
    """Whatever is taken can be neither an option nor the name of a transport helper."""
    try:
        (repository,), *_ = read_settings(one(text, name="a/b"))
    except UsageError:
        return
    assert not repository.url.startswith("-")
    assert "::" not in text
    assert repository.url.isprintable() or repository.protocol == "file"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"repositories": [], "repos": []}, "repos"),
        (one("/a/b", branch="main"), "branch"),
        ({}, "repositories"),
        ({"repositories": [], "timeout_seconds": 0}, "timeout_seconds"),
        (one("/a/b", name="../b"), "name"),
        (one("/a/b", name="-b"), "name"),
        (one("/a/b", name="a/../../b"), "name"),
        (one("/a/b", trunk="--all"), "branch"),
        (one("/a/b", trunk="a..b"), "branch"),
        ({"repositories": [{"url": "/a/b"}, {"url": "/c/A/B"}]}, "two repositories"),
        ({"repositories": [{"url": "/a/b"}, {"url": "/x", "name": "a__b"}]}, "two repositories"),
    ],
)
def test_a_key_or_a_value_that_means_nothing_is_named(settings: dict[str, Any], said: str) -> None:
    """Unknown keys, bad names and repositories of one name are usage errors that say which."""
    with pytest.raises(UsageError, match=said):
        read_settings(settings)


def test_a_relative_path_is_taken_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path becomes absolute, so that git can not take it for anything else."""
    monkeypatch.chdir(tmp_path)
    (repository,), *_ = read_settings(one("shop.git", name="acme/shop"))
    assert repository.url == str(tmp_path / "shop.git")


def test_a_refused_address_does_not_show_its_password() -> None:
    """The message names the address without the part before the @."""
    with pytest.raises(UsageError) as caught:
        read_settings(one("ftp://bot:s3cret@example.com/a"))
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
def test_user_and_password_are_taken_out_of_any_text(text: str, clean: str) -> None:
    """Whatever git repeats of an address comes without its credentials."""
    assert without_userinfo(text) == clean


def test_the_default_name_is_the_last_two_parts() -> None:
    """owner/name, however the address is written."""
    assert default_name("https://h/x/y/owner/name.git") == "owner/name"
    assert default_name("git@h:owner/name") == "owner/name"
    assert default_name("/srv/owner/name.git") == "owner/name"
