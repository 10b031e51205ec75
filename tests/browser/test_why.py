"""The panel that shows why the network reads a drawing as it does."""

import numpy as np
import pytest
from drawings import DIGITS
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 3}


def open_panel(visitor) -> None:
    visitor.page.locator("[data-do=why]").click()


def decisive(visitor):
    return visitor.page.locator(".decisive")


def picture(visitor, selector: str) -> np.ndarray:
    """A 28x28 canvas of the page, (28, 28, 3)."""
    values = visitor.page.locator(selector).evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    return np.array(values).reshape(28, 28, 4)[..., :3]


def inked(visitor, selector: str) -> np.ndarray:
    """Which pixels of a 28x28 canvas are not paper, bool (28, 28); the page is light here."""
    return picture(visitor, selector).min(axis=2) < 215


def test_the_panel_explains_every_new_drawing(visit):
    visitor = visit()
    open_panel(visitor)
    expect(decisive(visitor)).to_have_text("Draw a digit, and lift the pen.")
    layers = visitor.page.locator(".layers h3")
    expect(layers).to_have_count(0)
    for digit in (4, 0):
        visitor.draw(DIGITS[digit])
        expect(visitor.page.locator(".logits .first b")).to_have_text(str(digit))
        expect(decisive(visitor)).to_contain_text("framed part")
        expect(layers).to_have_count(5)  # the shipped network has five convolutions
        expect(visitor.page.locator(".why .frame")).to_be_visible()
        ink, shown = inked(visitor, ".seen"), inked(visitor, ".map")
        assert (shown & ink).sum() == ink.sum()  # the drawing itself, in colours
        colourful = np.ptp(picture(visitor, ".map"), axis=2) > 60
        assert colourful.any()
        assert not (colourful & ~shown).any()
        visitor.page.get_by_role("button", name="Clear").click()
        expect(decisive(visitor)).to_have_text("Draw a digit, and lift the pen.")
        expect(layers).to_have_count(0)
        expect(visitor.page.locator(".why .frame")).to_be_hidden()


def test_nothing_is_asked_while_the_panel_is_closed(visit):
    visitor = visit()
    asked = []
    visitor.page.on("request", lambda request: asked.append("explain_reading" in (request.post_data or "")))
    visitor.draw(DIGITS[7])
    expect(visitor.page.locator(".answer")).to_have_text("7")
    assert asked
    assert not any(asked)
    open_panel(visitor)
    expect(decisive(visitor)).to_contain_text("framed part")
    assert any(asked)


def test_a_unit_shows_its_field_and_a_map_its_filter(visit):
    visitor = visit()
    open_panel(visitor)
    visitor.draw(DIGITS[3])
    field = visitor.page.locator(".field-of-view")
    first = visitor.page.locator(".layers > div").nth(0)
    last = visitor.page.locator(".layers > div").nth(4)
    widths = []
    for layer in (first, last):
        maps = layer.locator("> canvas")
        maps.hover()  # scrolls to it, once it stands still
        box = visitor.measure(maps)
        maps.hover(position={"x": box["width"] * 0.033, "y": box["height"] * (0.5 if layer is first else 0.1)})
        expect(field).to_be_visible()
        widths.append(visitor.measure(field)["width"])
    assert widths[0] < widths[1] / 4  # 4 pixels of the drawing, then nearly all of it
    expect(first.locator(".unit-of-map")).to_be_hidden()
    first.locator("> canvas").click(position={"x": 5, "y": 5})
    expect(first.locator(".unit-of-map")).to_contain_text("Map 1 and its filter: 3×3 weights on the drawing")
    assert first.locator(".unit-of-map canvas").nth(1).evaluate("(canvas) => [canvas.width, canvas.height]") == [3, 3]
    visitor.page.keyboard.press("ArrowRight")
    expect(first.locator(".unit-of-map")).to_contain_text("Map 2 and its filter")
    expect(first.locator("> canvas")).to_have_attribute("aria-valuenow", "2")
    visitor.page.mouse.move(5, 5)
    expect(field).to_be_hidden()


def test_the_explanation_is_of_the_ink_that_the_network_in_use_saw(visit):
    visitor = visit()
    page = visitor.page
    open_panel(visitor)
    page.get_by_role("button", name="Preparation").click()
    visitor.draw([[(0.04 + x * 0.3, 0.04 + y * 0.3) for x, y in stroke] for stroke in DIGITS[4]])
    expect(page.locator(".logits .first b")).to_have_text("4")
    for name in ("cropped to the ink", "long side 20 pixels", "centred by its mass"):
        page.get_by_label(name).uncheck()
    page.wait_for_function("""() => {
        const data = document.querySelector('.map').getContext('2d').getImageData(0, 0, 28, 28).data;
        const dark = (i) => Math.min(data[i], data[i + 1], data[i + 2]) < 215 && data[i + 3] > 0;
        const places = [...Array(784).keys()].filter((k) => dark(k * 4));
        return places.length > 0 && places.every((k) => k < 14 * 28);
    }""")  # the small digit in the upper half, where it was drawn
    visitor.use("MLP")
    expect(page.locator(".layers")).to_contain_text("no maps")


def test_pictures_and_test_digits_are_explained_too(visit):
    visitor = visit()
    open_panel(visitor)
    visitor.page.get_by_role("button", name="Test digit").click()
    expect(decisive(visitor)).to_contain_text("framed part")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_hangs_over_the_edge_and_the_drawing_stays_in_view(visit, app, theme):
    visitor = visit(app + f"?__theme={theme}", **PHONE)
    page = visitor.page
    open_panel(visitor)
    visitor.draw(DIGITS[2])
    expect(page.locator(".layers h3")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    maps = page.locator(".layers > div > canvas").nth(4)
    maps.evaluate("(canvas) => canvas.scrollIntoView({ block: 'center' })")
    box = visitor.measure(maps)
    page.touchscreen.tap(box["x"] + box["width"] * 0.03, box["y"] + box["height"] * 0.53)
    for selector in (".why .lens", ".why .field-of-view"):
        expect(page.locator(selector)).to_be_visible()
        shown = visitor.measure(page.locator(selector))
        assert shown["y"] >= 0
        assert shown["y"] + shown["height"] <= 844
    unit = page.locator(".layers > div").nth(4).locator(".unit-of-map")
    expect(unit).to_contain_text("Map 81 and its filter")  # 160 maps, sixteen a row: the first of the sixth row
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
