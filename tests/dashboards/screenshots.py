"""Pictures of every page in both themes, of the simulated organisation: ``make screenshots``.

Run: ``python -m tests.dashboards.screenshots [DATABASE]``; they go to dashboards/pictures, where README finds its own.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

import dora
from tests.dashboards.conftest import APP, CHROMIUM, served

DEMO = Path("data/demo/dora.duckdb")
PICTURES = APP.parent / "pictures"
WIDTH, TALLEST, COLOURS = 1440, 2400, 256
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
STORY = (
    "SELECT r.deployment_id FROM recoveries AS r INNER JOIN canaries AS c ON r.deployment_id = c.deployment_id"
    " INNER JOIN approvals AS a ON r.deployment_id = a.deployment_id WHERE r.recovered_at IS NOT NULL"
    " ORDER BY r.failed_at DESC LIMIT 1"
)


def addresses(database: Path) -> dict[str, str]:
    """What is pictured, by name: every page there is, and a deployment that has a whole story to tell."""
    pages = {path.stem: f"{path.stem}?window=180d" for path in sorted((APP.parent / "app_pages").glob("*.py"))}
    pages["overview"] = "?window=180d"
    told = dora.open(database).sql(STORY)
    return pages | ({"deployment": f"?deployment={told[0]['deployment_id']}"} if told else {})


def picture(page: Any, address: str) -> bytes:
    """The whole page, as tall as it is, once all of it is drawn."""
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto(address)
    page.wait_for_selector("[data-testid=stDataFrame] canvas, [data-testid=stVegaLiteChart] svg")
    for _ in range(2):  # charts are drawn where they come into view, which makes the page taller
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(1200)
        tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": WIDTH, "height": min(tall, TALLEST)})
    page.wait_for_timeout(800)
    return bytes(page.screenshot())


def main(database: Path) -> None:
    """Write every picture, in few colours so that none is heavy."""
    if not database.exists():
        sys.exit(f"There is no {database}. Run `dora demo --no-serve` first.")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, served(database, Path(folder)) as at:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        for theme in ("light", "dark"):
            page = browser.new_context(color_scheme=theme).new_page()
            page.set_default_timeout(120_000)
            for name, address in addresses(database).items():
                image = Image.open(io.BytesIO(picture(page, f"{at}/{address}"))).convert("RGB")
                path = PICTURES / f"{name}{'' if theme == 'light' else '_dark'}.png"
                image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
                print(f"{path.stat().st_size // 1000:>5} kB  {path}", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else DEMO.resolve())
