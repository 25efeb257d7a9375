"""What `dora publish json` says of an organisation, a team or an application. Its JSON Schema is made from these types.

``SCHEMA_VERSION`` rises when a field is removed or means something else; a new field does not change it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from dora.export.publish.published_build import Build, Instant

SCHEMA_VERSION: Literal[1] = 1
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Day = Annotated[str, Meta(description="A local day, ISO 8601.", extra_json_schema={"format": "date"})]
Count = Annotated[int, Meta(ge=0)]
Number = Annotated[float | None, Meta(description="A number in the unit of the metric; null if there is none.")]
Reason = Annotated[str | None, Meta(description="Why there is no value; null if there is one.")]
Low = Annotated[float | None, Meta(description="Lower end of the 95 % confidence interval; null without a bound.")]
High = Annotated[float | None, Meta(description="Upper end of the 95 % confidence interval; null without a bound.")]
Observations = Annotated[Count, Meta(description="Observations behind the value (n).")]
Pending = Annotated[Count, Meta(description="How many of them are still pending.")]
Path = Annotated[str, Meta(description="Path of the document from the folder of the index.")]


class Week(Struct, kw_only=True):
    """The value of a metric in one local week."""

    week: Annotated[Day, Meta(description="Its Monday.")]
    value: Number
    reason: Reason
    low: Low
    high: High
    n: Observations
    pending: Pending
    partial: Annotated[bool, Meta(description="The week is not complete, or cut by the window.")]


class Measure(Struct, kw_only=True):
    """The value of a metric in the window, and its weeks."""

    title: str
    question: Annotated[str, Meta(description="The question that the metric answers.")]
    unit: str
    statistic: Annotated[str, Meta(description="How observations add up, such as median or share.")]
    better: Literal["higher", "lower"]
    value: Number
    text: Annotated[str, Meta(description="The value with its unit for people; a dash if there is none.")]
    reason: Reason
    low: Low
    high: High
    n: Observations
    pending: Pending
    excluded: Annotated[dict[str, int], Meta(description="How many observations do not count, by reason.")]
    incomplete: Annotated[str | None, Meta(description="Why the value is incomplete; null if it is complete.")]
    weeks: list[Week]


class Window(Struct, kw_only=True):
    """The window of the values: from ``since`` (null: the beginning of the history) to ``until``, not included."""

    since: Instant | None
    until: Instant | None


class Document(Struct, kw_only=True):
    """The metrics of the organisation, of a team or of an application."""

    schema: Annotated[str, Meta(description="Path of this schema.")] = msgspec.field(name="$schema")
    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["organisation", "team", "application"]
    name: Annotated[str | None, Meta(description="Name of the team or application; null for the organisation.")]
    teams: Annotated[list[str], Meta(description="Of an application its teams, of the organisation all teams.")]
    applications: Annotated[list[str], Meta(description="Of a team or the organisation its applications.")]
    window: Window
    build: Build
    metrics: dict[str, Measure]


class Entry(Struct, kw_only=True):
    """One document."""

    name: str
    path: Path


class Index(Struct, kw_only=True):
    """All documents of the folder."""

    schema: Annotated[str, Meta(description="Path of this schema.")] = msgspec.field(name="$schema")
    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["index"] = "index"
    window: Window
    build: Build
    organisation: Path
    teams: list[Entry]
    applications: list[Entry]


def make_schema() -> dict[str, Any]:
    """Return the JSON Schema of every document, the index included."""
    schemas, definitions = msgspec.json.schema_components((Document, Index), ref_template="#/$defs/{name}")
    return {
        "$schema": DRAFT,
        "title": "What `dora publish json` writes",
        "description": f"Version {SCHEMA_VERSION}. A value is null with a reason, never 0, where there is no data.",
        "anyOf": list(schemas),
        "$defs": definitions,
    }
