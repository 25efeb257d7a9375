"""What a digest says, before it has the form of a channel: plain values, none of them escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dora import periods
from dora.analysis.brief.brief import Brief
from dora.api import Delivery
from dora.query.value import Scope
from dora.render.text import readable

SILENT, EMPTY = "Nothing needs a decision.", "Nothing to compare in this window."
MAX_TEXT = 2900  # characters of one sentence or row: Slack takes 3,000 in a section
MAX_ROWS = 12  # of a picture
MAX_ALT = 1900  # characters of the text of a picture: Slack takes 2,000


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the brief: ``headline`` with the number, the ``rest``, and the rows behind it.

    ``label`` says what the rows are, ``href`` where they are, null without a dashboard, ``command`` what lists them.
    ``verdict`` is better, worse or not significant.
    """

    headline: str
    rest: str
    verdict: str
    label: str
    href: str | None
    command: str


@dataclass(frozen=True, slots=True)
class Message:
    """One digest. ``rows`` are the scorecard as text by the titles of its columns, ``notes`` what stands below it.

    ``silent`` is the sentence of a brief without sentences. ``href`` is the dashboard. ``draw`` returns the first rows
    of the scorecard as PNG at a scale. Both may be null.
    """

    title: str
    period: str
    lines: list[Line]
    silent: str
    rows: list[dict[str, str]]
    notes: list[str]
    href: str | None = None
    draw: Callable[[int, float], bytes] | None = None

    @property
    def has_news(self) -> bool:
        """Whether the brief says anything."""
        return bool(self.lines)

    @property
    def summary(self) -> str:
        """Return one line for a notification or a subject."""
        first = self.lines[0].headline if self.lines else self.silent.rstrip(".")
        return clip(f"{self.title}: {first}", 250)

    @property
    def picture_text(self) -> str:
        """Return the picture in words."""
        return clip(". ".join(", ".join(f"{key} {cell}" for key, cell in row.items()) for row in self.rows), MAX_ALT)

    def picture(self, rows: int = MAX_ROWS, scale: float = 2.0) -> bytes | None:
        """Return the first rows of the scorecard as PNG; null if there is none."""
        return self.draw(rows, scale) if self.draw and self.rows else None


def write_message(
    delivery: Delivery,
    scope: Scope,
    brief: Brief,
    links: Sequence[str | None] = (),
    href: str | None = None,
) -> Message:
    """Return the digest of a brief. ``links`` are the addresses of its sentences' rows, in their order."""
    sentences = zip(brief.sentences, links or [None] * len(brief.sentences), strict=True)
    lines = [
        Line(_text(sentence.headline), _text(sentence.rest), sentence.claim.verdict, _text(sentence.link.label), link,
             _text(sentence.link.command))
        for sentence, link in sentences
    ]  # fmt: skip
    rows = [{key: _text(cell) for key, cell in row.items()} for row in brief.scorecard.lines()]
    subjects = ", ".join([*scope.teams, *scope.applications]) or "all teams"
    period = read_period(delivery, scope)
    compared = "compared with the period before" if brief.earlier else "history does not cover the period before"
    return Message(
        title=clip(_text(f"Delivery brief of {subjects}"), 140),  # Slack takes 150 characters of a header
        period=f"{_period_text(period)} · {compared}" if period else "no deployments",
        lines=lines,
        silent=SILENT if rows else EMPTY,
        rows=rows,
        notes=[*_warnings(delivery), f"{brief.summary}.", _data_through(delivery)],
        href=href,
    )


def read_period(delivery: Delivery, scope: Scope) -> tuple[datetime, datetime] | None:
    """Return the local start and end of a window, clipped to the data; null without data."""
    about = delivery.about()
    zone, as_of = about["timezone"], about["as_of"]
    begins = delivery.sql("SELECT min(coalesce(queued_at, started_at)) AS begins FROM deployments")[0]["begins"]
    if as_of is None or begins is None:
        return None
    since, until = periods.parse_window(scope.since, scope.until, zone, as_of)
    first, last = periods.to_local(begins, zone), periods.to_local(as_of, zone)
    return max(since or first, first), min(until or last, last)


def _period_text(period: tuple[datetime, datetime]) -> str:
    since, until = period
    last = max(since, until - timedelta(microseconds=1))
    return f"{since:%-d %B %Y} to {last:%-d %B %Y}"


def _data_through(delivery: Delivery) -> str:
    as_of = delivery.about()["as_of"]
    return f"Data through {as_of:%Y-%m-%d %H:%M} UTC." if as_of else "The build has no data."


def _warnings(delivery: Delivery) -> list[str]:
    stale = delivery.stale_sources()
    names = ", ".join(f"{name} ({f'{at:%Y-%m-%d %H:%M} UTC' if at else 'unknown'})" for name, at in stale.items())
    return [f"Old data: {_text(names)}. Run dora doctor."] if stale else []


def _text(value: str) -> str:
    """Return one line that can be printed, of a length that every channel takes."""
    return clip(readable(value), MAX_TEXT)


def clip(text: str, limit: int) -> str:
    """Return at most so many characters, with an ellipsis where some are left out."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plain_text(message: Message) -> str:
    """Return the message for a mail without HTML: short lines, no markup."""
    numbered = [
        f"{number}. {line.headline}{line.rest}\n   {line.label}: {line.href or line.command}"
        for number, line in enumerate(message.lines, 1)
    ]
    parts = [f"{message.title}\n{message.period}", *(numbered or [message.silent]), *_row_texts(message.rows)]
    return "\n\n".join([*parts, "\n".join([*message.notes, *([message.href] if message.href else [])])]) + "\n"


def _row_texts(rows: Iterable[Mapping[str, str]]) -> list[str]:
    texts = []
    for row in rows:
        (_, name), *cells = row.items()
        texts.append("\n".join([name, *(f"  {title}: {cell}" for title, cell in cells)]))
    return texts
