"""Pull requests from a fake of GitHub's API on loopback: pages, reviews, rate limits, refusals."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dora.errors import UsageError
from ingest.git.settings import GitHubSettings, read_settings

TOKEN = "ghp_canary0123"
NOW = datetime.now(UTC).replace(microsecond=0)


def hours_ago(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeGitHub:
    """GitHub's REST API of pull requests for one repository; ``refuse`` maps a path to another status.

    ``cuts`` has the number of items of the next replies to a path.
    """

    def __init__(self) -> None:
        self.pulls: dict[int, dict[str, Any]] = {}
        self.reviews: dict[int, list[dict[str, Any]]] = {}
        self.commits: dict[int, list[str]] = {}
        self.mergers: dict[int, dict[str, str]] = {}
        self.refuse: dict[str, tuple[int, dict[str, str]]] = {}
        self.cuts: dict[str, list[int]] = {}
        self.requested_paths: list[str] = []
        github = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                github.respond(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def pull(self, number: int, updated: float, *, merged: float | None = None, author: str = "ada") -> None:
        self.pulls[number] = {
            "number": number, "created_at": hours_ago(updated + 50), "updated_at": hours_ago(updated),
            "user": {"login": author}, "merged_at": None if merged is None else hours_ago(merged),
            "merge_commit_sha": f"{number:040x}",
        }  # fmt: skip

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        address = urlsplit(handler.path)
        self.requested_paths.append(address.path)
        status, headers = next((r for p, r in self.refuse.items() if re.search(p, address.path)), (200, {}))
        if handler.headers["Authorization"] != f"Bearer {TOKEN}":
            status = 401
        body = json.dumps(self.answer(address.path, parse_qs(address.query)) if status == 200 else {}).encode()
        handler.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json; charset=utf-8"}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if re.fullmatch(r".*/pulls/\d+", path):  # the only one that says who merged it
            number = int(path.rsplit("/", maxsplit=1)[-1])
            return self.pulls[number] | {"merged_by": self.mergers.get(number)}
        page, size = (int(query[name][0]) for name in ("page", "per_page"))
        items, cuts = self.list_items(path)[(page - 1) * size : page * size], self.cuts.get(path)
        return items[: cuts.pop(0)] if cuts else items

    def list_items(self, path: str) -> list[Any]:
        parts = path.split("/")
        if path == "/repos/acme/shop/pulls":
            return sorted(self.pulls.values(), key=lambda pull: pull["updated_at"], reverse=True)
        if parts[-1] == "reviews":
            return self.reviews.get(int(parts[-2]), [])
        return [{"commit": {"author": {"date": date}}} for date in self.commits.get(int(parts[-2]), [])]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    github = FakeGitHub()
    threading.Thread(target=github.server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("DORA_GITHUB_TOKEN", TOKEN)
    yield github
    github.server.shutdown()
    github.server.server_close()


def ingest_from(upstream: Any, git_landing: Any, api: FakeGitHub, **more: Any) -> Any:
    if not (upstream.path / "file").exists():
        upstream.commit("one")
    github = {"api": api.url, **more}
    return git_landing.run({"url": str(upstream.path), "github": "acme/shop"}, github=github)


def review(hours: float, state: str, login: str) -> dict[str, Any]:
    return {"state": state, "submitted_at": hours_ago(hours), "user": {"login": login}}


def test_a_request_has_its_times(upstream: Any, git_landing: Any, api: FakeGitHub) -> None:
    """Opened, first commit, first review by another user, first approval, merged; merge commit and labels."""
    api.pull(7, 1, merged=2)
    api.pulls[7]["labels"] = [{"name": "urgent", "color": "f00"}, {"name": "hotfix"}]
    reviews = [(9, "COMMENTED", "ada"), (8, "CHANGES_REQUESTED", "bob"), (5, "APPROVED", "eve"), (4, "APPROVED", "bob")]
    api.reviews[7] = [review(*arguments) for arguments in reviews]
    api.commits[7] = [hours_ago(60), hours_ago(55)]
    ingest_from(upstream, git_landing, api)
    times = [f"epoch({column}_at)" for column in ("opened", "first_commit", "first_review", "approved", "merged")]
    (row,) = git_landing.sql(f"SELECT number, author, sha, labels, {', '.join(times)} FROM change_request")
    assert row[:4] == ("7", "ada", f"{7:040x}", ["hotfix", "urgent"])
    assert [(NOW.timestamp() - time) / 3600 for time in row[4:]] == [51, 60, 8, 5, 2]


def test_a_request_names_its_merger_and_its_reviewers(upstream: Any, git_landing: Any, api: FakeGitHub) -> None:
    """Who merged it; who else reviewed it, each once; who approved it before the merge. An open one has neither."""
    api.pull(7, 1, merged=2)
    api.pull(8, 1)
    api.mergers[7] = {"login": "ada"}
    reviews = [(9, "COMMENTED", "ada"), (8, "COMMENTED", "bob"), (5, "APPROVED", "bob"), (4, "COMMENTED", "cy")]
    api.reviews[7] = [review(*arguments) for arguments in (*reviews, (1, "APPROVED", "cy"))]
    ingest_from(upstream, git_landing, api)
    rows = git_landing.sql("SELECT number, merged_by, reviewers, approvers FROM change_request ORDER BY number")
    assert rows == [("7", "ada", ["bob", "cy"], ["bob"]), ("8", None, None, None)]


def test_every_page_is_read(upstream: Any, git_landing: Any, api: FakeGitHub) -> None:
    """More than a page of pull requests and of reviews; open ones have no commit and need no further request."""
    for number in range(1, 231):
        api.pull(number, number / 10)
    api.pull(231, 1, merged=1)
    api.reviews[231] = [review(9, "COMMENTED", "bob")] * 100 + [review(3, "APPROVED", "bob")]
    summary = ingest_from(upstream, git_landing, api)
    assert summary.partial_failures == []
    assert git_landing.column("SELECT count(*) FROM change_request") == [231]
    assert git_landing.column("SELECT count(*) FROM change_request WHERE sha IS NULL AND merged_at IS NULL") == [230]
    assert git_landing.column("SELECT approved_at IS NOT NULL FROM change_request WHERE number = '231'") == [True]
    assert sorted(set(api.requested_paths)) == [
        "/repos/acme/shop/pulls", "/repos/acme/shop/pulls/231",
        "/repos/acme/shop/pulls/231/commits", "/repos/acme/shop/pulls/231/reviews",
    ]  # fmt: skip


@pytest.mark.parametrize("cuts", [[0], [3], [3, 5], [100, 1], [100, 0]])
def test_g8_a_cut_page_loses_no_pull_request(upstream: Any, git_landing: Any, api: FakeGitHub, cuts: list[int]) -> None:
    """A page that is shorter than requested, also an empty one, is read again until it shows no more; reviews too."""
    for number in range(1, 131):
        api.pull(number, number / 10, merged=1 if number == 9 else None)
    api.reviews[9] = [review(3, "APPROVED", "bob")]
    api.cuts = {"/repos/acme/shop/pulls": cuts, "/repos/acme/shop/pulls/9/reviews": [0]}
    assert ingest_from(upstream, git_landing, api).partial_failures == []
    assert git_landing.column("SELECT count(*) FROM change_request") == [130]
    assert git_landing.column("SELECT count(*) FROM change_request WHERE approved_at IS NOT NULL") == [1]


ODD_TIMES = ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00", "2026-03-02T10:00:00", "x"]


@pytest.mark.parametrize("field", ["created_at", "updated_at", "merged_at"])
@pytest.mark.parametrize("time", ODD_TIMES)
def test_an_odd_time_skips_nothing(upstream: Any, git_landing: Any, api: FakeGitHub, field: str, time: str) -> None:
    """Trunk is read, and what is updated tomorrow is too: no time to come becomes the mark of what was read."""
    api.pull(1, 2)
    api.pull(2, 1)
    api.pulls[2][field] = time
    ingest_from(upstream, git_landing, api)
    assert git_landing.changes() == {upstream.head()}
    api.pull(2, 1)
    api.pull(3, -1)
    assert ingest_from(upstream, git_landing, api).partial_failures == []
    assert sorted(git_landing.column("SELECT number FROM change_request")) == ["1", "2", "3"]


def test_only_what_changed_is_read_again(upstream: Any, git_landing: Any, api: FakeGitHub) -> None:
    """A second run reads what was updated since; the first one goes back ``since_days``."""
    api.pull(1, 24 * 100, merged=24 * 100)
    api.pull(2, 50, merged=50)
    ingest_from(upstream, git_landing, api)
    assert git_landing.column("SELECT number FROM change_request") == ["2"]
    api.pull(3, 1, merged=1)
    api.requested_paths.clear()
    ingest_from(upstream, git_landing, api)
    assert sorted(git_landing.column("SELECT number FROM change_request")) == ["2", "3"]
    assert "/repos/acme/shop/pulls/1/reviews" not in api.requested_paths


def test_the_next_run_continues_after_a_rate_limit(upstream: Any, git_landing: Any, api: FakeGitHub) -> None:
    """Everything that was read before stays, oldest update first; the next run reads the rest."""
    for number in range(1, 6):
        api.pull(number, 10 - number, merged=10 - number)
    api.refuse["/pulls/4/"] = (403, {"X-RateLimit-Remaining": "0"})
    (failure,) = ingest_from(upstream, git_landing, api).partial_failures
    assert "403" in failure
    assert sorted(git_landing.column("SELECT number FROM change_request")) == ["1", "2", "3"]
    assert git_landing.changes() == {upstream.head()}
    api.refuse.clear()
    assert ingest_from(upstream, git_landing, api).partial_failures == []
    assert sorted(git_landing.column("SELECT number FROM change_request")) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("status", [401, 404])
def test_a_host_that_refuses_loses_only_pull_requests(
    upstream: Any, git_landing: Any, api: FakeGitHub, status: int
) -> None:
    """An unknown token or repository is a partial failure; the changes are read."""
    api.refuse["/pulls"] = (status, {})
    (failure,) = ingest_from(upstream, git_landing, api).partial_failures
    assert str(status) in failure
    assert TOKEN not in failure
    assert git_landing.changes() == {upstream.head()}


def test_an_unexpected_response_is_reported(upstream: Any, git_landing: Any, api: FakeGitHub) -> None:
    """The error says that the host does not answer as GitHub does."""
    api.pulls[1] = {"number": 1, "updated_at": hours_ago(1)}
    (failure,) = ingest_from(upstream, git_landing, api).partial_failures
    assert "not what GitHub's API documents" in failure


def test_everything_else_works_without_a_token(
    upstream: Any, git_landing: Any, api: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request is sent, a note names the empty variable, and nothing fails."""
    monkeypatch.delenv("DORA_GITHUB_TOKEN")
    summary = ingest_from(upstream, git_landing, api)
    assert summary.partial_failures == api.requested_paths == []
    assert "DORA_GITHUB_TOKEN" in summary.notes[0]
    assert git_landing.changes() == {upstream.head()}


def test_s7_a_token_may_be_in_a_file(upstream: Any, git_landing: Any, api: FakeGitHub, tmp_path: Path) -> None:
    """A note warns if other users can read it, and no output file contains the token."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    api.pull(1, 1)
    (note,) = ingest_from(upstream, git_landing, api, token_file=str(file)).notes
    assert "chmod 600" in note
    file.chmod(0o600)
    assert ingest_from(upstream, git_landing, api, token_file=str(file)).notes == []
    assert git_landing.column("SELECT number FROM change_request") == ["1"]
    assert [
        path for path in git_landing.data.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
    ] == []


@pytest.mark.parametrize(
    ("api", "url", "slug"),
    [
        ("https://api.github.com", "https://github.com/acme/shop.git", "acme/shop"),
        ("https://api.github.com", "git@github.com:acme/shop.git", "acme/shop"),
        ("https://ghe.example.com/api/v3", "ssh://git@ghe.example.com:22/acme/shop.git", "acme/shop"),
        ("https://api.github.com", "https://gitlab.com/acme/shop.git", None),
        ("https://api.github.com", "https://github.com.evil.example/acme/shop", None),
        ("https://api.github.com", "/srv/git/github.com/shop", None),
    ],
)
def test_the_token_goes_to_its_own_host_only(api: str, url: str, slug: str | None) -> None:
    """Repositories on the API's host have a slug, others only if it is configured."""
    assert GitHubSettings(api=api).slug(url, None) == slug
    assert GitHubSettings(api=api).slug(url, "a/b") == "a/b"


@pytest.mark.parametrize("api", ["http://api.github.com", "https://u:p@h/x", "file:///x", "https://h/\n", ""])
def test_an_api_that_could_leak_the_token_is_refused(api: str) -> None:
    """No plain http except to this machine, no credentials in the address."""
    with pytest.raises(UsageError, match="API"):
        read_settings({"repositories": [], "github": {"api": api}})


@pytest.mark.parametrize("slug", ["acme", "acme/..", "-a/b", "a/b/c", "a/b?x=1"])
def test_a_name_on_github_is_only_a_name(slug: str) -> None:
    """A name that leads to another page of the API is refused."""
    with pytest.raises(UsageError, match="owner/name"):
        read_settings({"repositories": [{"url": "/a/b", "github": slug}], "github": {}})
