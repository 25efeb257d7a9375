"""Takes pictures of every page in both themes, for README and reviews: ``make screenshots``.

Run: ``python -m tests.dashboards.screenshots [DATABASE]``, by default on the demo. Writes to dashboards/pictures.
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
from tests.dashboards.conftest import APP, CHROMIUM, serve_dashboard

DEMO = Path("data/demo/dora.duckdb")
PICTURES = APP.parent / "pictures"
WIDTH, MAX_HEIGHT, COLOURS = 1440, 2400, 256
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
FAILED_DEPLOYMENT = (
    "SELECT deployment_id FROM recoveries SEMI JOIN canaries USING (deployment_id)"
    " SEMI JOIN approvals USING (deployment_id) WHERE recovered_at IS NOT NULL ORDER BY failed_at DESC LIMIT 1"
)


def addresses(database: Path) -> dict[str, str]:
    """Addresses by picture: every page, and a deployment with a canary, an approval, a failure and a recovery."""
    pages = {path.stem: f"{path.stem}?window=180d" for path in sorted((APP.parent / "app_pages").glob("*.py"))}
    pages["overview"] = "?window=180d"
    deployments = dora.open(database).sql(FAILED_DEPLOYMENT)
    return pages | ({"deployment": f"?deployment={deployments[0]['deployment_id']}"} if deployments else {})


def take_picture(page: Any, address: str) -> bytes:
    """The page in its full height, after all of it is drawn."""
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto(address)
    page.wait_for_selector("[data-testid=stDataFrame] canvas, [data-testid=stVegaLiteChart] svg")
    for _ in range(2):  # charts are drawn when they come into view, which makes the page taller
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(1200)
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": WIDTH, "height": min(height, MAX_HEIGHT)})
    page.wait_for_timeout(800)
    return bytes(page.screenshot())


def main(database: Path) -> None:
    """Write every picture, with few colours to keep the files small."""
    if not database.exists():
        sys.exit(f"{database} does not exist. Run `dora demo --no-serve` first.")
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        serve_dashboard(database, Path(folder)) as server,
    ):
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        for theme in ("light", "dark"):
            page = browser.new_context(color_scheme=theme).new_page()
            page.set_default_timeout(120_000)
            for name, address in addresses(database).items():
                image = Image.open(io.BytesIO(take_picture(page, f"{server}/{address}"))).convert("RGB")
                path = PICTURES / f"{name}{'' if theme == 'light' else '_dark'}.png"
                image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
                print(f"{path.stat().st_size // 1000:>5} kB  {path}", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else DEMO.resolve())
