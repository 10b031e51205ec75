"""Pictures of the running app in Chromium, to look at: python docs/screenshots.py [ADDRESS [FOLDER]]"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from drawings import DIGITS, write  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desktop": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}
SCRIBBLE = [(0.1 + 0.8 * (i % 2), 0.1 + 0.8 * i / 24) for i in range(25)]
NO_PICTURE = {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear reader, this is no picture."}


def draw(page, strokes: list, lift: bool = True) -> None:
    box = page.locator(".paper").bounding_box()
    for stroke in strokes:
        page.mouse.up()
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if i == 0:
                page.mouse.down()
    if lift:
        page.mouse.up()


def clear(page) -> None:
    page.get_by_role("button", name="Clear").click()


class Camera:
    def __init__(self, page, folder: Path, ending: str) -> None:
        self.page, self.folder, self.ending = page, folder, ending

    def take(self, name: str, whole_page: bool = False) -> None:
        self.page.wait_for_timeout(400)  # for the fonts and the last frame of a transition
        path = self.folder / f"{name}-{self.ending}.png"
        self.page.screenshot(path=path, full_page=whole_page)
        print(path)


def draw_tab(page, camera: Camera) -> None:
    camera.take("draw-empty")
    draw(page, [DIGITS[2][0][:-1]], lift=False)
    page.get_by_text("I read").wait_for()
    camera.take("draw-drawing")
    page.mouse.up()
    clear(page)
    draw(page, [SCRIBBLE, [(y, x) for x, y in SCRIBBLE]])
    page.get_by_text("does not look like a digit").wait_for()
    camera.take("draw-refused")
    clear(page)
    page.locator(".pad input[type=file]").set_input_files(NO_PICTURE)
    page.get_by_text("is not a picture").wait_for()
    camera.take("draw-error")
    draw(page, DIGITS[4])
    page.get_by_text("I read 4").wait_for()
    camera.take("draw")
    panel = page.locator(".why")
    panel.locator("summary").click()
    maps = page.locator(".layers > div > canvas").nth(1)
    maps.wait_for()
    panel.evaluate("(panel) => panel.scrollIntoView({ block: 'start' })")
    box = maps.bounding_box()
    maps.click(position={"x": box["width"] * 0.29, "y": box["height"] * 0.13})
    camera.take("draw-why")
    panel.locator("summary").click()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="A number").click()
    draw(page, write("2026"))
    page.get_by_text("I read 2026").wait_for()
    camera.take("draw-number")


def other_tabs(page, camera: Camera) -> None:
    page.get_by_role("tab", name="Train").click()
    camera.take("train-empty", whole_page=True)
    page.locator("#train").click()
    page.get_by_text("Done.").wait_for(timeout=120_000)
    camera.take("train", whole_page=True)
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#evaluate").click()
    page.locator(".headline", has_text="read right").wait_for(timeout=120_000)
    camera.take("evaluate", whole_page=True)


def main(address: str = "http://127.0.0.1:7860/", folder: str = str(ROOT / "runs" / "screenshots")) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(f"{address}?__theme={theme}")
                page.locator(".paper").wait_for()
                camera = Camera(page, Path(folder), f"{size}-{theme}")
                draw_tab(page, camera)
                if size != "tablet":
                    other_tabs(page, camera)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
