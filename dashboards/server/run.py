"""The dashboard as a process: Streamlit around app.py. ``dora dashboard`` runs this file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboards.server import login, warm_up
from dashboards.server.static_files import Shell


@contextlib.asynccontextmanager
async def _warm(_: st.App) -> AsyncIterator[None]:
    async with warm_up.kept(login.viewer()):
        yield


BASE, HOST = (st.get_option(name) or "" for name in ("server.baseUrlPath", "browser.serverAddress"))
app = st.App(
    Path(__file__).parents[1] / "app.py",
    secrets=login.secrets(),
    lifespan=_warm,
    middleware=[Middleware(Shell, base=f"/{BASE}".rstrip("/"), host=HOST)],
)
