"""Whether Gate can be reached, knows us, keeps our time and shows everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import msgspec

from dora.errors import AuthError, DoraError, counted
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.http.session import FailedError, ForbiddenError, Session
from ingest.spinnaker.client.gate import Gate

SKEW_SECONDS = 30.0
PROBED = 40


class _User(msgspec.Struct):
    username: str = ""


def examine(session: Session, globs: Sequence[str], context: SourceContext) -> Iterator[DoctorFinding]:
    """Everything that can be told of one Gate in a few requests; ends at the first that makes the rest pointless."""
    gate = Gate(session)
    try:
        shown, clock = gate.applications()
    except AuthError as error:
        yield DoctorFinding("gate", "fail", _seen(error), error.next_step, auth_failed=True)
        return
    except DoraError as error:
        yield DoctorFinding(
            "gate", "fail", _seen(error), "check that Gate runs, and `endpoint` in [sources.spinnaker]."
        )
        return
    yield DoctorFinding("gate", "ok", f"{session.endpoint} answers")
    yield _user(session)
    yield _clock(clock)
    names = [name for name in sorted(shown) if any(fnmatchcase(name, glob) for glob in globs)]
    yield _shown(names, len(shown), context)
    if names:
        yield _readable(gate, names)


def _user(session: Session) -> DoctorFinding:
    """Whom Gate takes us for: often a robot's account, whose permissions somebody else has to give."""
    try:
        body = session.get("/auth/user", empty=True).body
        name = msgspec.json.decode(body, type=_User).username if body else ""
    except AuthError as error:
        return DoctorFinding("gate user", "fail", _seen(error), error.next_step, auth_failed=True)
    except (FailedError, msgspec.MsgspecError):
        name = ""
    if not name:
        return DoctorFinding("gate user", "ok", "Gate names no user: it asks nobody who they are")
    if name == "anonymous" and session.known:
        says = "Gate takes us for anonymous: it does not look at what we show"
        return DoctorFinding("gate user", "warn", says, "check that the way in is one that this Gate is set up for.")
    return DoctorFinding("gate user", "ok", f"Gate knows us as {name}")


def _clock(clock: datetime | None) -> DoctorFinding:
    if clock is None:
        return DoctorFinding(
            "clock", "warn", "Gate does not say what time it is", "compare its clock with this one by hand."
        )
    ahead = (clock - datetime.now(UTC)).total_seconds()
    side = "ahead of" if ahead > 0 else "behind"
    if abs(ahead) <= SKEW_SECONDS:
        return DoctorFinding("clock", "ok", f"Gate's clock is within {SKEW_SECONDS:g} s of this one")
    return DoctorFinding(
        "clock", "warn", f"Gate's clock is {abs(ahead):,.0f} s {side} this one: lead times are off by as much",
        "let both follow the same time server.",
    )  # fmt: skip


def _shown(names: Sequence[str], shown: int, context: SourceContext) -> DoctorFinding:
    """Gate leaves out silently what we may not read: only what was seen before tells it."""
    hidden = sorted(context.applications.difference(names))
    if not names:
        says = f"Gate shows {counted(shown, 'application')}, and none that `applications` names"
        return DoctorFinding("applications", "fail", says, "correct `applications` in [sources.spinnaker].")
    if hidden:
        says = f"{len(names)} shown, {len(hidden)} that landed before not: {_such(hidden)}"
        return DoctorFinding("applications", "warn", says, "ask for READ on them, unless they were deleted.")
    return DoctorFinding("applications", "ok", f"{len(names)} shown, all that landed before among them")


def _readable(gate: Gate, names: Sequence[str]) -> DoctorFinding:
    """Ask for the pipelines of some applications, evenly spread: a listing may name what may not be read."""
    probed = names[:: -(-len(names) // PROBED)]
    refused, failed = [], []
    for name in probed:
        try:
            gate.configs(name)
        except ForbiddenError:
            refused.append(name)
        except DoraError:
            failed.append(name)
    if refused:
        says = f"Gate refuses {len(refused)} of {len(probed)} applications tried (403): {_such(refused)}"
        return DoctorFinding("permissions", "fail", says, "ask for READ permission on them.", auth_failed=True)
    if failed:
        says = f"Gate fails on {len(failed)} of {len(probed)} applications tried: {_such(failed)}"
        return DoctorFinding("permissions", "fail", says, "look at Gate's log for them, then repeat.")
    return DoctorFinding("permissions", "ok", f"{len(probed)} of {len(names)} applications tried, none is refused")


def _seen(error: DoraError) -> str:
    """What an error says, without what it means for a run that fetches."""
    return error.happened.removesuffix("; what was landed before stays.")


def _such(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
