"""Whether Gate can be reached, accepts the credentials, has the same time and shows every application."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from dora.errors import AuthError, DoraError, counted
from ingest.core.names import matches
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.http.session import ForbiddenError, RequestError, Session
from ingest.spinnaker.client.gate import Gate

MAX_SKEW_SECONDS = 30.0
MAX_SAMPLE = 40  # requests; Gate allows 60 in ten seconds


class _User(msgspec.Struct):
    username: str = ""


def check_gate(session: Session, globs: Sequence[str], context: SourceContext) -> Iterator[DoctorFinding]:
    """Yield the findings about one Gate; ends at the first that makes the others pointless."""
    gate = Gate(session)
    try:
        applications, date = gate.list_applications()
    except DoraError as error:
        rejected = isinstance(error, AuthError)
        hint = error.next_step if rejected else "check that Gate runs, and `endpoint` in [sources.spinnaker]."
        yield DoctorFinding("gate", "fail", _describe(error), hint, auth_failed=rejected)
        return
    yield DoctorFinding("gate", "ok", f"{session.endpoint} answers")
    yield _check_user(session)
    yield _check_clock(date)
    names = [name for name in sorted(applications) if matches(name, globs)]
    yield _check_applications(names, len(applications), context)
    if names:
        yield _check_permissions(gate, names)


def _check_user(session: Session) -> DoctorFinding:
    """Name the user: permissions may belong to a service account that an administrator has to extend."""
    name = ""
    try:
        if body := session.get("/auth/user", allow_empty=True).body:
            name = msgspec.json.decode(body, type=_User).username
    except AuthError as error:
        return DoctorFinding("gate user", "fail", _describe(error), error.next_step, auth_failed=True)
    except (RequestError, ValueError, RecursionError):
        pass
    if not name or (name == "anonymous" and not session.has_credentials):
        return DoctorFinding("gate user", "ok", "Gate names no user: it has no authentication")
    if name == "anonymous":
        message = "Gate treats the credentials as anonymous: it ignores them"
        return DoctorFinding("gate user", "warn", message, "use a way to authenticate that this Gate supports.")
    return DoctorFinding("gate user", "ok", f"Gate authenticates the user as {name}")


def _check_clock(date: datetime | None) -> DoctorFinding:
    if date is None:
        return DoctorFinding("clock", "warn", "Gate sends no time", "compare its clock with this one manually.")
    ahead = (date - datetime.now(UTC)).total_seconds()
    if abs(ahead) <= MAX_SKEW_SECONDS:
        return DoctorFinding("clock", "ok", f"Gate's clock is within {MAX_SKEW_SECONDS:g} s of this one")
    difference = f"{abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'}"
    message = f"Gate's clock is {difference} this one: lead times are wrong by as much"
    return DoctorFinding("clock", "warn", message, "synchronise both with the same time server.")


def _check_applications(names: Sequence[str], total: int, context: SourceContext) -> DoctorFinding:
    if not names:
        message = f"Gate shows {counted(total, 'application')}, and none that `applications` matches"
        return DoctorFinding("applications", "fail", message, "correct `applications` in [sources.spinnaker].")
    # Gate omits applications without READ permission silently: only earlier runs tell that one is missing.
    if hidden := sorted(context.applications.difference(names)):
        message = f"{len(names)} shown, {len(hidden)} of earlier runs not: {_abbreviate(hidden)}"
        return DoctorFinding("applications", "warn", message, "request READ on them, unless they were deleted.")
    return DoctorFinding("applications", "ok", f"{len(names)} shown, among them all of earlier runs")


def _check_permissions(gate: Gate, names: Sequence[str]) -> DoctorFinding:
    """Request the pipelines of an even sample of applications: Gate may list some that it refuses to read."""
    sample = names[:: -(-len(names) // MAX_SAMPLE)]
    forbidden, failed = [], []
    for name in sample:
        try:
            gate.list_pipelines(name)
        except ForbiddenError:
            forbidden.append(name)
        except DoraError:
            failed.append(name)
    if forbidden:
        message = f"Gate refuses {len(forbidden)} of {len(sample)} sampled applications (403): {_abbreviate(forbidden)}"
        return DoctorFinding("permissions", "fail", message, "request READ permission on them.", auth_failed=True)
    if failed:
        message = f"Gate fails for {len(failed)} of {len(sample)} sampled applications: {_abbreviate(failed)}"
        return DoctorFinding("permissions", "fail", message, "look for them in Gate's log, then repeat.")
    return DoctorFinding("permissions", "ok", f"{len(sample)} of {len(names)} applications sampled, none is refused")


def _describe(error: DoraError) -> str:
    """Return the message of an error without its part about a run that fetches."""
    return error.happened.removesuffix("; data landed before is unchanged.")


def _abbreviate(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
