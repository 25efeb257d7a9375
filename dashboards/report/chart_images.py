"""Charts → pictures that need no browser, no script and no network: SVG, or PNG for mail programs that draw none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import altair as alt

from dora import DoraError

Kind = Literal["svg+xml", "png"]
WIDTH = 560
PALETTE = ["#0072B2", "#D55E00", "#B87F00", "#00805D", "#B2578F", "#2D87BD", "#6B7683"]  # by place, as in the theme
INK, QUIET, LINE, FONT = "#1B2733", "#566270", "#E4E9EE", "Helvetica, Arial, sans-serif"
CONFIG: dict[str, Any] = {
    "background": "#FFFFFF",
    "font": FONT,
    "range": {"category": PALETTE},
    "view": {"stroke": None},
    "axis": {"labelColor": QUIET, "titleColor": QUIET, "gridColor": LINE, "labelFontSize": 12, "titleFontSize": 12},
    "axisBand": {"grid": False},
    "legend": {"labelColor": INK, "titleColor": QUIET, "labelFontSize": 12},
    "text": {"color": INK},
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 16,
        "subtitleColor": QUIET,
        "subtitleFontSize": 12,
        "offset": 12,
    },
}
ENDINGS: dict[Kind, str] = {"svg+xml": "svg", "png": "png"}
SHARP = 2.0  # of a PNG, so that it is crisp where it is enlarged


def installed() -> bool:
    """Whether the extra that draws is there."""
    return find_spec("vl_convert") is not None


def drawn(chart: alt.Chart | alt.LayerChart, kind: Kind = "svg+xml", width: int = WIDTH) -> bytes:
    """A chart as a picture. Needs the extra ``report``; nothing is fetched."""
    import vl_convert  # noqa: PLC0415 - an extra

    given = chart.to_dict(validate=False)
    given["config"] = {**given.get("config", {}), **CONFIG}
    given["width"] = width
    if kind == "png":
        picture: bytes = vl_convert.vegalite_to_png(given, scale=SHARP, allowed_base_urls=[])
        return picture
    return str(vl_convert.vegalite_to_svg(given, allowed_base_urls=[])).encode()


def write(pictures: Iterable[tuple[str, str, alt.LayerChart]], folder: Path) -> Iterator[Path]:
    """Each picture as SVG and as PNG, named after its title. Raises ``DoraError`` where it can not be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for title, caption, chart in pictures:
            titled = chart.properties(title=alt.TitleParams(title, subtitle=caption))
            for kind, ending in ENDINGS.items():
                path = folder / f"{title.lower().replace(' ', '-')}.{ending}"
                path.write_bytes(drawn(titled, kind))
                yield path
    except OSError as error:
        raise DoraError(f"{folder} can not be written ({type(error).__name__}).", "name another folder.") from error
