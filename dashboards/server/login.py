"""Login with OpenID Connect, if ``[dashboard.login]`` of dora.toml configures a provider; else everyone has access."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import streamlit as st

# Set by ``dora dashboard``, which reads them from dora.toml, files and the environment.
PROVIDER, SECRET, COOKIE = "DORA_LOGIN", "DORA_LOGIN_SECRET", "DORA_COOKIE_SECRET"
Claims = Mapping[str, Any]


@cache
def read_provider() -> dict[str, Any] | None:
    """Return the settings of the provider; null without a login."""
    settings = os.environ.get(PROVIDER)
    return json.loads(settings) if settings else None


def streamlit_secrets() -> dict[str, Any] | None:
    """Return the provider in the shape of Streamlit's secrets.toml; null without a login."""
    provider = read_provider()
    if provider is None:
        return None
    return {
        "auth": {
            "redirect_uri": provider["redirect_uri"],
            "server_metadata_url": provider["metadata_url"],
            "client_id": provider["client_id"],
            "client_secret": os.environ[SECRET],
            "cookie_secret": os.environ[COOKIE],
        }
    }


def warm_up_claims() -> dict[str, str | bool | None]:
    """Return claims that are allowed, for the server's own visits, which do not log in."""
    provider = read_provider()
    if provider is None:
        return {}
    allowed = next(iter(provider["allowed"]), "example.com").lstrip("@")
    email = allowed if "@" in allowed else f"warm-up@{allowed}"
    return {"is_logged_in": True, "email": email, "aud": provider["client_id"], "iat": time.time()}


def check_access() -> bool:
    """Return whether the user has access to the data; if not, draw what to do instead."""
    provider = read_provider()
    if provider is None:
        return True
    if not st.user.is_logged_in:
        st.title("Delivery metrics", anchor=False)
        st.button("Log in", on_click=st.login, type="primary", key="login")  # login.js looks for this key
        return False
    claims = st.user.to_dict()
    if not is_current(claims, provider["client_id"], provider["session_hours"], time.time()):
        st.title("Your session has ended", anchor=False)
        st.button("Log in", on_click=st.login, type="primary", key="login")
        return False
    name = str(claims.get("name") or claims.get("email") or claims.get("sub") or "This user")
    if is_allowed(claims, provider["allowed"]):
        with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
            st.text(name, width="content")  # text, because Markdown of a name could load an image
            st.button("Log out", on_click=st.logout, type="tertiary")
        return True
    st.title("You do not have access to this dashboard", anchor=False)
    st.text(f"{name} is logged in but not allowed. Ask the administrator of the dashboard for access.")
    st.button("Log out", on_click=st.logout)
    return False


def is_current(claims: Claims, client_id: str, session_hours: float, now: float) -> bool:
    """Return whether claims were issued to this client, at most ``session_hours`` before ``now`` in epoch seconds.

    Streamlit keeps a login for 30 days, and the provider has no way to end it.
    """
    audience, issued_at = claims.get("aud"), claims.get("iat")
    if client_id not in (audience if isinstance(audience, list | tuple) else [audience]):
        return False
    return isinstance(issued_at, int | float) and now - issued_at <= session_hours * 3600


def is_allowed(claims: Claims, allowed: Iterable[str]) -> bool:
    """Return whether the e-mail address of claims, or its domain, is allowed; an empty list allows all users.

    An address that the provider has not verified does not count, nor does one without a name before its ``@``.
    """
    names = {name.lower().lstrip("@") for name in allowed}
    address = str(claims.get("email") or "").lower()
    user, _, domain = address.rpartition("@")
    if not names:
        return True
    return claims.get("email_verified") is not False and bool(user) and not names.isdisjoint({address, domain})
