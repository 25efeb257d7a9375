"""Whether each repository can be reached, whether its mirror is there, whole and up to date, and what it explains."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dora.errors import DoraError, counted
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.git.command import Repo
from ingest.git.mirror import FETCHED, Mirror, Tips

LONGEST = 30.0
NEXT = "run `dora ingest git`."


def check_mirror(mirror: Mirror, tips: Tips, context: SourceContext) -> Iterator[DoctorFinding]:
    """What can be told of one mirror, which was read up to ``tips``; nothing is fetched."""
    name, git = mirror.repository.name, mirror.git
    part, explains = f"git {name}", context.describe_share(name)
    if not (git.path / "HEAD").exists():
        yield DoctorFinding(part, "warn", f"it has no mirror yet; {explains}", NEXT)
        return
    rest = f"{_fetched(git.path)}; {_ahead(git, tips, context.deployments_of(name).latest_commit)}{explains}"
    if (git.path / "shallow").exists():
        says = "its mirror is shallow: older changes are missing, and ancestry can not be told"
        yield DoctorFinding(part, "fail", f"{says}; {rest}", "move the mirror away, and ingest from a whole clone.")
    try:
        there = _refs(git.run("ls-remote", "--heads", "--", "origin"))
        behind = there - _refs(git.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"))
    except DoraError as error:
        says = f"it can not be compared: {error.happened.rstrip('.')}"
        yield DoctorFinding(part, "fail", f"{says}; {rest}", "check its address and our access.")
        return
    if behind:
        says = f"its mirror is behind on {counted(len(behind), 'branch', 'branches')}; {rest}"
        yield DoctorFinding(part, "warn", says, NEXT)
    else:
        yield DoctorFinding(part, "ok", f"its mirror is there and up to date; {rest}")


def _fetched(path: Path) -> str:
    """How long ago the mirror was fetched."""
    if not (path / FETCHED).exists():
        return "no fetch of it has ended well"
    at = datetime.fromtimestamp((path / FETCHED).stat().st_mtime, UTC)
    hours = (datetime.now(UTC) - at).total_seconds() / 3600
    return f"fetched {at:%Y-%m-%d %H:%M} UTC, {hours:,.0f} h ago"


def _ahead(git: Repo, tips: Tips, deployed: str | None) -> str:
    """How far the trunk is ahead of the commit that was deployed last, where one is known."""
    if not (tips.lines and deployed):
        return ""
    branch, tip = next(iter(tips.lines.items()))
    try:
        count = int(git.run("rev-list", "--count", "--first-parent", tip, f"^{deployed}", "--"))
    except DoraError:
        return f"{deployed[:12]}, which was deployed last, is not in it; "
    changes = "1 change" if count == 1 else f"{count:,} changes"
    return f"{branch} is at {tip[:12]}, {changes} ahead of {deployed[:12]}, which was deployed last; "


def _refs(listed: bytes) -> set[tuple[str, str]]:
    """Commit and name of each branch, of lines that put white space between them."""
    pairs = (line.split(maxsplit=1) for line in listed.decode("utf-8", "replace").splitlines())
    return {(sha, ref) for sha, ref in pairs}
