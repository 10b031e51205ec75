"""The moving picture at the top of the README, from the running app: python docs/film.py [ADDRESS [FILE]]

A 7 is drawn and read, one click trains a new network, and that network reads the same strokes.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SEVEN = [(0.30, 0.24), (0.50, 0.235), (0.70, 0.23), (0.63, 0.40), (0.55, 0.58), (0.47, 0.80)]  # shares of the pad
LARGEST = 1_500_000  # bytes, so that the README opens fast
SECONDS = 90  # that a training and the page's answer may take


class Film:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.milliseconds: list[int] = []

    def take(self, milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(picture.resize((960, 600), Image.Resampling.LANCZOS))
        self.milliseconds.append(milliseconds)

    def save(self, path: Path) -> None:
        first, *later = self.frames
        first.save(path, save_all=True, append_images=later, duration=self.milliseconds, loop=0, quality=60, method=6)
        size = path.stat().st_size
        print(f"{path}: {len(self.frames)} frames, {size:,} bytes")
        if size > LARGEST:
            sys.exit(f"The film is larger than {LARGEST:,} bytes; take fewer frames.")


def draw_seven(page: Page, film: Film) -> None:
    box = page.locator(".paper").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
        page.wait_for_timeout(150)  # the page reads while the pen is down
        film.take(250)
    page.mouse.up()
    page.wait_for_timeout(600)
    film.take(1_800)


def train(page: Page, film: Film) -> None:
    page.locator("#tab-train").click()
    start = page.locator("button.start:visible")
    start.wait_for()
    page.locator(".chain .largest").first.wait_for()
    page.locator("#train .guess-card .ten > *").first.wait_for()
    film.take(1_200)
    network = page.locator("button.network").inner_text()
    start.click()
    for _ in range(SECONDS * 2):
        page.wait_for_timeout(500)
        film.take(300)
        if page.locator("button.network").inner_text() != network:
            break
    else:
        sys.exit(f"No new network is in use after {SECONDS} seconds.")
    page.wait_for_timeout(1_000)
    film.take(1_800)


def main(address: str = "http://127.0.0.1:7860/", file: str = str(ROOT / "docs" / "film.webp")) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{address}?__theme=light")
        page.locator(".paper").wait_for()
        page.wait_for_timeout(1_000)
        film = Film(page)
        film.take(800)
        draw_seven(page, film)
        train(page, film)
        page.locator("#tab-draw").click()
        page.wait_for_timeout(1_500)
        film.take(3_000)
        browser.close()
        film.save(Path(file))


if __name__ == "__main__":
    main(*sys.argv[1:])
