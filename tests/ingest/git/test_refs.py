"""Tags and heads of requests in landing."""

from __future__ import annotations

from tests.ingest.git.conftest import GitLanding, Upstream

SETTINGS = {"name": "acme/shop"}


def test_tags_name_the_commit_that_they_point_at(upstream: Upstream, git_landing: GitLanding) -> None:
    """Annotated tags, also of a tag, and plain ones; one of a file is none."""
    first = upstream.commit("one")
    upstream.git("tag", "v1")
    upstream.git("tag", "-a", "release/2", "-m", "two")
    upstream.git("tag", "-a", "again", "-m", "a tag of a tag", "release/2")
    upstream.git("tag", "file", "HEAD:file")
    git_landing.run({"url": str(upstream.path), **SETTINGS})
    tags = git_landing.sql("SELECT name, sha, is_annotated, tagged_at IS NOT NULL FROM tag ORDER BY name")
    assert tags == [("again", first, True, True), ("release/2", first, True, True), ("v1", first, False, False)]


def test_only_refs_that_changed_are_landed_again(upstream: Upstream, git_landing: GitLanding) -> None:
    """A new tag on an old commit lands; a moved one keeps both commits; nothing new yields nothing."""
    first = upstream.commit("one")
    for number in range(300):
        upstream.git("tag", f"v{number}")
    repository = {"url": str(upstream.path), **SETTINGS}
    git_landing.run(repository)
    assert git_landing.run(repository).documents == 0
    upstream.git("tag", "late")
    summary = git_landing.run(repository)
    assert summary.documents == 1
    assert git_landing.column("SELECT count(*) FROM tag") == [301]
    second = upstream.commit("two")
    upstream.git("tag", "--force", "late")
    git_landing.run(repository)
    assert set(git_landing.column("SELECT sha FROM tag WHERE name = 'late'")) == {first, second}


def test_heads_of_requests_are_read_with_their_commits(upstream: Upstream, git_landing: GitLanding) -> None:
    """GitHub, GitLab and Bitbucket Server keep them under their own names; a request that gets a commit moves."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "-b", "topic")
    head = upstream.commit("on a branch")
    for ref in ("pull/1/head", "merge-requests/2/head", "pull-requests/3/from", "pull/1/merge"):
        upstream.git("update-ref", f"refs/{ref}", head)
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "--quiet", "-D", "topic")
    repository = {"url": str(upstream.path), **SETTINGS}
    git_landing.run(repository)
    assert git_landing.sql("SELECT number, sha FROM request_head ORDER BY number") == [
        ("1", head), ("2", head), ("3", head),
    ]  # fmt: skip
    assert len(git_landing.column(f"SELECT tree FROM commit WHERE sha = '{head}' AND len(tree) = 16")) == 1
    upstream.git("checkout", "--quiet", head)
    later = upstream.commit("one more")
    upstream.git("update-ref", "refs/pull/1/head", later)
    upstream.git("checkout", "--quiet", "main")
    git_landing.run(repository)
    assert git_landing.column("SELECT sha FROM request_head WHERE number = '1'") == [later]
