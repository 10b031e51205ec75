"""What the page looks like at every size: nothing is cut off, squashed, grey by mistake or out of reach."""

import re

import pytest
from drawings import DIGITS
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LONG = "W" * 40


def train(page, name: str = "") -> None:
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".band-title")).to_contain_text("is done", timeout=120_000)
    if name:
        page.get_by_role("button", name="Rename Run 1").click()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.locator(".network b")).to_contain_text(name)


def fits(page, selector: str) -> None:
    """Each of them has room for what is in it."""
    sizes = "(nodes) => nodes.map((node) => [node.scrollWidth, node.clientWidth])"
    measured = page.locator(selector).evaluate_all(sizes)
    assert measured and all(inner <= outer + 1 for inner, outer in measured), (selector, measured)


def test_ink_is_the_page_s_colour_whatever_was_painted_first(visit, app):
    page = visit(app + "?tab=how").page  # step 3 paints before it is in the page
    corner = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data]"
    expect(page.locator(".column.begin canvas")).to_be_visible()
    assert page.locator(".column.begin canvas").evaluate(corner) == [255, 255, 255, 255]


@pytest.mark.parametrize("tab", ["draw", "train", "evaluate", "how"])
def test_boxes_and_menus_look_like_what_they_are(visit, app, tab):
    page = visit(f"{app}?tab={tab}").page
    boxes = "(nodes) => nodes.map((node) => getComputedStyle(node).appearance)"
    assert set(page.locator("input[type=checkbox]").evaluate_all(boxes)) == {"auto"}
    carets = "(nodes) => nodes.map((node) => getComputedStyle(node).backgroundImage)"
    images = page.locator("select").evaluate_all(carets)
    assert images and "none" not in images  # of all tabs: they are in the page from the start


def test_the_example_is_faint_named_and_makes_room_for_the_first_stroke(visit):
    visitor = visit()
    page = visitor.page
    expect(page.locator(".doubt")).to_have_text("An example. Draw your own.", timeout=20_000)
    page.reload()
    page.locator(".network b:not(:empty)").wait_for()
    expect(page.locator(".answer")).to_have_text("?")  # it was nobody's drawing
    expect(page.locator(".doubt")).to_have_text("An example. Draw your own.", timeout=20_000)
    visitor.draw(DIGITS[8])
    expect(page.locator(".sentence")).to_have_text("An 8.")
    expect(page.locator(".doubt")).to_be_empty()


def test_the_layers_of_the_network_in_use_are_there_before_anything_is_drawn(visit):
    visitor = visit()
    expect(visitor.page.locator(".stage canvas")).to_have_count(3)
    visitor.use("MLP")
    expect(visitor.page.locator(".stage figcaption")).to_have_text([re.compile("512 hidden units")])


def test_a_layer_keeps_its_shape_on_a_phone(visit):
    visitor = visit(**PHONE)
    visitor.page.locator(".inside").scroll_into_view_if_needed()  # it is asked for once it is to be seen
    canvas = visitor.page.locator(".stage canvas").first
    canvas.scroll_into_view_if_needed()
    box = visitor.measure(canvas)
    assert box["width"] / box["height"] == pytest.approx(1, abs=0.05)


def test_the_paper_fits_a_phone_held_sideways(visit):
    page = visit(viewport={"width": 667, "height": 375}).page
    box = page.locator(".paper").bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=2)
    assert box["height"] < 375 - 56 - 66  # between the header and the tabs


def test_a_number_that_all_read_alike_is_no_digit_to_wait_for(visit):
    visitor = visit()
    page = visitor.page
    page.get_by_role("button", name="A number").click()
    visitor.draw([[(x * 0.3, y * 0.8 + 0.1) for x, y in stroke] for stroke in DIGITS[1]])
    visitor.draw([[(x * 0.3 + 0.4, y * 0.8 + 0.1) for x, y in stroke] for stroke in DIGITS[7]])
    expect(page.locator(".answer")).to_have_text("17")
    assert page.locator(".sentence").bounding_box()["width"] <= 1  # for who hears the page; it is large on the left
    expect(page.locator(".next")).not_to_contain_text("Draw a digit")


def test_the_calls_of_the_graph_stay_in_sight(visit, app):
    visitor = visit(app + "?tab=how&step=3")
    page = visitor.page
    expect(page.locator(".of-graph .count")).to_contain_text("nodes")
    call = page.get_by_role("button", name="loss.backward()")
    below = visitor.measure(page.locator(".of-graph .column").last)
    assert below["y"] > 800  # the graph is longer than the window
    bottom = (
        "(button, most) => { const box = button.getBoundingClientRect(); return box.height && box.bottom <= most; }"
    )
    assert call.evaluate(bottom, 800)
    page.set_viewport_size({"width": 390, "height": 844})
    call.evaluate(
        "() => new Promise((end) => requestAnimationFrame(() => requestAnimationFrame(end)))"
    )  # laid out anew
    assert call.evaluate(bottom, 844 - 66)  # above the tabs


def test_runs_are_cards_on_a_phone(visit, app):
    visitor = visit(app + "?tab=train", **PHONE)
    page = visitor.page
    train(page)
    fits(page, ".runs-card .scroll")
    use = page.locator(".runs").get_by_role("button", name="Use").first
    use.scroll_into_view_if_needed()
    assert visitor.measure(use)["height"] >= 44


def test_a_long_name_leaves_no_card(visit, app):
    visitor = visit(app + "?tab=train")
    page = visitor.page
    train(page, LONG)
    fits(page, ".runs-card .scroll")
    visitor.tab("Evaluate")
    page.locator(".against select").select_option(label="Large CNN")
    expect(page.locator(".sides button")).to_have_count(2, timeout=60_000)
    fits(page, ".matrix-title, .legend, .wall-card, .top-row > *, .sides")
