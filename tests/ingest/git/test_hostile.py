"""Hostile addresses and settings: git takes none for an option, runs nothing of them, and honours none."""

from __future__ import annotations

import subprocess
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from dora.errors import DoraError
from ingest.git.mirror import Mirror, Tips
from ingest.git.settings import Repository

PAYLOADS = [
    "--upload-pack=touch {canary};git-upload-pack",
    "--upload-pack=touch {canary}",
    "-u touch {canary}",
    "--exec=touch {canary}",
    "--config=core.sshCommand=touch {canary}",
    "-c core.fsmonitor=touch {canary}",
    "-oProxyCommand=touch {canary}",
    "ext::sh -c touch% {canary}",
    "ext::touch {canary}",
    "fd::0",
    "ssh://-oProxyCommand=touch%20{canary}/x",
    "ssh://git@-oProxyCommand=touch%20{canary}/x",
    "-oProxyCommand=touch {canary}:x",
    "git@-oProxyCommand=touch {canary}:x",
    "file:///;touch {canary}",
    "`touch {canary}`",
    "$(touch {canary})",
    "/tmp/a;touch {canary}",
    "/tmp/a\n--upload-pack=touch {canary}",
    "http://127.0.0.1:1/`touch {canary}`",
    "https://127.0.0.1:1/;touch {canary}",
    "|touch {canary}",
    "git://127.0.0.1:1/--upload-pack=touch {canary}",
    "ssh://127.0.0.1:1/$(touch {canary})",
    "ssh://git@127.0.0.1:-oProxyCommand=touch%20{canary}/x",
    "git@127.0.0.1:--upload-pack=touch {canary}",
    "[-oProxyCommand=touch {canary}]:x",
    "file://localhost/ext::touch {canary}",
    "https::ext::touch {canary}",
    "testgit::touch {canary}",
    "--output={canary}",
    "--receive-pack=touch {canary}",
    "--server-option=touch {canary}",
    "rsync://127.0.0.1:1/;touch {canary}",
    "sftp://-oProxyCommand=touch%20{canary}/x",
    "ssh+git://-oProxyCommand=touch%20{canary}/x",
    "//-oProxyCommand=touch {canary}/x",
    "::touch {canary}",
    "a::b::touch {canary}",
    "https://127.0.0.1:1/x?--upload-pack=touch {canary}",
]
SETTINGS = {
    "core.fsmonitor": "{script}", "core.sshCommand": "{script}", "core.pager": "{script}", "core.editor": "{script}",
    "core.askPass": "{script}", "core.gitProxy": "{script}", "core.hooksPath": "{folder}",
    "core.alternateRefsCommand": "{script}", "core.attributesFile": "{folder}/attributes",
    "gpg.program": "{script}", "log.showSignature": "true", "log.mailmap": "true", "mailmap.file": "{folder}/mailmap",
    "diff.external": "{script}", "diff.x.command": "{script}", "diff.x.textconv": "{script}", "diff.orderFile": "/x",
    "filter.x.smudge": "{script}", "filter.x.process": "{script}", "merge.x.driver": "{script}",
    "credential.helper": "!{script}", "protocol.ext.allow": "always", "uploadpack.packObjectsHook": "{script}",
    "pager.log": "{script}", "pager.fetch": "{script}", "alias.log": "!{script}", "alias.fetch": "!{script}",
    "gc.recentObjectsHook": "{script}", "trace2.eventTarget": "{canary}", "trace2.normalTarget": "{canary}",
    "i18n.logOutputEncoding": "UTF-16", "format.pretty": "oneline", "log.follow": "true", "log.showRoot": "false",
    "diff.noprefix": "true", "submodule.recurse": "true", "fetch.recurseSubmodules": "true",
}  # fmt: skip
OURS_ONLY = {  # of a mirror's own file, what would stop any upstream too
    "remote.origin.uploadpack": "{script};git-upload-pack", "remote.origin.vcs": "ext", "include.path": "{folder}/more",
    "url.ext::{script}.insteadOf": "{folder}", "core.worktree": "{folder}", "extensions.nonsense": "1",
    "remote.origin.fetch": "+refs/*:refs/*", "transfer.hideRefs": "refs/heads",
}  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("protocol", ["file", "https"])
def test_v12_an_address_that_got_past_the_settings_is_still_only_an_address(
    payload: str, protocol: str, tmp_path: Path
) -> None:
    """Even without the check of addresses, git neither takes one for an option nor runs a helper for it."""
    canary = tmp_path / "canary"
    repository = Repository(
        url=payload.replace("{canary}", str(canary)), name="a/b", protocol=protocol, trunks=("main",)
    )
    with pytest.raises(DoraError):
        Mirror(repository, tmp_path / "data", 10).fetch(Tips({}, []))
    assert not canary.exists()


def test_a_protocol_that_was_not_configured_is_refused(upstream: Any, tmp_path: Path) -> None:
    """A path is no address for a repository configured as https, so a redirect or a submodule can not lead to one."""
    upstream.commit("one")
    repository = Repository(url=str(upstream.path), name="a/b", protocol="https")
    with pytest.raises(DoraError, match="not allowed"):
        Mirror(repository, tmp_path / "data", 10).fetch(Tips({}, []))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that a script would make; the script, attributes that name converters, and settings to be included."""
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/canary\n")
    script.chmod(0o755)
    (tmp_path / "attributes").write_text("* diff=x filter=x\n")
    (tmp_path / "more").write_text(f'[remote "origin"]\nuploadpack = {script};git-upload-pack\n')
    return tmp_path / "canary"


def write_hostile_settings(config: Path, settings: dict[str, str], canary: Path) -> None:
    """Write these settings into a file of settings."""
    words = {"{script}": str(canary.parent / "script"), "{folder}": str(canary.parent), "{canary}": str(canary)}
    for pair in settings.items():
        key, value = (reduce(lambda text, word: text.replace(*word), words.items(), text) for text in pair)
        subprocess.run(["git", "config", "--file", config, key, value], check=True)


def test_v13_nothing_of_a_hostile_repository_is_run(upstream: Any, git_landing: Any, canary: Path) -> None:
    """Hooks, monitors, signature and ssh programs, pagers and converters of the upstream's own config stay unused."""
    upstream.commit("one")
    write_hostile_settings(upstream.path / ".git" / "config", SETTINGS, canary)
    for hook in ("post-checkout", "reference-transaction", "post-update", "pre-auto-gc"):
        for folder in (canary.parent, upstream.path / ".git" / "hooks"):
            (folder / hook).write_text((canary.parent / "script").read_text())
            (folder / hook).chmod(0o755)
    for place in (".gitattributes", ".git/info/attributes"):
        (upstream.path / place).write_text("* diff=x\n")
    canary.unlink(missing_ok=True)
    summary = git_landing.run({"url": str(upstream.path), "paths": True, "sizes": True})
    assert summary.partial_failures == []
    assert git_landing.column("SELECT subject FROM commit") == ["one"]
    assert not canary.exists()


def test_v13_no_setting_of_a_mirror_or_of_the_user_is_honoured(
    upstream: Any, git_landing: Any, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What plain git would run of our own copy's settings, and of a home's, is gone before git is settings anything."""
    upstream.commit("one", "pay/a")
    settings = {"url": str(upstream.path), "paths": True, "sizes": True}
    git_landing.run(settings)
    mirror, user = git_landing.data / "mirrors" / "acme__shop.git", canary.parent / ".gitconfig"
    write_hostile_settings(mirror / "config", {name: OURS_ONLY[name] for name in ("remote.origin.uploadpack",)}, canary)
    plain = ["git", "-C", mirror, "-c", f"remote.origin.url={upstream.path}", "fetch", "--quiet", "origin"]
    subprocess.run(plain, check=True, capture_output=True)
    assert canary.exists()
    canary.unlink()
    write_hostile_settings(mirror / "config", SETTINGS | OURS_ONLY, canary)
    write_hostile_settings(user, SETTINGS, canary)
    canary.unlink(missing_ok=True)
    monkeypatch.setenv("HOME", str(canary.parent))
    upstream.commit("two", "pay/b")
    assert git_landing.run(settings).partial_failures == []
    landed = git_landing.sql("SELECT subject, paths, files FROM change JOIN commit USING (sha) ORDER BY 1")
    assert landed == [("one", ["pay/a"], 1), ("two", ["pay/b"], 1)]
    assert not canary.exists()


def test_forty_addresses_and_forty_settings_are_tried() -> None:
    """As many as were promised, each of them another."""
    assert len({*PAYLOADS}) >= 40
    assert len(SETTINGS | OURS_ONLY) >= 40


def test_the_environment_of_whoever_runs_it_does_not_lead_git_astray(
    upstream: Any, git_landing: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Variables that would change what git reads or runs are not passed on."""
    canary = tmp_path / "canary"
    upstream.commit("one")
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_PAGER", "GIT_EDITOR"):
        monkeypatch.setenv(name, f"touch {canary}")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_TEMPLATE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    assert git_landing.run({"url": str(upstream.path)}).partial_failures == []
    assert git_landing.column("SELECT subject FROM commit") == ["one"]
    assert not canary.exists()
