"""Why numbers of a build are empty, and which globs of the settings match nothing: with the lines to paste."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dora.config import applications, teams
from dora.config.definitions import definition_keys
from dora.config.patterns import matches
from dora.config.proposals import TargetUse, names_production, propose_production
from dora.config.settings import Config
from dora.config.settings_text import RepositoryLine, array, production_lines, repository_lines
from dora.errors import counted, suggest
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection

MAX_NAMES = 4  # of accounts or repositories in a sentence
DEPLOYS = "action = 'deploy' AND status <> 'skipped'"
TARGETS = f"""
SELECT rollout.account, rollout.location, any_value(nullif(account.environment, account.account)) AS environment,
  count(DISTINCT rollout.execution_id)
FROM landing.rollout
LEFT JOIN landing.account ON rollout.source = account.source AND rollout.account = account.account
WHERE {DEPLOYS} AND rollout.account IS NOT NULL AND rollout.environment IS NULL
GROUP BY rollout.account, rollout.location ORDER BY ALL
"""  # noqa: S608 - our constant
ENVIRONMENTS = f"""
SELECT environment, count(DISTINCT execution_id) AS deployments FROM landing.rollout
WHERE {DEPLOYS} AND environment IS NOT NULL GROUP BY environment ORDER BY deployments DESC, environment
"""  # noqa: S608 - our constant
REPOSITORIES = f"""
SELECT any_value(repository ORDER BY repository), count(DISTINCT id) AS deployments FROM landing.execution
WHERE repository IS NOT NULL AND id IN (SELECT execution_id FROM landing.rollout WHERE {DEPLOYS})
  AND lower(repository) NOT IN (SELECT lower(repository) FROM landing.commit)
GROUP BY lower(repository) ORDER BY deployments DESC, lower(repository)
"""  # noqa: S608 - our constant
# The names that globs of a key of the definitions are of.
NAMES = {
    "environment": "SELECT environment FROM landing.rollout",
    "account": "SELECT account FROM landing.rollout UNION SELECT account FROM landing.account",
    "location": "SELECT location FROM landing.rollout",
    "cluster": "SELECT cluster FROM landing.rollout",
    "pipeline": "SELECT pipeline FROM landing.execution UNION SELECT pipeline FROM landing.pipeline",
    # The spellings of the settings are among them, whether or not there is such an application.
    "application": "SELECT unnest([spelling, name]) FROM name_spellings WHERE kind = 'application'"
    " AND name IN (SELECT application FROM memberships)",
}
KINDS = {
    "production_environments": "environment", "production_accounts": "account", "production_locations": "location",
    "production_clusters": "cluster", "canary_clusters": "cluster", "production_pipelines": "pipeline",
    "rollback_pipelines": "pipeline", "hotfix_pipelines": "pipeline",
}  # fmt: skip
FAILURE_TIMES = "detection_time repair_time time_to_restore"


class Hint(NamedTuple):
    """Something that the settings lack: what it is, the lines to paste, and the metrics that are empty without it.

    ``metrics`` are separated by spaces, ``*`` stands for all; none if no number is empty.
    """

    name: str
    sentence: str
    lines: str = ""
    metrics: str = ""


def write_hints(con: Connection, config: Config) -> None:
    """Create ``hints``, one row for each thing that the settings lack."""
    con.execute("CREATE TABLE hints (name VARCHAR, sentence VARCHAR, lines VARCHAR, metrics VARCHAR)")
    hints = [*_production(con, config), *_repositories(con, config), *_incidents(con, config), *_globs(con, config)]
    insert_rows(con, "hints", hints)


def _production(con: Connection, config: Config) -> Iterator[Hint]:
    if con.execute("SELECT 1 FROM deployments LIMIT 1").fetchall():
        return
    uses = [TargetUse(*row) for row in con.execute(TARGETS).fetchall()]
    environments = con.execute(ENVIRONMENTS).fetchall()
    if not uses and not environments:
        return
    if uses:
        proposal = propose_production(uses)
        seen = [(f"{each.account} ({each.reason})", each.deployments) for each in proposal.accounts]
        lines = production_lines(proposal, confirmed=True)
        if not proposal.names:
            lines = ['production_accounts = ["ACCOUNT"]  # one or more of these:', *lines]
        key, kind = "production_accounts", "account"
    else:
        names = [name for name, _ in environments]
        seen = environments
        lines = [f"production_environments = {array([name for name in names if names_production(name)] or names[:1])}"]
        key, kind = "production_environments", "environment"
    configured = config.definitions.get(key)
    why = f"{key} matches no {kind}" if configured else f"{key} is not set"
    listed = "; ".join(f"{name}: {counted(count, 'deployment')}" for name, count in seen[:MAX_NAMES])
    more = f"; and {counted(len(seen) - MAX_NAMES, f'more {kind}')}" if len(seen) > MAX_NAMES else ""
    sentence = f"Nothing is production: {why} in [definitions]. Deployed to: {listed}{more}."
    yield Hint("no_production", sentence, "\n".join(["[definitions]", *lines]), "*")


def _repositories(con: Connection, config: Config) -> Iterator[Hint]:
    rows = con.execute(REPOSITORIES).fetchall()
    if not rows:
        return
    listed = ", ".join(f"{name} ({counted(count, 'deployment')})" for name, count in rows[:MAX_NAMES])
    more = f" and {len(rows) - MAX_NAMES:,} more" if len(rows) > MAX_NAMES else ""
    has_changes = con.execute("SELECT 1 FROM landing.change LIMIT 1").fetchall()
    subject = counted(len(rows), "repository", "repositories")
    sentence = f"{subject} that deployments name {'is' if len(rows) == 1 else 'are'} not ingested: {listed}{more}."
    addresses = [RepositoryLine(name, _address(name, config), count) for name, count in rows]
    entries = repository_lines(addresses)
    in_section = "git" in config.sources
    lines = (
        ["# in repositories of [sources.git]:", *entries]
        if in_section
        else ["[sources.git]", "repositories = [", *entries, "]"]
    )
    if any(line.address is None for line in addresses):
        sentence += " `dora init --repositories FOLDER_OR_HOST` prints their addresses."
    yield Hint("no_repository", sentence, "\n".join(lines), "" if has_changes else "lead_time batch_size")


def _address(name: str, config: Config) -> str | None:
    """Return where a repository is if others of the settings are at one host: their address with this name."""
    section = config.sources.get("git", {}).get("repositories", [])
    for url in (str(entry.get("url", "")) for entry in section if isinstance(entry, dict)):
        other = "/".join(url.replace(":", "/").rstrip("/").split("/")[-2:])
        if not url.startswith(("/", ".", "~")) and other and url.endswith(other):
            return f"{url.removesuffix(other)}{name}{'.git' if url.endswith('.git') else ''}"
    return None


def _incidents(con: Connection, config: Config) -> Iterator[Hint]:
    has_deployments = con.execute("SELECT 1 FROM deployments LIMIT 1").fetchall()
    if has_deployments and not con.execute("SELECT 1 FROM landing.incident LIMIT 1").fetchall():
        sentence = "No incident is ingested: failures are known by rollbacks and fixes forward alone."
        key = "# in paths of [sources.files]:" if "files" in config.sources else "[sources.files]"
        lines = f'{key}\npaths = ["exports/incidents-*.csv"]  # id, application, opened_at, resolved_at'
        yield Hint("no_incidents", sentence, lines, FAILURE_TIMES)


def _globs(con: Connection, config: Config) -> Iterator[Hint]:
    """Yield a hint for each glob of the settings that matches no name anywhere, with the nearest names."""
    names: dict[str, list[str]] = {}
    for place, kind, glob in dict.fromkeys(_settings_globs(config)):
        if kind not in names:
            names[kind] = [name for (name,) in con.execute(NAMES[kind]).fetchall() if name]
        if names[kind] and not any(matches(name, [glob]) for name in names[kind]):
            meant = suggest(glob.strip("*?-_ ") or glob, names[kind])
            yield Hint(f"glob {place} {glob}", f'{place}: "{glob}" matches no {kind}: {meant}')


def _settings_globs(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield where a glob is, of what it is, and the glob itself; a default of ours is no glob of the settings."""
    tables = [("[definitions]", config.definitions)]
    for entry in applications.read_entries(config):
        tables.append(("[[applications]]", entry.overrides))
        yield from (("[[applications]] match", "application", glob) for glob in entry.match)
    for place, table in tables:
        for key in definition_keys().keys() & table.keys() & KINDS.keys():
            yield from ((f"{place} {key}", KINDS[key], glob) for glob in table[key])
    for rule in teams.read_rules(config):
        yield f"[teams] {rule.team}", "application", rule.match
