"""What is known of a source before a run: what it need not ask again, and which of its inputs could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

OPEN = "('running', 'not_started')"
_JUDGED = f"SELECT id FROM canary_judgment WHERE source = $1 AND status NOT IN {OPEN}"  # noqa: S608 - a constant
_AWAITED = f"""
SELECT DISTINCT judgment_id
FROM canary_interval
WHERE source = $1 AND judgment_id IS NOT NULL AND status NOT IN {OPEN} AND judgment_id NOT IN ({_JUDGED})
  AND finished_at > (SELECT max(finished_at) - to_days($2) FROM canary_interval WHERE source = $1)
ORDER BY ALL
"""  # noqa: S608 - constants
_CONFIGURED = "SELECT id, epoch_us(updated_at) FROM pipeline WHERE source = $1 AND updated_at IS NOT NULL"

_KEPT = "SELECT id, kind, reason, excerpt FROM quarantine WHERE source = $1 AND resolved_at IS NULL ORDER BY id"


def judged(con: Connection, source: str) -> frozenset[str]:
    """Ids of the canary judgments that were read after they had ended."""
    return frozenset(identity for (identity,) in con.execute(_JUDGED, [source]).fetchall())


def awaited(con: Connection, source: str, days: int) -> list[str]:
    """Ids of the canary judgments that ended in the last days and were never read."""
    return [identity for (identity,) in con.execute(_AWAITED, [source, days]).fetchall()]


def configured(con: Connection, source: str) -> dict[str, int]:
    """When each pipeline was last changed, in microseconds since 1970, as far as that is known."""
    return dict(con.execute(_CONFIGURED, [source]).fetchall())


def quarantined(con: Connection, source: str) -> list[tuple[str, str, str, str | None]]:
    """Id, kind, reason and excerpt of what could not be read, and was not read well since."""
    return con.execute(_KEPT, [source]).fetchall()
