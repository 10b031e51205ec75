"""A real server, a real Chromium. Without a Chromium these tests are skipped, but with CI=true that is a failure."""

import os
import shutil

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOW = "no Chromium here; on Debian or Ubuntu: apt-get install chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run the browser tests, but there is {HOW}", pytrace=False)
        pytest.skip(HOW)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine is no fault of the page
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """A page in a browser profile of its own, with every request to another host and every script error noted."""

    def __init__(self, browser, address: str, **options) -> None:
        self.address = address
        self.origin = "/".join(address.split("/")[:3]) + "/"
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.elsewhere, self.errors = [], []
        self.context.on("request", self._note)
        self.page = self.open()

    def _note(self, request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def open(self):
        page = self.context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.address)
        page.locator(".paper").wait_for(state="attached")  # another tab may be open
        page.locator(".network b:not(:empty)").wait_for()  # the server has said who the visitor is
        self.page = page
        return page

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def use(self, name: str) -> None:
        """Put a network in use, in the header."""
        self.page.locator(".network").click()
        self.page.locator(".choice .reader").filter(has_text=name).last.click()

    def networks(self) -> list[str]:
        """The names in the header's list."""
        self.page.locator(".network").click()
        names = self.page.locator(".choice .reader b").all_inner_texts()
        self.page.keyboard.press("Escape")
        return names

    def share(self, button: str) -> None:
        """Press a button of the Share sheet."""
        sheet = self.page.locator("dialog.sheet")
        if not sheet.is_visible():
            self.page.get_by_role("button", name="Share").click()
        sheet.get_by_role("button", name=button, exact=True).first.click()

    def measure(self, locator) -> dict[str, float]:
        """The box in pixels of an element that the page may build anew at any moment: the old one has none."""
        for _ in range(100):
            box = locator.bounding_box()
            if box:
                return box
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{locator} is not to be seen")

    def draw(self, strokes) -> None:
        """Draw with the mouse; strokes are polylines in shares of the pad's side."""
        self.page.locator(".paper").scroll_into_view_if_needed()
        box = self.page.locator(".paper").bounding_box()
        mouse = self.page.mouse
        for stroke in strokes:
            for i, (x, y) in enumerate(stroke):
                mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=2 if i else 1)
                if i == 0:
                    mouse.down()
            mouse.up()

    def hold(self, *functions: str) -> list:
        """Let these functions' questions wait -> those that do."""
        waiting = []

        def look(route) -> None:
            if any(f'"fn_name":"{name}"' in route.request.post_data for name in functions):
                waiting.append(route)
            else:
                route.continue_()

        self.page.route("**/component_server", look)
        return waiting

    def let_go(self, waiting: list) -> None:
        """Send what waits, and wait until it is shown."""
        while waiting:
            route = waiting.pop(0)
            with self.page.expect_response(lambda answer, route=route: answer.request == route.request):
                route.continue_()
        self.page.wait_for_timeout(200)


@pytest.fixture
def visit(chromium, app):
    """visit(**options) -> Visitor; closed at the test's end, after a look at what its page asked of whom."""
    visitors = []

    def open_page(address: str = app, **options) -> Visitor:
        visitors.append(Visitor(chromium, address, **options))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        visitor.context.close()
        assert visitor.elsewhere == [], "the page asked another host"
        assert visitor.errors == [], "a script of the page failed"
