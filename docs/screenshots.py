"""Pictures of the running app in Chromium, to look at: python docs/screenshots.py [ADDRESS [FOLDER]]

Every tab and its states, at three sizes, light and dark; about five minutes.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from drawings import DIGITS, write  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SIZES = {"desktop": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}
SCRIBBLE = [(0.1 + 0.8 * (i % 2), 0.1 + 0.8 * i / 24) for i in range(25)]
NO_PICTURE = {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear reader, this is no picture."}
STEPS = 7  # of How it works


def draw(page: Page, strokes: list, lift: bool = True) -> None:
    page.locator(".paper").scroll_into_view_if_needed()
    box = page.locator(".paper").bounding_box()
    for stroke in strokes:
        page.mouse.up()
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if i == 0:
                page.mouse.down()
    if lift:
        page.mouse.up()


class Camera:
    def __init__(self, page: Page, folder: Path, ending: str) -> None:
        self.page, self.folder, self.ending = page, folder, ending

    def take(self, name: str, whole_page: bool = False) -> None:
        self.page.wait_for_timeout(500)  # for the last frame of a transition
        path = self.folder / f"{name}-{self.ending}.png"
        self.page.screenshot(path=path, full_page=whole_page)
        print(path)


def take_draw(page: Page, camera: Camera) -> None:
    camera.take("draw-empty")
    draw(page, [DIGITS[2][0][:-1]], lift=False)
    camera.take("draw-drawing")
    page.mouse.up()
    page.get_by_role("button", name="Clear").click()
    draw(page, [SCRIBBLE, [(y, x) for x, y in SCRIBBLE]])
    page.locator(".answer.unsure").wait_for()
    camera.take("draw-refused")
    page.locator(".picture-file").set_input_files(NO_PICTURE)
    page.get_by_text("is not a picture").wait_for()
    camera.take("draw-error")
    page.get_by_role("button", name="Clear").click()
    draw(page, DIGITS[4])
    page.locator(".bar.first").wait_for()
    camera.take("draw", whole_page=True)
    page.locator("[data-do=why]").click()
    page.locator(".layers > div > canvas").first.wait_for()
    camera.take("draw-why", whole_page=True)
    page.locator("[data-do=why]").click()
    page.locator(".network").click()
    camera.take("networks")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share").click()
    camera.take("share")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="A number").click()
    draw(page, write("2026"))
    page.locator(".answer.several").wait_for()
    camera.take("draw-number")
    page.get_by_role("button", name="One digit").click()
    draw(page, DIGITS[4])


def take_train(page: Page, camera: Camera) -> None:
    page.get_by_role("tab", name="Train").click()
    page.locator(".chain .largest").first.wait_for()
    camera.take("train-start", whole_page=True)
    page.get_by_role("button", name="Train", exact=True).click()
    page.locator(".chart .line").first.wait_for(timeout=60_000)
    camera.take("train-running", whole_page=True)
    page.locator(".band-title").filter(has_text="is done").wait_for(timeout=120_000)
    camera.take("train-done", whole_page=True)


def take_evaluate(page: Page, camera: Camera) -> None:
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#evaluate .wall li").first.wait_for(timeout=120_000)
    camera.take("evaluate", whole_page=True)


def take_how(page: Page, camera: Camera) -> None:
    page.get_by_role("tab", name="How it works").click()
    for number in range(1, STEPS + 1):
        page.locator("#how .rail button").nth(number - 1).click()
        page.wait_for_timeout(2_500)  # a map takes two seconds
        camera.take(f"how-{number}", whole_page=True)


def main(address: str = "http://127.0.0.1:7860/", folder: str = str(ROOT / "runs" / "screenshots")) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(f"{address}?__theme={theme}")
                page.locator(".network b:not(:empty)").wait_for()
                camera = Camera(page, Path(folder), f"{size}-{theme}")
                for take in (take_draw, take_train, take_evaluate, take_how):
                    take(page, camera)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
