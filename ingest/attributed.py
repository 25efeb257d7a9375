"""Which deployments the last build could not follow to their commits: by repository and reason, with their share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dora import warehouse
from ingest.finding import Finding

SHARES = """
WITH judged AS (
  SELECT repository, attribution FROM deployments WHERE took_traffic AND kind NOT IN ('rollback', 'redeploy'))
SELECT repository, attribution, lower(repository) IN (SELECT lower(repository) FROM changes) IS TRUE AS ingested,
  count(*) AS deployments, (SELECT count(*) FROM judged) AS among
FROM judged WHERE attribution NOT IN ('commit', 'version', 'restored')
GROUP BY repository, attribution ORDER BY deployments DESC, repository, attribution
"""


def look(path: Path) -> Iterator[Finding]:
    """One warning for each repository and reason; nothing where there is no build, or one without deployments."""
    if not path.exists():
        return
    con = warehouse.published(path)
    try:
        if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'lineage'").fetchall():
            return
        rows = con.execute(SHARES).fetchall()
    finally:
        con.close()
    for repository, attribution, ingested, count, among in rows:
        says, then = _told(repository, attribution, ingested)
        share = f"{count:,} of {among:,} deployments ({count / among:.0%})"
        yield Finding(f"commits of {repository or 'no repository'}", "warn", f"{share} {says}", then)


def _told(repository: str | None, attribution: str, ingested: bool) -> tuple[str, str]:
    if attribution == "missing":
        return "carry no commit", "let the pipeline carry it."
    if attribution == "ambiguous":
        return "name a commit by too few letters to be one", "let the pipeline carry the whole id."
    if repository and not ingested:
        return "come from it, and it was never ingested", "add it to [sources.git]."
    return "name commits that are not in it", "run `dora ingest git`; if that does not help, it is another repository."
