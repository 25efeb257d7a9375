"""Events of the organisation that people note, such as a freeze or a migration."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import Micros, Row, Text, Texts, Time


class Event(Row, frozen=True, kw_only=True):
    """One event that may explain the numbers; without applications and teams it concerns all."""

    began_at: Annotated[Time, "When it happened, or began."]
    ended_at: Annotated[Micros, "When it ended; null if it is a moment, or has no end."] = None
    kind: Annotated[str, "freeze, migration, reorganisation, template or other."]
    title: Annotated[str, "Title."]
    applications: Annotated[Texts, "Applications that it concerns."] = None
    teams: Annotated[Texts, "Teams that it concerns, with all of their applications."] = None
    url: Annotated[Text, "Where to read about it."] = None
