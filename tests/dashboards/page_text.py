"""Texts and tables of a page that ran without a browser."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest


def header(page: AppTest) -> str:
    """The line under the title."""
    return str(page.caption[0].value)


def page_text(page: AppTest) -> str:
    """All titles, texts and captions of a page."""
    return " ".join(str(element.value) for kind in (page.title, page.text, page.caption) for element in kind)


def table(page: AppTest, column: str) -> pd.DataFrame:
    """The first table that has a column; an empty one if none has it."""
    return next((frame.value for frame in page.dataframe if column in frame.value), pd.DataFrame())
