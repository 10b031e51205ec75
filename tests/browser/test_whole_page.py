"""What holds for the whole page: keyboard, weight, zoom, forced colours, print."""

import pytest
from drawings import DIGITS
from playwright.sync_api import expect

from digits.reading.recognizer import WEIGHTS

TABS = {
    "Draw": ".bars .first",
    "Train": ".chain .largest",
    "Evaluate": "#evaluate .wall li",
    "How it works": "#how .node",
}
LARGEST = 800_000  # bytes of our own scripts, styles and templates that the first page takes, as they travel

# Whatever can take part: shown, enabled, in the order of the keyboard.
REACHABLE = """() => [...document.querySelectorAll('button, a[href], input, select, [tabindex="0"]')].filter((node) =>
  node.closest('#shell, #draw, #train, #evaluate, #how') && node.checkVisibility() && !node.disabled
  && node.tabIndex >= 0 && !node.closest('dialog')).length"""
FOCUSED = """() => {
  const node = document.activeElement;
  if (!node.closest('#shell, #draw, #train, #evaluate, #how')) return null;
  node.dataset.reached = 'yes';
  const box = node.getBoundingClientRect();
  const style = getComputedStyle(node);
  const ring = style.outlineStyle !== 'none' || style.boxShadow !== 'none' || node.matches('canvas, [type=range]');
  return { name: node.outerHTML.slice(0, 90), seen: box.bottom > 0 && box.top < innerHeight, ring };
}"""


def show(visitor, name: str) -> None:
    """Open a tab, and wait until it has something to show."""
    visitor.tab(name)
    expect(visitor.page.locator(TABS[name]).first).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("name", TABS)
def test_the_tab_key_reaches_everything_visibly(visit, name):
    visitor = visit()
    visitor.draw(DIGITS[2])
    show(visitor, name)
    page = visitor.page
    count = page.evaluate(REACHABLE)
    page.locator(".brand").focus()
    page.keyboard.press("Shift+Tab")  # by the keyboard, so that the ring is drawn
    unseen = []
    for _ in range(count + 5):
        at = page.evaluate(FOCUSED)
        if at and not (at["seen"] and at["ring"]):
            unseen.append(at["name"])
        page.keyboard.press("Tab")
    assert unseen == []
    assert page.locator("[data-reached]").count() >= 0.95 * count  # a radio's or slider's own buttons count as one


@pytest.mark.parametrize("name", TABS)
@pytest.mark.parametrize("width", [640, 820, 1280])  # 1280 at 200 % zoom is 640
def test_nothing_hangs_over_the_edge(visit, name, width):
    visitor = visit(viewport={"width": width, "height": 800})
    show(visitor, name) if name != "Draw" else None
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width


def test_in_forced_colours_and_in_print_the_answer_is_there(visit):
    visitor = visit(forced_colors="active")
    visitor.draw(DIGITS[3])
    expect(visitor.page.locator(".verdict .answer")).to_have_text("3")
    pressed = visitor.page.locator('[data-tool="pen"]')
    free = visitor.page.locator('[data-tool="eraser"]')
    border = "(node) => getComputedStyle(node).borderColor + getComputedStyle(node).outline"
    assert pressed.evaluate(border) != free.evaluate(border)  # colours alone would not tell
    visitor.page.emulate_media(media="print")
    expect(visitor.page.locator(".verdict .answer")).to_be_visible()
    expect(visitor.page.locator('[data-do="clear"]')).to_be_hidden()


def test_our_part_of_the_page_is_light_and_no_font_is_loaded(visit, app):
    visitor = visit()
    sizes = {}
    visitor.page.on("response", lambda response: sizes.update({response.url: response}))
    visitor.page.reload()
    visitor.page.locator(".network b:not(:empty)").wait_for()
    parts = [response for url, response in sizes.items() if "/web/" in url]
    assert len(parts) > 20
    assert not [url for url in sizes if "font" in url]
    assert sum(len(response.body()) for response in parts) < LARGEST


def test_every_module_is_fetched_once_and_those_of_draw_from_the_start(chromium, app):
    page = chromium.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith(".js") else None)
    page.goto(app)
    page.locator(".network b:not(:empty)").wait_for()
    modules = [url for url in asked if "/web/" in url]
    links = page.evaluate("[...document.querySelectorAll('link[rel=modulepreload][href^=\"web/\"]')].map(l => l.href)")
    assert len(links) > 20
    assert set(links) < set(modules)
    assert len(set(modules)) == len(modules)
    page.close()


def test_weights_that_were_taken_away_are_opened_again(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    (tmp_path / "ours.safetensors").write_bytes((WEIGHTS / "mlp.safetensors").read_bytes())
    (tmp_path / "broken.safetensors").write_bytes(b"not tensors")
    (tmp_path / "notes.txt").write_text("no weights")
    visitor.draw(DIGITS[7])
    page.locator(".network").click()
    said = page.locator(".opened")
    page.locator(".weights-file").set_input_files(tmp_path / "notes.txt")
    expect(said).to_have_text("notes.txt holds no weights; wanted a file that ends in .safetensors.")
    page.locator(".weights-file").set_input_files(tmp_path / "broken.safetensors")
    expect(said).to_contain_text("broken.safetensors is not a whole safetensors file")
    page.locator(".weights-file").set_input_files(tmp_path / "ours.safetensors")
    expect(said).to_have_text("It is in use, until the server ends.", timeout=30_000)
    expect(page.locator(".network b")).to_have_text("ours, MLP 784-512-10")
    expect(page.locator(".network small")).to_have_text("opened from a file, 98.13% on the test set")
    expect(page.locator(".answer")).to_have_text("7")
