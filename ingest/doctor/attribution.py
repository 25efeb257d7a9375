"""Which deployments the last build could not follow to their commits: by repository and reason, with their share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dora.errors import DoraError
from dora.storage import database
from ingest.doctor.finding import DoctorFinding, RepositoryDeployments, SourceContext

JUDGED = """
WITH judged AS (
  SELECT repository, commit, traffic_at, attribution, attribution IN ('commit', 'version', 'restored') AS followed
  FROM deployments WHERE took_traffic AND kind NOT IN ('rollback', 'redeploy'))
"""
DEPLOYED = """
SELECT lower(repository), count(*) FILTER (followed), count(*) FILTER (NOT followed),
  arg_max(commit, traffic_at) FILTER (followed)
FROM judged GROUP BY ALL
"""
SHARES = """
SELECT repository, attribution, lower(repository) IN (SELECT lower(repository) FROM changes) IS TRUE AS ingested,
  count(*) AS deployments, (SELECT count(*) FROM judged) AS among
FROM judged WHERE NOT followed
GROUP BY repository, attribution ORDER BY deployments DESC, repository, attribution
"""


def read_deployments(path: Path) -> SourceContext:
    """What the last build knows of each repository's deployments; nothing where there is none to be read."""
    with suppress(DoraError):
        rows = _asked(path, DEPLOYED)
        told = {name: RepositoryDeployments(followed, lost, latest) for name, followed, lost, latest in rows if name}
        return SourceContext(
            deployments_by_repository=told, total_deployments=sum(followed + lost for _, followed, lost, _ in rows)
        )
    return SourceContext()


def check_attribution(path: Path) -> Iterator[DoctorFinding]:
    """One warning for each repository and reason; nothing where there is no build, or one without deployments."""
    rows = _asked(path, SHARES)
    for repository, attribution, ingested, count, among in rows:
        says, then = _told(repository, attribution, ingested)
        share = f"{count:,} of {among:,} deployments ({count / among:.0%})"
        yield DoctorFinding(f"commits of {repository or 'no repository'}", "warn", f"{share} {says}", then)


def _asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    con = database.open_build(path)
    try:
        if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'changes'").fetchall():
            return []
        return con.execute(JUDGED + query).fetchall()
    finally:
        con.close()


def _told(repository: str | None, attribution: str, ingested: bool) -> tuple[str, str]:
    if attribution == "missing":
        return "carry no commit", "let the pipeline carry it."
    if attribution == "ambiguous":
        return "name a commit by too few letters to be one", "let the pipeline carry the whole id."
    if repository and not ingested:
        return "come from it, and it was never ingested", "add it to [sources.git]."
    return "name commits that are not in it", "run `dora ingest git`; if that does not help, it is another repository."
