"""The dashboard as a process: Streamlit around app.py. ``dora dashboard`` runs this file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboards import login, warm
from dashboards.shell import Shell


@contextlib.asynccontextmanager
async def _warm(_: st.App) -> AsyncIterator[None]:
    async with warm.kept(login.viewer()):
        yield


BASE, HOST = (st.get_option(name) or "" for name in ("server.baseUrlPath", "browser.serverAddress"))
app = st.App(
    Path(__file__).with_name("app.py"),
    secrets=login.secrets(),
    lifespan=_warm,
    middleware=[Middleware(Shell, base=f"/{BASE}".rstrip("/"), host=HOST)],
)
