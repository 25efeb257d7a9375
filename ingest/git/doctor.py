"""Check each repository: access, a complete and current mirror, and the deployments whose commits it contains."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dora.errors import DoraError, counted
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.git.mirror import LAST_FETCH, Mirror, Tips

TIMEOUT_SECONDS = 30.0  # a person waits, so a server that hangs is reported sooner than by a nightly run
NEXT = "run `dora ingest git`."


def check_mirror(mirror: Mirror, tips: Tips, context: SourceContext) -> Iterator[DoctorFinding]:
    """Yield the findings on one mirror, which was ingested up to ``tips``; nothing is fetched."""
    name, git = mirror.repository.name, mirror.git
    check, share = f"git {name}", context.describe_share(name)
    if not (git.path / "HEAD").exists():
        yield DoctorFinding(check, "warn", f"not fetched yet; {share}", NEXT)
        return
    deployed_sha = context.deployments_of(name).latest_commit
    distance = _describe_distance(mirror, tips, deployed_sha) if deployed_sha and tips.trunks else ""
    details = f"{_describe_age(git.path)}; {distance}{share}"
    if (git.path / "shallow").exists():
        message = f"the mirror is shallow: older changes are missing, and ancestors are unknown; {details}"
        yield DoctorFinding(check, "fail", message, "delete the mirror, and ingest from a full clone.")
    try:
        origin_heads = _parse_refs(git.run("ls-remote", "--heads", "--", "origin"))
        heads = _parse_refs(git.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"))
    except DoraError as error:
        message = f"the repository can not be read: {error.happened.rstrip('.')}; {details}"
        yield DoctorFinding(check, "fail", message, "check its url in dora.toml, and the access of this user.")
        return
    if outdated := origin_heads - heads:
        message = f"the mirror is behind on {counted(len(outdated), 'branch', 'branches')}; {details}"
        yield DoctorFinding(check, "warn", message, NEXT)
    else:
        yield DoctorFinding(check, "ok", f"the mirror is up to date; {details}")


def _describe_age(mirror_path: Path) -> str:
    if not (mirror_path / LAST_FETCH).exists():
        return "never fetched successfully"
    fetched_at = datetime.fromtimestamp((mirror_path / LAST_FETCH).stat().st_mtime, UTC)
    hours = (datetime.now(UTC) - fetched_at).total_seconds() / 3600
    return f"fetched {fetched_at:%Y-%m-%d %H:%M} UTC, {hours:,.0f} h ago"


def _describe_distance(mirror: Mirror, tips: Tips, deployed_sha: str) -> str:
    """Return how far the trunk is ahead of the commit that was deployed last."""
    branch, tip = next(iter(tips.trunks.items()))
    try:
        count = int(mirror.git.run("rev-list", "--count", "--first-parent", tip, f"^{deployed_sha}", "--"))
    except DoraError:
        return f"the last deployed commit {deployed_sha[:12]} is not in the mirror; "
    return f"{branch} is at {tip[:12]}, {counted(count, 'change')} ahead of the last deployed {deployed_sha[:12]}; "


def _parse_refs(output: bytes) -> set[tuple[str, str]]:
    """Return commit and name of each branch; ls-remote separates them by a tab, for-each-ref by a space."""
    pairs = (line.split(maxsplit=1) for line in output.decode("utf-8", "replace").splitlines())
    return {(sha, ref) for sha, ref in pairs}
