"""Names of the files of parts in a store."""

from __future__ import annotations

CURRENT = "current"  # the id of the build that was published last
LANDING, BUILDS = "landing", "builds"
PLAN, CONTROL, SUCCESS = "plan.json", "control.json", "_SUCCESS"


def build_folder(build_id: str) -> str:
    """Return the folder of a build."""
    return f"{BUILDS}/{build_id}"


def rows_folder(snapshot: str, part: int | None) -> str:
    """Return the folder of the landing rows of a part, and of the facts of the whole that it needs.

    That of no part has an empty file of each table.
    """
    return f"{LANDING}/{snapshot}/{_part(part)}"


def late_folder(build_id: str, number: int, part: int | None) -> str:
    """Return the folder of what a part needs of the models of all parts, as a pass of a build knows it."""
    return f"{build_folder(build_id)}/late={number}/{_part(part)}"


def result_folder(build_id: str, part: int, attempt: int) -> str:
    """Return the folder of the tables that an attempt at a part built."""
    return f"{build_folder(build_id)}/part={part:02}/attempt={attempt}"


def _part(part: int | None) -> str:
    return "empty" if part is None else f"part={part:02}"
