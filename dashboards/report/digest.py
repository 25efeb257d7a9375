"""What a digest takes from the dashboard: addresses of the rows behind its sentences, the scorecard as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from io import BytesIO
from typing import Any

import dora
from dashboards.queries.selection import AGE, CUSTOM, WINDOWS
from dashboards.report import chart_images
from dashboards.rows import scorecard
from dashboards.rows.scorecard import Addresses
from dora import Scope

MAX_ROWS = 12  # teams of a picture; the digest's list and `dora digest` have more
NAME_WIDTH, COLUMN_WIDTH, ROW_HEIGHT, MARGIN, HEAD = 132, 136, 74, 16, 44
MAX_NAME = 17  # letters of a team's name
CAPTION = "Line: weekly values; dot and bar: value and 95 % CI on one scale a column; orange: needs attention"
MANY_COLOURS = 64
# Of a small picture: white, text, quiet text, intervals, lines, what needs attention and its field, rules.
COLOURS = ("#ffffff", chart_images.INK, chart_images.QUIET, "#9aa7b4", scorecard.BLUE, scorecard.ATTENTION, "#fdf0e7",
           chart_images.LINE)  # fmt: skip


def find_addresses(
    url: str, brief: Any, scope: Scope, period: tuple[datetime, datetime] | None
) -> tuple[str, list[str]]:
    """Return the address of the overview, and that of the rows behind each sentence.

    ``period`` is the local window, for one that the pages have no word for.
    """
    addresses = Addresses(_filters(scope, period))
    root = f"{url.rstrip('/')}/"
    links = [row["href"] for row in scorecard.sentences(brief, addresses)]
    return root + addresses.link("").removeprefix("./"), [root + link.removeprefix("./") for link in links]


def _filters(scope: Scope, period: tuple[datetime, datetime] | None) -> dict[str, list[str]]:
    filters = {"team": list(scope.teams), "application": list(scope.applications)}
    since = scope.since or "all"
    if scope.until is None and (since in WINDOWS or AGE.fullmatch(since)):
        filters["window"] = [since]
    elif period:
        first, last = period[0].date(), (period[1] - timedelta(microseconds=1)).date()
        filters |= {"window": [CUSTOM], "days": [f"{first}", f"{last}"]}
    return {name: values for name, values in filters.items() if values}


def draw_scorecard(brief: Any, title: str, notes: Sequence[str], rows: int = MAX_ROWS, scale: float = 2.0) -> bytes:
    """Return the first rows of the scorecard as PNG. Needs the extra ``report``."""
    import vl_convert  # noqa: PLC0415 - an extra
    from PIL import Image  # noqa: PLC0415 - only pictures need it

    # A tenth of the bytes: channels limit them, and a drawing has few colours.
    drawn = Image.open(BytesIO(vl_convert.svg_to_png(write_svg(brief, title, notes, rows), scale=scale))).convert("RGB")
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in COLOURS for channel in bytes.fromhex(colour[1:])])
    image = BytesIO()
    if scale > 1:
        drawn.quantize(MANY_COLOURS, dither=Image.Dither.NONE).save(image, "PNG", optimize=True)
    else:
        drawn.quantize(palette=palette, dither=Image.Dither.NONE).save(image, "PNG", optimize=True)
    return image.getvalue()


def write_svg(brief: Any, title: str, notes: Sequence[str], limit: int = MAX_ROWS) -> str:
    """Return the scorecard as SVG: a row a team, in each cell value, interval on the scale of its column, weeks."""
    from jinja2 import Environment  # noqa: PLC0415 - only pictures need it

    metrics = [dora.metrics()[name] for name in brief.scorecard.metrics]
    rows, count = scorecard.table(brief.scorecard, Addresses({}), limit), len(brief.scorecard.rows)
    medians = "; durations are medians" if any(metric.statistic == "median" for metric in metrics) else ""
    first = [f"{len(rows)} of {count:,} rows, those that need attention first."] if count > len(rows) else []
    template = files("dashboards.report").joinpath("scorecard.svg.j2").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"clip": _clip, "wrap": _wrap}
    return environment.from_string(template).render(
        title=title, notes=[*first, f"{CAPTION}{medians}.", *notes], by=brief.scorecard.by.capitalize(),
        titles=[metric.title for metric in metrics], rows=rows, name_width=NAME_WIDTH, column_width=COLUMN_WIDTH,
        row_height=ROW_HEIGHT, margin=MARGIN, head=HEAD, spark_width=scorecard.SPARK_WIDTH, max_name=MAX_NAME,
        attention=scorecard.ATTENTION, line=scorecard.BLUE, ink=chart_images.INK, quiet=chart_images.QUIET,
        rule=chart_images.LINE, font=chart_images.FONT,
    )  # fmt: skip


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _wrap(title: str, limit: int = 19) -> list[str]:
    """Return a title on at most two lines."""
    words, first = title.split(), ""
    while words and len(f"{first} {words[0]}".strip()) <= limit:
        first = f"{first} {words.pop(0)}".strip()
    return [line for line in (first, _clip(" ".join(words), limit)) if line]
