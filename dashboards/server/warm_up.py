"""The server as its own first viewer: what the first person of the day would wait for is done before anybody comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, SessionClient

from dashboards.queries import cache
from dora import DoraError

EVERY, MOST = 15.0, 60.0  # seconds between looks at the build, and for one page
Viewer = Mapping[str, str | bool | None]


class _Nobody(SessionClient):
    """Takes what a browser would draw, and knows when the page is whole."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """Look at one message of the page."""
        if msg.WhichOneof("type") == "script_finished":
            self.done.set()


async def visit(viewer: Viewer) -> None:
    """Open the first page as a browser does, let all of it be drawn, and leave."""
    runtime, nobody = Runtime.instance(), _Nobody()
    session = runtime.connect_session(nobody, user_info=dict(viewer))
    try:
        runtime.handle_backmsg(session, BackMsg(rerun_script=ClientState()))
        async with asyncio.timeout(MOST):
            await nobody.done.wait()
    except TimeoutError:
        return
    finally:
        runtime.close_session(session)


@contextlib.asynccontextmanager
async def kept(viewer: Viewer) -> AsyncIterator[None]:
    """Visit before the server takes anybody in, and whenever another build has taken the place of the last."""
    await visit(viewer)
    watching = asyncio.create_task(_watch(viewer))
    try:
        yield
    finally:
        watching.cancel()


async def _watch(viewer: Viewer) -> None:
    known = _build()
    while True:
        await asyncio.sleep(EVERY)
        if known != (found := _build()):
            known = found
            await visit(viewer)


def _build() -> Any:
    """The build as it lies there now; null where there is none."""
    try:
        return cache.current()
    except DoraError:
        return None
