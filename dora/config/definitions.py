"""The definitions: what counts as production, a failure, a hotfix, and from when to when each time is measured.

Defaults ← ``[definitions]`` ← each ``[[applications]]`` that matches, in the order of dora.toml. Globs of names match
in any case, because names at the source come in every case; globs of paths match exactly.
``python -m dora.config.definitions > docs/definitions.md`` writes the table of all keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from dora.config import applications, teams
from dora.config.patterns import as_tag_patterns, matches
from dora.config.settings import Config
from dora.config.validation import choices, convert
from dora.config.working_hours import PATTERN

NameGlobs = Annotated[tuple[str, ...], Meta(extra={"globs_of": "names"})]
PathGlobs = Annotated[tuple[str, ...], Meta(extra={"globs_of": "paths"})]
Images = Annotated[dict[str, str], Meta(extra={"globs_of": "images"})]
TagPatterns = Annotated[tuple[str, ...], Meta(extra={"globs_of": "tags"})]
Kinds = tuple[Literal["release", "hotfix", "config", "promotion", "rollback", "redeploy"], ...]
LeadTimeStart = Literal["merged_at", "committed_at", "authored_at", "first_commit_at", "opened_at"]
LeadTimeStop = Literal["full_traffic_at", "first_traffic_at", "finished_at"]
RecoveryStart = Literal["full_traffic_at", "first_traffic_at", "incident_opened_at"]


def doc(sentence: str) -> Meta:
    """Return the meaning of a key, for `dora config show`, the pages and docs/definitions.md."""
    return Meta(description=sentence)


class Definitions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The definitions in force for one application."""

    production_environments: Annotated[
        NameGlobs,
        doc("A rollout with a named environment is production if that name matches one of these globs."),
    ] = ("production", "prod")
    production_accounts: Annotated[
        NameGlobs,
        doc("A rollout without a named environment is production if its account matches one of these globs."),
    ] = ()
    production_locations: Annotated[
        NameGlobs, doc("… and its namespace or region matches one of these, if any are set.")
    ] = ()
    production_clusters: Annotated[
        NameGlobs, doc("… and its cluster or workload matches one of these, if any are set.")
    ] = ()
    production_pipelines: Annotated[
        NameGlobs, doc("… and its pipeline's name matches one of these, if any are set.")
    ] = ()
    canary_clusters: Annotated[
        NameGlobs, doc("Clusters that match one of these globs belong to a canary analysis and are not the deployment.")
    ] = ("*-canary", "*-baseline")
    hotfix_branches: Annotated[
        NameGlobs, doc("A deployment of a branch that matches one of these globs is a hotfix.")
    ] = ("hotfix/*",)
    hotfix_subjects: Annotated[
        NameGlobs, doc("A deployment that ships a change whose subject matches one of these globs is a hotfix.")
    ] = (
        "*hotfix/*",
        "hotfix:*",
    )
    hotfix_labels: Annotated[
        NameGlobs, doc("A deployment that ships a change whose pull request has one of these labels is a hotfix.")
    ] = ("hotfix",)
    hotfix_pipelines: Annotated[
        NameGlobs, doc("A deployment by a pipeline that matches one of these globs is a hotfix.")
    ] = ("*hotfix*",)
    rollback_pipelines: Annotated[
        NameGlobs, doc("A deployment by a pipeline that matches one of these globs is a rollback, whatever it deploys.")
    ] = ()
    images: Annotated[
        Images,
        doc(
            "The repository of each image that is the application's own, beside those called like the application, its"
            " workload or its repository: { glob = repository }."
        ),
    ] = msgspec.field(default_factory=dict)
    mutable_tags: Annotated[
        NameGlobs, doc("Tags that move from one image to another: without a digest, the commit of the trigger decides.")
    ] = ("latest", "main", "master", "stable", "prod", "dev")
    tag_patterns: Annotated[
        TagPatterns,
        doc(
            "How a tag of the repository is called for a version: a name with {version}, or a regular expression of the"
            " whole name whose first group is the version."
        ),
    ] = ("{version}", "v{version}")
    template_ignores: Annotated[
        NameGlobs,
        doc(
            "Labels, annotations and variables of a pod template whose change is no change of configuration, by name or"
            " by what their value is."
        ),
    ] = ("*restartedAt", "*spinnaker.io/*", "*moniker*", "value:commit", "value:build", "value:date")
    promotions: Annotated[
        Literal["counted", "joined"],
        doc(
            "Content that served another target counts as a deployment of its own, or joins its first deployment for"
            " at most 7 days."
        ),
    ] = "counted"
    frequency_kinds: Annotated[
        Kinds,
        doc("Succeeded deployments of these kinds count in deployment frequency; other kinds are listed beside it."),
    ] = ("release", "hotfix", "config", "promotion")
    frequency_counts: Annotated[
        Literal["succeeded", "all_deployments"],
        doc(
            "Deployment frequency counts the succeeded deployments of frequency_kinds; or every deployment that ended,"
            " whatever its kind and outcome, as Datadog does."
        ),
    ] = "succeeded"
    failure_kinds: Annotated[
        Kinds, doc("Deployments of these kinds can fail: change failure rate is the share of them that did.")
    ] = ("release", "hotfix", "config", "promotion")
    failure_rate_counts: Annotated[
        Literal["failure_kinds", "with_rollbacks", "all_deployments"],
        doc(
            "Change failure rate is of the deployments of failure_kinds; or rollbacks are in the denominator too; or"
            " every deployment that took traffic, whatever its kind and outcome, as Datadog and GitLab do."
        ),
    ] = "failure_kinds"
    failure_window_hours: Annotated[
        float,
        Meta(gt=0),
        doc(
            "An incident, a revert or a hotfix is attributed to a deployment that took traffic at most this many"
            " hours earlier."
        ),
    ] = 24.0
    failure_verifications: Annotated[
        bool,
        doc("A user who stops a pipeline at a prompt after the deployment served in full marks it as failed."),
    ] = False
    ended_after_days: Annotated[
        float,
        Meta(gt=0),
        doc(
            "An application that is not deployed for this many days may have ended, if another one ships its changes:"
            " its open changes are left out."
        ),
    ] = 60.0
    assistance_markers: Annotated[
        NameGlobs,
        doc("A change with a trailer, author or label of its request that matches one of these globs is AI-assisted."),
    ] = (
        "assisted-by:*",
        "generated-by:*",
        "*generated with *",
        "ai-*",
        "*noreply@anthropic.com*",
        "*copilot*",
        "*cursoragent*",
        "*codex*",
        "*gemini-code*",
        "*devin-ai*",
        "*google-labs-jules*",
        "*openhands*",
        "*(aider)*",
    )
    bot_authors: Annotated[
        NameGlobs, doc("A change whose authors all match one of these globs, and that is not assisted, is of a bot.")
    ] = ("*[bot]*", "*dependabot*", "*renovate*", "*-bot@*", "*-bot <*")
    rollback_blames: Annotated[
        Literal["first", "last"],
        doc(
            "A rollback marks as failed the first deployment after the restored version, or the last one before"
            " the rollback."
        ),
    ] = "first"
    lead_time_unit: Annotated[
        Literal["change", "commit"],
        doc("Lead time is measured per change, an entry on trunk with all of its commits; or per commit."),
    ] = "change"
    count_merges: Annotated[bool, doc("If lead time is measured per commit, merge commits count too.")] = False
    unknown_in_between: Annotated[
        Literal["exclude", "credit"],
        doc(
            "A change that a deployment of unknown content may have shipped before the deployment that is known to have"
            " is left out of lead time, or credited to the known one."
        ),
    ] = "exclude"
    lead_time_starts: Annotated[
        LeadTimeStart,
        doc(
            "Lead time starts when the change is merged to trunk (or its trunk commit is committed, or authored, or"
            " the first of its commits is authored; or its request is opened)."
        ),
    ] = "merged_at"
    lead_time_stops: Annotated[
        LeadTimeStop,
        doc("Lead time stops when the deployment receives all traffic (or its first traffic, or when it finishes)."),
    ] = "full_traffic_at"
    recovery_starts: Annotated[
        RecoveryStart,
        doc(
            "Recovery time starts when the failed deployment receives all traffic (or its first traffic; or its"
            " first incident is opened, if there is one)."
        ),
    ] = "full_traffic_at"
    paths: Annotated[
        PathGlobs,
        doc(
            "In a repository shared by applications, changes that touch one of these paths belong to the"
            " application; if empty, all do."
        ),
    ] = ()
    relevant_change: Annotated[
        float,
        Meta(ge=0),
        doc("A duration, size or rate that moves by less than this part of it is too small a move to be named."),
    ] = 0.1
    relevant_change_of_shares: Annotated[
        float,
        Meta(ge=0),
        doc("A share that moves by less than this (half a point is 0.005) is too small a move to be named."),
    ] = 0.005
    working_hours: Annotated[
        str,
        Meta(pattern=PATTERN),
        doc(
            "A production change outside these days and hours, in the organisation's time zone, is an audit exception."
        ),
    ] = "Mon-Fri 09:00-18:00"


class Key(NamedTuple):
    """One key of the definitions. ``globs_of`` is names, paths or images, None for other values."""

    description: str
    default: object
    choices: tuple[str, ...]
    globs_of: str | None


@cache
def definition_keys() -> Mapping[str, Key]:
    """Return every key of the definitions by name, in the order of the class."""
    keys = {}
    for field in msgspec.inspect.type_info(Definitions).fields:  # type: ignore[attr-defined]
        description, extra = field.type.extra_json_schema["description"], field.type.extra or {}
        default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
        keys[field.name] = Key(description, default, choices(field.type), extra.get("globs_of"))
    return keys


def validate(config: Config) -> None:
    """Raise ``UsageError`` for a definition, an override or a team in the settings that is not valid."""
    definitions: Definitions = convert(config.definitions, Definitions, "[definitions]")
    as_tag_patterns(definitions.tag_patterns)
    for entry in applications.read_entries(config):
        convert(entry.overrides, Definitions, "[[applications]]")
    teams.read_rules(config)


def resolve(config: Config, application: str) -> Definitions:
    """Return the definitions in force for an application. Raises ``UsageError`` for an invalid key or value."""
    return resolve_all(config, [application])[application]


def resolve_all(config: Config, names: Iterable[str]) -> dict[str, Definitions]:
    """Return the definitions in force for each application. Raises ``UsageError`` for an invalid key or value."""
    entries = applications.read_entries(config)
    # Most applications share their definitions with many others: those that the same entries match.
    resolved: dict[tuple[int, ...], Definitions] = {}
    definitions = {}
    for name in names:
        places = tuple(place for place, entry in enumerate(entries) if matches(name, entry.match))
        if places not in resolved:
            values = dict(config.definitions)
            for place in places:
                values |= entries[place].overrides
            resolved[places] = convert(values, Definitions, "[definitions]")
        definitions[name] = resolved[places]
    return definitions


def describe_definition(table: str, column: str) -> str:
    """Return the meaning of a definition for its column in the table ``definitions``; empty for any other column."""
    key = definition_keys().get(column) if table == "definitions" else None
    return key.description if key else ""


def to_markdown() -> str:
    """Return docs/definitions.md: all keys, with their defaults, choices and meaning."""
    about = "Keys of `[definitions]` in dora.toml. `[[applications]]` overrides them for the applications that `match`."
    lines = ["# Definitions", "", about, "", "| key | default | choices | meaning |", "|---|---|---|---|"]
    for name, key in definition_keys().items():
        default = msgspec.json.encode(key.default).decode().replace(",", ", ").removesuffix(".0")
        lines.append(f"| `{name}` | `{default}` | {', '.join(key.choices)} | {key.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(to_markdown(), end="")
