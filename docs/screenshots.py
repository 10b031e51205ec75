"""Makes the pictures in this folder, from the running app in Chromium: python docs/screenshots.py http://127.0.0.1:7860/"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from drawings import DIGITS  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desktop": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}


def draw(page, digit: int) -> None:
    box = page.locator(".paper").bounding_box()
    for stroke in DIGITS[digit]:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if i == 0:
                page.mouse.down()
        page.mouse.up()
    page.get_by_text(f"I read {digit}").wait_for()


def take(page, name: str, whole_page: bool = False) -> None:
    page.wait_for_timeout(400)  # for the fonts and the last frame of a transition
    page.screenshot(path=ROOT / "docs" / f"{name}.png", full_page=whole_page)
    print(f"docs/{name}.png")


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(f"{address}?__theme={theme}")
                page.locator(".paper").wait_for()
                take(page, f"draw-empty-{size}-{theme}")
                draw(page, 4)
                take(page, f"draw-{size}-{theme}")
                if size == "tablet":
                    page.close()
                    continue
                page.get_by_role("tab", name="Train").click()
                take(page, f"train-empty-{size}-{theme}", whole_page=True)
                page.locator("#train").click()
                page.get_by_text("Done.").wait_for(timeout=120_000)
                take(page, f"train-{size}-{theme}", whole_page=True)
                page.get_by_role("tab", name="Evaluate").click()
                page.locator("#evaluate").click()
                page.get_by_text("read right").wait_for(timeout=120_000)
                take(page, f"evaluate-{size}-{theme}", whole_page=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860/")
