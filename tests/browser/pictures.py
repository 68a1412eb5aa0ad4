"""Makes the pictures of the explorer in `docs/`: `python tests/browser/pictures.py`."""

import io
import tempfile
from pathlib import Path

from browsing import ARGUMENTS, NARROW, WIDE, Visit, browser_path, new_context
from PIL import Image
from playwright.sync_api import sync_playwright
from serving import running_server

DOCS = Path(__file__).parents[2] / "docs"

WAY = "#deposition?current_density_mA_cm2=0.7&capacity_mAh_cm2=1&kept=capacity"


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(ARGUMENTS))
        wide = Visit.of(new_context(browser, WIDE), url)
        wide.open(WAY)
        save(wide, "explorer.png", height=1010)
        wide.open("#structure", "structure")
        wide.rest()
        wide.page.click("#structure-view button:has-text('Try')")
        wide.page.wait_for_selector("#structure-view .atoms canvas")
        wide.settle("structure")
        save(wide, "explorer-structure.png", height=1130, n_colours=256)
        phone = Visit.of(new_context(browser, NARROW, "dark"), url)
        phone.open("#embryo", "embryo")
        phone.page.wait_for_selector("#embryo-view .sentence:has-text('freshly packed')")
        save(phone, "explorer-phone.png", height=NARROW[1])
        browser.close()


def save(visit: Visit, name: str, height: int, n_colours: int | None = None) -> None:
    visit.page.set_viewport_size({"width": visit.page.viewport_size["width"], "height": height})
    visit.page.wait_for_timeout(500)
    with Image.open(io.BytesIO(visit.page.screenshot())) as image:
        picture = image.convert("RGB")
        picture = picture.quantize(n_colours) if n_colours else picture
        picture.save(DOCS / name, optimize=True)


if __name__ == "__main__":
    main()
