"""The process of the dashboard: Streamlit around app.py, started by ``dora dashboard``."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from dashboards.server import login, warm_up
from dashboards.server.headers import SecurityHeaders
from dashboards.server.static_files import StaticFiles

APP = Path(__file__).parents[1] / "app.py"


@contextlib.asynccontextmanager
async def keep_warm(_: st.App) -> AsyncIterator[None]:
    """Visit the first page before the first user does, as long as the server lives."""
    async with warm_up.keep_warm(login.warm_up_claims()):
        yield


BASE, HOST = (st.get_option(name) or "" for name in ("server.baseUrlPath", "browser.serverAddress"))
app = st.App(
    APP,
    secrets=login.streamlit_secrets(),
    lifespan=keep_warm,
    middleware=[Middleware(SecurityHeaders), Middleware(StaticFiles, base=f"/{BASE}".rstrip("/"), host=HOST)],
)
