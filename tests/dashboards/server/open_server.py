"""The server of the dashboard, with the endpoint of its metrics open, which the product closes."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from dashboards.server import headers, run
from dashboards.server.static_files import StaticFiles

headers.USED = (*headers.USED, "metrics")
app = st.App(
    run.APP,
    lifespan=run.keep_warm,
    middleware=[Middleware(headers.SecurityHeaders), Middleware(StaticFiles, base="", host="")],
)
