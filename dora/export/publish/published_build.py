"""What everything published says about the build that it was made from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from dora.api import Delivery

Instant = Annotated[str, Meta(description="An instant in UTC, ISO 8601.", extra_json_schema={"format": "date-time"})]


class Build(Struct, kw_only=True):
    """The data that the document is made from."""

    as_of: Annotated[Instant | None, Meta(description="Up to when the data is known; null without any data.")]
    built_at: Instant
    build_id: str
    definitions_hash: Annotated[str, Meta(description="Equal hashes mean equal definitions.")]
    version: Annotated[str, Meta(description="Version of dora.")]
    timezone: Annotated[str, Meta(description="Zone of the local days and weeks.")]


def describe_build(delivery: Delivery) -> Build:
    """Return what a build says about itself."""
    about = delivery.about()
    return Build(
        as_of=to_instant(about["as_of"]),
        built_at=to_instant(about["built_at"]) or "",
        **{name: about[name] for name in ("build_id", "definitions_hash", "version", "timezone")},
    )


def to_instant(moment: datetime | None) -> str | None:
    """Return an instant as text; one without a zone is in UTC."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return f"{utc.isoformat(timespec='seconds')}Z"
