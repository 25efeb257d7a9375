"""What a page says, as a test reads it."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest


def header(page: AppTest) -> str:
    """The line under the title."""
    return str(page.caption[0].value)


def said(page: AppTest) -> str:
    """All that is said outside of numbers, tables and charts."""
    return " ".join(str(element.value) for kind in (page.title, page.text, page.caption) for element in kind)


def table(page: AppTest, column: str) -> pd.DataFrame:
    """The first table that has a column; an empty one where none has."""
    return next((found.value for found in page.dataframe if column in found.value), pd.DataFrame())
