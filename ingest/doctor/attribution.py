"""Check which deployments of the last build have no known commit or one beside the trunk; say what to configure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dora.errors import DoraError
from dora.storage import database
from ingest.doctor.finding import DoctorFinding, RepositoryDeployments, SourceContext

# A rollback or redeploy repeats the commit of an earlier deployment, so it would count the same problem again.
RELEASES = """
WITH releases AS (
  SELECT application, repository, commit, traffic_at, attribution,
    attribution IN ('commit', 'tag', 'version', 'restored') AS is_attributed
  FROM deployments WHERE took_traffic AND kind NOT IN ('rollback', 'redeploy'))
"""
BY_REPOSITORY = """
SELECT lower(repository), count(*) FILTER (is_attributed), count(*) FILTER (NOT is_attributed),
  arg_max(commit, traffic_at) FILTER (is_attributed)
FROM releases GROUP BY ALL
"""
UNATTRIBUTED = """
SELECT application, repository, attribution,
  lower(repository) IN (SELECT lower(repository) FROM changes) IS TRUE AS is_ingested, count(*) AS deployments,
  (SELECT count(*) FROM releases others WHERE others.application = releases.application) AS total
FROM releases WHERE NOT is_attributed
GROUP BY application, repository, attribution ORDER BY deployments DESC, application, repository, attribution
"""
OFF_TRUNK = """
SELECT application, repository, count(*) FILTER (is_off_trunk) AS deployments, count(*) AS total
FROM deployed_commits GROUP BY application, repository HAVING deployments > 0 ORDER BY deployments DESC, application
"""


def read_deployments(path: Path) -> SourceContext:
    """Return the deployments of each repository in the build at ``path``; empty if there is no readable build."""
    with suppress(DoraError):
        rows = _query_build(path, BY_REPOSITORY)
        return SourceContext(
            deployments_by_repository={name: RepositoryDeployments(*counts) for name, *counts in rows if name},
            total_deployments=sum(attributed + unattributed for _, attributed, unattributed, _ in rows),
        )
    return SourceContext()


def check_attribution(path: Path) -> Iterator[DoctorFinding]:
    """Yield a warning for each application, repository and reason; none if there is no build or no deployment."""
    for application, repository, attribution, is_ingested, count, total in _query_build(path, UNATTRIBUTED):
        problem, next_step = _explain(repository, attribution, is_ingested)
        yield _warn(
            application, repository, f"{count:,} of {total:,} deployments ({count / total:.0%}) {problem}", next_step
        )
    for application, repository, count, total in _query_build(path, OFF_TRUNK):
        share = f"{count:,} of {total:,} deployments ({count / total:.0%})"
        yield _warn(
            application,
            repository,
            f"{share} are of commits beside the trunk, which ship only what they reach",
            "let the host serve the heads of requests (refs/pull/*/head, refs/merge-requests/*/head), set"
            " [sources.git.github], or name the branch in `trunk` of [sources.git].",
        )


def _warn(application: str, repository: str | None, message: str, next_step: str) -> DoctorFinding:
    return DoctorFinding(f"commits of {application} in {repository or 'no repository'}", "warn", message, next_step)


def _query_build(path: Path, query: str) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    con = database.open_build(path)
    try:
        # A build of a failed or much earlier version may lack the tables.
        if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'deployed_commits'").fetchall():
            return []
        return con.execute(RELEASES + query).fetchall()
    finally:
        con.close()


def _explain(repository: str | None, attribution: str, is_ingested: bool) -> tuple[str, str]:
    if attribution == "missing":
        return (
            "have no commit",
            "let the pipeline record the commit, or set `tag_patterns` and `images` in [definitions] of dora.toml.",
        )
    if attribution == "ambiguous":
        return (
            "have an abbreviated commit id or a tag that means several commits",
            "let the pipeline record the full id, or set `tag_patterns`.",
        )
    if repository and not is_ingested:
        return "are from this repository, which was never ingested", "add it to [sources.git] of dora.toml."
    return (
        "have a commit that is not in this repository",
        "run `dora ingest git`; if that does not help, the pipeline names the wrong repository.",
    )
