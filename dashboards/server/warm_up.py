"""Visits of the server to its own first page, which fill the cache before the first user needs it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, SessionClient

from dashboards.queries import builds
from dora import DoraError

CHECK_INTERVAL = 15.0  # seconds between looks at the build
VISIT_TIMEOUT = 60.0  # seconds; the server starts anyway, with a slow first page
Claims = Mapping[str, str | bool | None]


class _Client(SessionClient):
    """A browser that draws nothing; ``done`` is set once the page has been sent."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        if msg.WhichOneof("type") == "script_finished":
            self.done.set()


async def visit_first_page(claims: Claims) -> None:
    """Run the first page as for a user with these claims."""
    runtime, client = Runtime.instance(), _Client()
    session = runtime.connect_session(client, user_info=dict(claims))
    try:
        runtime.handle_backmsg(session, BackMsg(rerun_script=ClientState()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(VISIT_TIMEOUT):
                await client.done.wait()
    finally:
        runtime.close_session(session)


@contextlib.asynccontextmanager
async def keep_warm(claims: Claims) -> AsyncIterator[None]:
    """Visit the first page before the server accepts requests, and after each swap of the build."""
    await visit_first_page(claims)
    revisits = asyncio.create_task(_visit_after_swaps(claims))
    try:
        yield
    finally:
        revisits.cancel()


async def _visit_after_swaps(claims: Claims) -> None:
    visited = _current_build()
    while True:
        await asyncio.sleep(CHECK_INTERVAL)
        if visited != (build := _current_build()):
            visited = build
            await visit_first_page(claims)


def _current_build() -> builds.Build | None:
    try:
        return builds.current()
    except DoraError:
        return None
