"""Sends or shows the digest of each destination; one that fails does not keep the others from theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from dora import api, periods
from dora.cli.senders.errors import UncertainError
from dora.cli.senders.mail import MailSender
from dora.cli.senders.preview import describe, write_preview
from dora.cli.senders.sent_log import SentLog, digest_key, open_sent_log
from dora.cli.senders.slack_app import SlackAppSender
from dora.cli.senders.webhooks import WebhookSender
from dora.config.dashboard import read_dashboard
from dora.config.digest import Destination, Mail, Slack, Teams, read_destination
from dora.config.settings import Config
from dora.errors import DoraError, PartialError, UsageError, counted
from dora.export.digest.message import Message, read_period, write_message
from dora.query.value import Scope
from dora.render import console


class Sender(Protocol):
    """Sends a message to the places of a destination. ``key`` is the id of the digest."""

    @property
    def place(self) -> str:
        """What it sends to, for people; no secret."""

    def read_places(self) -> tuple[str, ...]:
        """Return the identity of the place, to which a digest is sent once; a webhook's is its secret."""

    def preview(self, message: Message, key: str) -> dict[str, Any] | EmailMessage:
        """Return what would be sent, without any secret."""

    def send(self, message: Message, key: str, places: tuple[str, ...]) -> list[str]:
        """Send to some of the places, and return those that were refused."""


@dataclass(frozen=True)
class Order:
    """The options of the command."""

    since: str | None = None
    until: str | None = None
    applications: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    show: bool = False
    only_if_news: bool = False
    again: bool = False
    out: Path | None = None


@dataclass
class Results:
    """A row for each destination, and what failed by the name of its destination."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, DoraError] = field(default_factory=dict)

    def check(self) -> None:
        """Raise the error of the only destination, or ``PartialError`` with those of several."""
        if len(self.rows) == 1 and self.errors:
            raise next(iter(self.errors.values()))
        if self.errors:
            lines = "; ".join(f"{name}: {error.happened.rstrip('.')}" for name, error in self.errors.items())
            again = " ".join(f"--to {name}" for name in self.errors)
            raise PartialError(
                f"{counted(len(self.errors), 'destination')} of {len(self.rows)} did not get the digest. {lines}.",
                f"correct what is named, then repeat with {again}.",
            )


def make_sender(settings: Slack | Teams | Mail, name: str) -> Sender:
    """Return the sender of a destination."""
    if isinstance(settings, Mail):
        return MailSender(settings, name)
    if isinstance(settings, Slack) and settings.channel:
        return SlackAppSender(settings, name)
    return WebhookSender(settings, name)


def run(config: Config, names: Sequence[str], order: Order) -> Results:
    """Send the digest to each destination, or show it. Raises ``UsageError`` for a setting before anything is sent."""
    if not names:
        names = list(config.digest)
    if not names:
        raise UsageError(
            "There is no destination in dora.toml; nothing was sent.",
            "name one, such as --to slack, or write a table [digest.NAME]; dora.example.toml has them.",
        )
    destinations = {name: read_destination(config.digest, name) for name in names}
    delivery = api.open(config.data / "dora.duckdb")
    if order.show or order.out:
        return _show_all(config, delivery, destinations, order)
    results = Results()
    with open_sent_log(config.data) as log:
        for name, settings in destinations.items():
            row = {"to": name, "type": settings.type, "state": "failed"}
            results.rows.append(row)
            try:
                row["state"] = _send(config, delivery, settings, name, order, log)
            except DoraError as error:
                results.errors[name] = error
                row["error"] = str(error)
    return results


def _send(
    config: Config, delivery: api.Delivery, settings: Slack | Teams | Mail, name: str, order: Order, log: SentLog
) -> str:  # fmt: skip
    """Send one digest and return its state: sent, sent before, or no news."""
    sender, scope = make_sender(settings, name), _scope(settings, order)
    places, key = sender.read_places(), _key(delivery, scope)
    ids = {place: digest_key(settings.type, place) for place in places}
    pending = places if order.again else tuple(place for place in places if _is_pending(log, key, ids[place], name))
    if not pending:
        state = log.state(key, ids[places[0]])
        console.print_note(f"{name}: sent before, {state[1] if state else ''}; --again sends it once more")
        return "sent before"
    message = _compose(config, delivery, settings, scope)
    if order.only_if_news and not message.has_news:
        console.print_note(f"{name}: no news, nothing was sent")
        return "no news"
    log.write("sending", key, [ids[place] for place in pending], name)
    try:
        refused = sender.send(message, key, pending)
    except UncertainError:
        raise
    except BaseException as error:
        if isinstance(error, DoraError):
            log.write("failed", key, [ids[place] for place in pending], name)
        raise
    log.write("sent", key, [ids[place] for place in pending if place not in refused], name)
    log.write("failed", key, [ids[place] for place in refused], name)
    if refused:
        raise PartialError(
            f"{', '.join(refused)} did not get the mail: the server refuses {'it' if len(refused) == 1 else 'them'};"
            f" {counted(len(pending) - len(refused), 'other')} got it.",
            "correct the recipients and repeat the command; who has the mail does not get it again.",
        )
    console.print_note(f"{name}: sent to {sender.place}")
    return "sent"


def _is_pending(log: SentLog, key: str, place: str, name: str) -> bool:
    state = log.state(key, place)
    if state and state[0] == "sending":
        raise UncertainError(
            f"The run of {state[1]} ended while it sent this digest to {name}: it may have arrived.",
            f"look there; `dora digest --to {name} --again` sends it once more.",
        )
    return state is None or state[0] == "failed"


def _show_all(config: Config, delivery: api.Delivery, destinations: dict[str, Any], order: Order) -> Results:
    results = Results()
    for name, settings in destinations.items():
        sender, scope = make_sender(settings, name), _scope(settings, order)
        message = _compose(config, delivery, settings, scope)
        content = sender.preview(message, _key(delivery, scope))
        console.print_note(f"{name}: would go to {sender.place}; nothing was sent")
        if order.only_if_news and not message.has_news:
            console.print_note(f"{name}: the brief has no sentence, so that --only-if-news sends nothing")
        if order.out:
            write_preview(order.out, name, content, message)
        results.rows.append({"to": name, "type": settings.type, "state": "shown", "content": describe(content)})
    return results


def _scope(settings: Destination, order: Order) -> Scope:
    """Return what a digest is about: the options of the command, else the settings of the destination."""
    since = order.since or settings.since
    teams, applications = order.teams, order.applications
    if not (teams or applications):
        teams, applications = tuple(settings.teams), tuple(settings.applications)
    return Scope(None if since == periods.ALL else since, order.until, applications=applications, teams=teams)


def _key(delivery: api.Delivery, scope: Scope) -> str:
    period = read_period(delivery, scope)
    return digest_key(delivery.about()["build_id"], period, sorted(scope.teams), sorted(scope.applications))


def _compose(config: Config, delivery: api.Delivery, settings: Destination, scope: Scope) -> Message:
    """Return the message of a scope, with links if the dashboard has an address, and a picture if it can be drawn."""
    # These need what commands that print to a terminal need not load.
    from dashboards.report import chart_images, digest

    brief, url = delivery.brief(scope), read_dashboard(config.dashboard).url
    period = read_period(delivery, scope)
    href, links = digest.find_addresses(url, brief, scope, period) if url else (None, [])
    message = write_message(delivery, scope, brief, links, href)
    if not settings.picture:
        return message
    if not chart_images.is_installed():
        console.print_note("The digest has no picture. Next: install the extra `report` (vl-convert-python)")
        return message

    title = f"Key metrics by {brief.scorecard.by}"

    def draw(rows: int, scale: float) -> bytes:
        return digest.draw_scorecard(brief, title, message.notes[-1:], rows, scale)

    return replace(message, draw=draw)
