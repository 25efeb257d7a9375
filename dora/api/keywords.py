"""The keywords of a scope, as people write them: fields of ``Scope``, or an error that says what was meant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import wraps
from numbers import Number  # which numbers of numpy are too
from typing import Any, NoReturn, TypedDict, TypeVar, cast

from dora.config.patterns import fold
from dora.errors import UsageError, suggest
from dora.periods import ALL, GRAINS, Grain, suggest_moment
from dora.query.plan import match_names
from dora.query.value import ASSISTANCE, EVERYTHING, GROUPS, By, Scope

Moment = str | date | timedelta
Names = str | Sequence[str]
Where = Mapping[str, Names]
PLURALS = {"application": "applications", "team": "teams"}
OTHER_SPELLINGS = (*PLURALS.values(), "where")
Method = TypeVar("Method", bound=Callable[..., Any])
CHOICES: dict[str, tuple[str, ...]] = {"by": (*GROUPS, "assistance"), "every": GRAINS, "assistance": ASSISTANCE}


class Window(TypedDict, total=False):
    """Which rows: from ``since`` (included) to ``until`` (not), of these applications and teams; by default all."""

    since: Moment | None
    until: Moment | None
    application: Names | None
    team: Names | None
    applications: Names | None
    teams: Names | None
    where: Where | None


class Grouping(Window, total=False):
    """Which numbers: also the groups, periods and statistic."""

    by: By | None
    every: Grain | None
    statistic: str | None
    assistance: str | None


def takes(words: type[Window]) -> Callable[[Method], Method]:
    """Let a method with a parameter ``scope`` take it as keywords, which are then in its signature."""

    def decorate(method: Method) -> Method:
        signature = inspect.signature(method)
        own = [part for part in signature.parameters.values() if part.kind is not part.VAR_KEYWORD]
        names = [part.name for part in own]
        place, allowed = names.index("scope"), [word for word in words.__annotations__ if word not in names]

        @wraps(method)
        def call(*args: Any, **keywords: Any) -> Any:
            for word in keywords.keys() - {*names, *allowed}:
                raise UsageError(f"{method.__name__}() has no keyword {word}.", suggest(word, [*names[1:], *allowed]))
            given = {word: keywords.pop(word) for word in allowed if word in keywords}
            if len(args) > place:
                return method(*args[:place], make_scope(args[place], given), *args[place + 1 :], **keywords)
            return method(*args, **keywords | {"scope": make_scope(keywords.get("scope", EVERYTHING), given)})

        # For help and completion: each word by itself, in its one documented spelling.
        shown = [
            inspect.Parameter(word, inspect.Parameter.KEYWORD_ONLY, default=None)
            for word in allowed
            if word not in OTHER_SPELLINGS
        ]
        call.__signature__ = signature.replace(parameters=[*own, *shown])  # type: ignore[attr-defined]
        return cast(Method, call)

    return decorate


def make_scope(scope: Scope, words: Mapping[str, Any]) -> Scope:
    """Return a scope with keywords in place of its own fields, all of them checked.

    Raises ``UsageError`` for a value that can not be one, with what was probably meant.
    """
    if not isinstance(scope, Scope):
        raise UsageError(f"{scope!r} is not a scope.", "give keywords, such as since='30d', team='payments'.")
    fields = {field: words.get(field, getattr(scope, field)) for field in ("since", "until", *CHOICES, "statistic")}
    names = _collect_names(words)
    return Scope(
        since=read_moment("since", fields["since"]),
        until=read_moment("until", fields["until"]),
        statistic=_read_text("statistic", fields["statistic"]),
        applications=read_names(*names.get("applications", ("applications", scope.applications))),
        teams=read_names(*names.get("teams", ("teams", scope.teams))),
        # The query checks those of a scope that a command made, in the words of its options.
        **{
            word: _read_choice(word, fields[word], CHOICES[word]) if word in words else fields[word] for word in CHOICES
        },
    )


def _collect_names(words: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return for applications and teams the keyword that names them, in one of its three spellings, and its value."""
    where = words.get("where") or {}
    if not isinstance(where, Mapping):
        raise UsageError(f"where={where!r} is not a filter.", "write application='ledger' or team='payments' instead.")
    filters = {fold(str(key)): value for key, value in where.items()}
    match_names(filters, {name: name for name in PLURALS}, "filter")
    collected: dict[str, tuple[str, Any]] = {}
    for word, plural in PLURALS.items():
        spellings = {word: words.get(word), plural: words.get(plural), f"where[{word!r}]": filters.get(word)}
        given = [(spelling, value) for spelling, value in spellings.items() if value is not None]
        if len(given) > 1:
            raise UsageError(f"{given[0][0]} and {given[1][0]} mean the same.", f"give {word} alone.")
        if given:
            collected[plural] = _refuse_empty(*given[0])
    return collected


def _refuse_empty(word: str, value: Any) -> tuple[str, Any]:
    if not isinstance(value, str) and not len(value if hasattr(value, "__len__") else [value]):
        raise UsageError(f"{word} is empty, which selects nothing.", f"leave it out for every {word.rstrip('s')}.")
    return word, value


def read_moment(word: str, value: Any) -> str | None:
    """Return a date, a time, a pandas timestamp or a length of time as ``since`` and ``until`` have them: as text.

    A time without a zone is local to the organisation, as in text. Raises ``UsageError`` for anything else.
    """
    if value is None or (word == "since" and value == ALL and isinstance(value, str)):
        return None
    text = ""
    if isinstance(value, str) or type(value).__name__ == "datetime64":  # of numpy
        text = str(value).strip()
    elif value != value:  # noqa: PLR0124 - NaT and NaN differ from themselves
        pass
    elif isinstance(value, timedelta):
        hours, rest = divmod(value, timedelta(hours=1))
        text = "" if rest or hours <= 0 else f"{hours}h" if hours % 24 else f"{hours // 24}d"
    elif isinstance(value, datetime):
        text = value.isoformat(timespec="microseconds" if value.microsecond else "seconds")
    elif isinstance(value, date):
        text = value.isoformat()
    return text or _refuse_moment(word, value)


def _refuse_moment(word: str, value: Any) -> NoReturn:
    meant = suggest_moment(str(value)) if isinstance(value, Number) and not isinstance(value, bool) else None
    example = f"did you mean {word}='{meant}'?" if meant else f"write {word}='30d', or a date such as '2026-07-01'."
    raise UsageError(f"{word}={value!r} is not a date.", example)


def read_names(word: str, value: Any) -> tuple[str, ...]:
    """Return one name, or several, as a tuple. Raises ``UsageError`` for what is no name."""
    if isinstance(value, str):
        return (value,)
    names = tuple(value) if isinstance(value, Iterable) and not isinstance(value, Mapping | bytes) else (value,)
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None or None in names:
        raise UsageError(f"{word}={value!r} is not a name.", f"write {word}='ledger' or {word}=['ledger', 'payout'].")
    return names


def _read_choice(word: str, value: Any, choices: Sequence[str]) -> Any:
    if value is None or (isinstance(value, str) and value in choices):
        return value
    raise UsageError(f"{word}={value!r} is not one of {', '.join(choices)}.", suggest(str(value), choices))


def _read_text(word: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UsageError(f"{word}={value!r} is not text.", f"write {word}='p90', or median, plain_median, p75, mean.")
