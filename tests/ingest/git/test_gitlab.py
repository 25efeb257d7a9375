"""Merge requests from a double of GitLab's API on loopback, made from its reference documentation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dora.errors import UsageError
from ingest.git.settings import GitLabSettings, read_settings
from ingest.simulation.gate.execution_store import ResponseError
from tests.simulation.api_double import NOW, TOKEN, ApiDouble, hours_ago, serve_double, text
from tests.simulation.fault_injection import Fault


class GitLab(ApiDouble):
    """One project, ``acme/team/shop``: merge requests, their notes, approvals and commits; pages by number.

    ``dates_approvals`` says whether it is new enough for that, ``has_approvals`` whether it lists them at all.
    """

    project = "/api/v4/projects/acme/team/shop/merge_requests"

    def __init__(self) -> None:
        super().__init__()
        self.merge_requests: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.approvals: dict[int, list[dict[str, Any]]] = {}
        self.commits: dict[int, list[float]] = {}
        self.has_approvals = True
        self.links = True

    def merge_request(self, iid: int, updated: float, *, merged: float | None = None, **more: Any) -> None:
        self.merge_requests[iid] = {
            "id": 1000 + iid, "iid": iid, "project_id": 7, "title": "Draft: A change", "draft": False,
            "state": "opened" if merged is None else "merged", "created_at": text(hours_ago(updated + 50)),
            "updated_at": text(hours_ago(updated)), "merged_at": None if merged is None else text(hours_ago(merged)),
            "author": {"id": 1, "username": "ada"}, "merge_user": None, "sha": f"{iid:039x}a", "labels": [],
            "merge_commit_sha": None, "squash_commit_sha": None, "prepared_at": text(hours_ago(updated + 50)), **more,
        }  # fmt: skip

    def note(self, iid: int, hours: float, user: str, body: str = "Why?", *, system: bool = False) -> None:
        note = {"id": 1, "body": body, "author": {"username": user}, "created_at": text(hours_ago(hours))}
        self.notes.setdefault(iid, []).append({**note, "system": system, "resolvable": not system})

    def accepts(self, headers: Any) -> bool:
        return bool(headers["PRIVATE-TOKEN"] == TOKEN)

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        if not path.startswith(self.project):
            raise ResponseError(404, "404 Project Not Found")
        match path.removeprefix(self.project).split("/")[1:]:
            case []:
                return self._page(self._list(query), query)
            case [iid, "approvals"] if self.has_approvals:
                return {"approved": True, "approved_by": self.approvals.get(int(iid), [])}
            case [iid, "notes"]:
                assert query["sort"] == ["asc"]
                return self._page(self.notes.get(int(iid), []), query)
            case [iid, "commits"]:
                newest_first = [{"authored_date": text(hours_ago(hours))} for hours in self.commits.get(int(iid), [])]
                return self._page(newest_first, query)
        raise ResponseError(404, "404 Not Found")

    def _list(self, query: dict[str, list[str]]) -> list[Any]:
        assert (query["state"], query["scope"]) == (["all"], ["all"])
        assert (query["order_by"], query["sort"]) == (["updated_at"], ["desc"])
        after = datetime.fromisoformat(query["updated_after"][0])
        ordered = sorted(self.merge_requests.values(), key=lambda one: one["updated_at"], reverse=True)
        return [one for one in ordered if datetime.fromisoformat(one["updated_at"]) >= after]

    def _page(self, items: list[Any], query: dict[str, list[str]]) -> list[Any]:
        page, size = (int(query[name][0]) for name in ("page", "per_page"))
        return items[(page - 1) * size : page * size]

    def next_page(self, path: str, query: dict[str, list[str]], body: Any) -> dict[str, str]:
        if not self.links or not isinstance(body, list) or len(body) < int(query["per_page"][0]):
            return {}
        pairs = "&".join(f"{name}={value[0]}" for name, value in query.items() if name != "page")
        following = pairs.replace("+", "%2B") + f"&page={int(query['page'][0]) + 1}"
        return {"Link": f'<{self.url}{path}?{following}>; rel="next"'}

    def shorten(self, body: Any) -> Any:
        return body[:-1] if isinstance(body, list) else body


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    monkeypatch.setenv("DORA_GITLAB_TOKEN", TOKEN)
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 0.05)
    monkeypatch.setattr("ingest.http.rate_limit.MAX_WAIT", 0.05)
    with serve_double(GitLab()) as double:
        yield double


def ingest_from(upstream: Any, git_landing: Any, gitlab: GitLab, **more: Any) -> Any:
    if not (upstream.path / "file").exists():
        upstream.commit("one")
    settings = {"api": f"{gitlab.url}/api/v4", **more}
    return git_landing.run({"url": str(upstream.path), "gitlab": "acme/team/shop"}, gitlab=settings)


def hours_of(git_landing: Any, number: int, *columns: str) -> list[float | None]:
    times = ", ".join(f"epoch({column}_at)" for column in columns)
    (row,) = git_landing.sql(f"SELECT {times} FROM change_request WHERE number = '{number}'")
    return [None if time is None else (NOW.timestamp() - time) / 3600 for time in row]


def test_a_merge_request_has_its_times_and_people(upstream: Any, git_landing: Any, gitlab: GitLab) -> None:
    """Opened, first commit, first review of another user, first approval, merged; who merged, reviewed, approved."""
    gitlab.merge_request(7, 1, merged=2, merge_user={"username": "eve"}, merge_commit_sha="b" * 40, labels=["b", "a"])
    gitlab.commits[7] = [55, 60]
    gitlab.note(7, 9, "ada", "Please look")
    gitlab.note(7, 8, "bob")
    gitlab.note(7, 7, "ci", "changed the description", system=True)
    gitlab.approvals[7] = [
        {"user": {"username": "cy"}, "approved_at": text(hours_ago(5))},
        {"user": {"username": "ada"}, "approved_at": text(hours_ago(6))},
    ]
    assert ingest_from(upstream, git_landing, gitlab).partial_failures == []
    times = hours_of(git_landing, 7, "opened", "first_commit", "first_review", "approved", "merged")
    assert times == [51, 60, 8, 5, 2]
    columns = "author, merged_by, reviewers, approvers, sha, head_sha, labels"
    assert git_landing.sql(f"SELECT {columns} FROM change_request") == [
        ("ada", "eve", ["bob", "cy"], ["cy"], "b" * 40, f"{7:039x}a", ["a", "b"])
    ]


@pytest.mark.parametrize("has_approvals", [True, False])
def test_older_servers_date_approvals_in_notes(
    upstream: Any, git_landing: Any, gitlab: GitLab, has_approvals: bool
) -> None:
    """An approval without a date, or no list of approvals at all; one that was revoked is none."""
    gitlab.has_approvals = has_approvals
    gitlab.merge_request(7, 1, merged=2, merged_by={"username": "ada"})
    gitlab.note(7, 9, "bob", "approved this merge request", system=True)
    gitlab.note(7, 8, "bob", "unapproved this merge request", system=True)
    gitlab.note(7, 4, "cy", "approved this merge request", system=True)
    gitlab.approvals[7] = [{"user": {"username": "cy"}}]
    assert ingest_from(upstream, git_landing, gitlab).partial_failures == []
    assert hours_of(git_landing, 7, "first_review", "approved") == [4, 4]
    assert git_landing.sql("SELECT merged_by, approvers FROM change_request") == [("ada", ["cy"])]


COMMITS = {
    "merge": ({"merge_commit_sha": "1" * 40, "squash_commit_sha": "2" * 40}, "1" * 40),
    "squash": ({"squash_commit_sha": "2" * 40}, "2" * 40),
    "fast-forward": ({}, f"{7:039x}a"),
}


@pytest.mark.parametrize("method", COMMITS)
def test_the_commit_on_trunk_follows_the_method_of_merging(
    upstream: Any, git_landing: Any, gitlab: GitLab, method: str
) -> None:
    """The merge commit, else the squashed one, else the last of the branch; an open request has none."""
    fields, sha = COMMITS[method]
    gitlab.merge_request(7, 1, merged=2, **fields)
    gitlab.merge_request(8, 1, **fields)
    gitlab.merge_request(9, 1, state="closed", **fields)
    ingest_from(upstream, git_landing, gitlab)
    rows = git_landing.sql("SELECT number, sha, merged_at IS NULL FROM change_request ORDER BY number")
    assert rows == [("7", sha, False), ("8", None, True), ("9", None, True)]


@pytest.mark.parametrize("links", [True, False])
def test_every_page_is_read(upstream: Any, git_landing: Any, gitlab: GitLab, links: bool) -> None:
    """By the address of the next page, or by number where a proxy drops it."""
    gitlab.links = links
    for number in range(1, 231):
        gitlab.merge_request(number, number / 10)
    assert ingest_from(upstream, git_landing, gitlab).partial_failures == []
    assert git_landing.column("SELECT count(*) FROM change_request") == [230]


@pytest.mark.parametrize("kind", ["short", 502, 429, "reset", "cut", "empty"])
def test_g1_g2_g7_g8_what_passes_loses_no_merge_request(
    upstream: Any, git_landing: Any, gitlab: GitLab, kind: Any
) -> None:
    """A page that is cut, refused or lost is read again."""
    for number in range(1, 121):
        gitlab.merge_request(number, number / 10)
    gitlab.faults.add(Fault("/", kind, after=1))
    assert ingest_from(upstream, git_landing, gitlab).partial_failures == []
    assert gitlab.faults.left == 0
    assert git_landing.column("SELECT count(*) FROM change_request") == [120]


@pytest.mark.parametrize(("kind", "says"), [(401, "401"), ("html", "login page"), (500, "answered 500"), (404, "404")])
def test_g3_g9_g11_a_host_that_fails_loses_only_requests(
    upstream: Any, git_landing: Any, gitlab: GitLab, kind: Any, says: str
) -> None:
    """It is a partial failure without the token, the changes are read, and the next run reads the requests."""
    gitlab.merge_request(1, 1)
    gitlab.faults.add(Fault("/", kind, times=100))
    (failure,) = ingest_from(upstream, git_landing, gitlab).partial_failures
    assert says in failure
    assert TOKEN not in failure
    assert git_landing.changes() == {upstream.head()}
    gitlab.faults.clear()
    assert ingest_from(upstream, git_landing, gitlab).partial_failures == []
    assert git_landing.column("SELECT number FROM change_request") == ["1"]


def test_only_what_changed_is_read_again(upstream: Any, git_landing: Any, gitlab: GitLab) -> None:
    """A second run asks for what was updated since; the first one goes back ``since_days``."""
    gitlab.merge_request(1, 24 * 100, merged=24 * 100)
    gitlab.merge_request(2, 50, merged=50)
    ingest_from(upstream, git_landing, gitlab)
    assert git_landing.column("SELECT number FROM change_request") == ["2"]
    gitlab.merge_request(3, 1, merged=1)
    gitlab.requests.clear()
    ingest_from(upstream, git_landing, gitlab)
    assert sorted(git_landing.column("SELECT number FROM change_request")) == ["2", "3"]
    assert not [path for path in gitlab.requests if "/merge_requests/1/" in path]


def test_a_time_to_come_skips_nothing(upstream: Any, git_landing: Any, gitlab: GitLab) -> None:
    """What is updated tomorrow is read again, and so is what is updated until then."""
    gitlab.merge_request(1, 1, updated_at=text(datetime(2090, 1, 1, tzinfo=UTC)))
    ingest_from(upstream, git_landing, gitlab)
    gitlab.merge_request(2, 1, updated_at=text(datetime.now(UTC) + timedelta(minutes=1)))
    ingest_from(upstream, git_landing, gitlab)
    assert sorted(git_landing.column("SELECT number FROM change_request")) == ["1", "2"]


def test_everything_else_works_without_a_token(
    upstream: Any, git_landing: Any, gitlab: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request is sent, and a note names the empty variable."""
    monkeypatch.delenv("DORA_GITLAB_TOKEN")
    summary = ingest_from(upstream, git_landing, gitlab)
    assert summary.partial_failures == gitlab.requests == []
    assert "DORA_GITLAB_TOKEN contains no token: merge requests are not read" in summary.notes[0]


@pytest.mark.parametrize(
    ("api", "url", "project"),
    [
        ("https://gitlab.com/api/v4", "https://gitlab.com/acme/team/shop.git", "acme/team/shop"),
        ("https://gitlab.com/api/v4", "git@gitlab.com:acme/team/shop.git", "acme/team/shop"),
        ("https://git.example.com/gitlab/api/v4", "https://git.example.com/gitlab/acme/shop.git", "acme/shop"),
        ("https://gitlab.com/api/v4", "https://github.com/acme/shop.git", None),
        ("https://gitlab.com/api/v4", "https://gitlab.com.evil.example/acme/shop", None),
    ],
)
def test_the_token_goes_to_its_own_host_only(api: str, url: str, project: str | None) -> None:
    """Repositories on the API's host have a project with all its groups, others only if it is configured."""
    assert GitLabSettings(api=api).slug(url, None) == project
    assert GitLabSettings(api=api).slug(url, "a/b") == "a/b"


@pytest.mark.parametrize("project", ["acme", "acme/..", "-a/b", "a//b", "a/b?x=1"])
def test_a_project_is_only_a_path(project: str) -> None:
    """A name that leads to another page of the API is refused."""
    with pytest.raises(UsageError, match="group/name"):
        read_settings({"repositories": [{"url": "/a/b", "gitlab": project}], "gitlab": {}})
