"""Charts as images without browser, script and network: SVG, or PNG for mail programs, which do not show SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import altair as alt

from dora import DoraError

ImageType = Literal["svg+xml", "png"]
WIDTH = 560
# The light theme of .streamlit/config.toml: colours of tones by position, text, quiet text, lines.
PALETTE = ["#0072B2", "#D55E00", "#B87F00", "#00805D", "#B2578F", "#2D87BD", "#6B7683"]
PALETTE += ["#6A6F00", "#7E4F2A", "#6B52B5", "#00858F"]
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
    "title": {"anchor": "start", "color": INK, "fontSize": 16, "subtitleColor": QUIET, "subtitleFontSize": 12,
              "offset": 12},
}  # fmt: skip
SUFFIXES: dict[ImageType, str] = {"svg+xml": "svg", "png": "png"}
SCALE = 2.0  # of a PNG, which displays with two pixels per point show without blur


def is_installed() -> bool:
    """Return whether the extra ``report``, which renders charts, is installed."""
    return find_spec("vl_convert") is not None


def render(chart: alt.Chart | alt.LayerChart, image_type: ImageType = "svg+xml", width: int = WIDTH) -> bytes:
    """Return a chart as an image. Needs the extra ``report``."""
    import vl_convert  # noqa: PLC0415 - an extra

    specification = chart.to_dict(validate=False)
    specification |= {"config": specification.get("config", {}) | CONFIG, "width": width}
    # No base URL is allowed: a chart that refers to data or an image on the network must fail, not fetch it.
    if image_type == "png":
        image: bytes = vl_convert.vegalite_to_png(specification, scale=SCALE, allowed_base_urls=[])
        return image
    return str(vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])).encode()


def write(charts: Iterable[tuple[str, str, alt.LayerChart]], folder: Path) -> Iterator[Path]:
    """Write each title, caption and chart as SVG and PNG, named after the title. Returns the files written.

    Raises ``DoraError`` if the folder can not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for title, caption, chart in charts:
            titled = chart.properties(title=alt.TitleParams(title, subtitle=caption))
            for image_type, suffix in SUFFIXES.items():
                path = folder / f"{title.lower().replace(' ', '-')}.{suffix}"
                path.write_bytes(render(titled, image_type))
                yield path
    except OSError as error:
        raise DoraError(f"{folder} can not be written ({type(error).__name__}).", "name another folder.") from error
