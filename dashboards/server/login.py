"""Who may see the dashboard. Nobody is asked unless the server was told of a provider of identities (``dora.toml``)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import streamlit as st

TOLD, SECRET, COOKIE = "DORA_LOGIN", "DORA_LOGIN_SECRET", "DORA_COOKIE_SECRET"
Claims = Mapping[str, Any]


@cache
def provider() -> dict[str, Any] | None:
    """What the server was told of the provider; null where nobody logs in."""
    text = os.environ.get(TOLD)
    return json.loads(text) if text else None


def secrets() -> dict[str, Any] | None:
    """The provider as Streamlit takes it."""
    told = provider()
    if told is None:
        return None
    return {
        "auth": {
            "redirect_uri": told["redirect_uri"],
            "server_metadata_url": told["metadata_url"],
            "client_id": told["client_id"],
            "client_secret": os.environ[SECRET],
            "cookie_secret": os.environ[COOKIE],
        }
    }


def viewer() -> dict[str, str | bool | None]:
    """Claims of the server's own visits."""
    told = provider()
    if told is None:
        return {}
    someone = next(iter(told["allowed"]), "example.com").lstrip("@")
    return {"is_logged_in": True, "email": someone if "@" in someone else f"warm@{someone}"}


def admitted() -> bool:
    """Whether this person may see anything; where not, what they can do is drawn and nothing else."""
    told = provider()
    if told is None:
        return True
    if not st.user.is_logged_in:
        st.title("Delivery metrics", anchor=False)
        st.button("Log in", on_click=st.login, type="primary", key="login")  # a name that login.js knows
        return False
    claims = st.user.to_dict()
    if may(claims, told["allowed"]):
        _signed_in(claims)
        return True
    st.title("This dashboard is not open to you", anchor=False)
    st.text(f"{_name(claims)} is known, and not among those whom it is for. Ask whoever runs it to let you in.")
    st.button("Log out", on_click=st.logout)
    return False


def may(claims: Claims, allowed: Iterable[str]) -> bool:
    """Whether claims have an address that is allowed, by itself or by its domain; all may where none is named.

    An address that the provider calls unverified is none, nor is a word without a person's name before its ``@``.
    """
    names = {one.lower().lstrip("@") for one in allowed}
    address = str(claims.get("email") or "").lower()
    person, _, domain = address.rpartition("@")
    if claims.get("email_verified") is False or not person:
        return not names
    return not names or not names.isdisjoint({address, domain})


def _signed_in(claims: Claims) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        st.text(_name(claims), width="content")
        st.button("Log out", on_click=st.logout, type="tertiary")


def _name(claims: Claims) -> str:
    return str(claims.get("name") or claims.get("email") or claims.get("sub") or "somebody")
