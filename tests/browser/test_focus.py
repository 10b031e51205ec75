"""The keyboard keeps its place where a press builds its own button anew."""

import json

from drawings import DIGITS
from playwright.sync_api import expect


def test_the_readers_on_draw_keep_the_focus(visit):
    visitor = visit()
    readers = visitor.page.locator(".others .reader")
    readers.filter(has_text="MLP").focus()
    visitor.page.keyboard.press("Enter")
    expect(readers.first).to_contain_text("MLP")  # the one in use stands first
    expect(readers.first).to_be_focused()
    visitor.page.keyboard.press("Tab")
    expect(readers.nth(1)).to_be_focused()


def test_deleting_in_my_drawings_keeps_the_focus_on_what_comes_after(visit):
    visitor = visit()
    page = visitor.page
    strokes = [[[round(x * 1_000), round(y * 1_000)] for x, y in stroke] for stroke in DIGITS[4]]
    kept = {"writer": "x", "drawings": [{"label": label, "writer": "x", "strokes": strokes} for label in (1, 2, 3)]}
    page.evaluate("(kept) => localStorage.setItem('digits-drawings', kept)", json.dumps(kept))
    page.locator(".mine-button").click()
    for deleted, after in ((2, 3), (3, 1)):
        page.get_by_role("button", name=f"Delete this {deleted}").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Delete this {after}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.mine").get_by_role("button", name="Upload")).to_be_focused()


def test_a_press_that_builds_its_own_list_anew_keeps_the_focus(visit, app):
    page = visit(app + "?tab=train").page
    expect(page.locator(".estimate")).to_contain_text("About")  # till the script is there nothing takes the focus
    way = page.locator(".ways button").filter(has_text="Beginners' text")
    way.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".estimate")).to_contain_text("About")  # the ways are built anew by the answer, too
    expect(way).to_be_focused()
    page.locator("select[name=model]").select_option(label="Fast CNN")
    node = page.locator(".chain button.node").nth(1)
    node.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kind of layer 2")).to_be_focused()  # who comes by keyboard goes on to the controls
    pool = page.locator(".edit").get_by_role("button", name="pool", exact=True)
    pool.focus()
    page.keyboard.press("Enter")
    expect(pool).to_have_attribute("aria-pressed", "true")
    expect(node).to_contain_text("64 maps of 2×2")
    expect(pool).to_be_focused()
    page.keyboard.press("Escape")
    expect(pool).to_be_hidden()
    expect(node).to_be_focused()
    page.get_by_role("button", name="Add a layer after layer 2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="convolution", exact=True)).to_be_focused()
    page.get_by_role("button", name="linear", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kind of layer 3")).to_be_focused()  # of what was put in, to be changed at once
    page.get_by_role("button", name="Remove layer 3").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add a layer after layer 2")).to_be_focused()
    page.goto(app + "?tab=how&step=2")
    layer = page.locator(".step.of-define li button").nth(1)
    layer.focus()
    page.keyboard.press("Enter")
    expect(layer).to_have_attribute("aria-pressed", "true")
    expect(layer).to_be_focused()
    page.goto(app + "?tab=evaluate")
    page.locator(".against select").select_option(index=1)
    side = page.locator(".sides button").nth(1)
    side.focus(timeout=60_000)
    page.keyboard.press("Enter")
    expect(side).to_have_attribute("aria-pressed", "true")
    expect(side).to_be_focused()


def test_a_press_that_hides_its_own_form_goes_to_what_comes_instead(visit, app):
    page = visit(app + "?tab=train").page
    expect(page.locator(".estimate")).to_contain_text("About")
    page.get_by_role("button", name="Train", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".live .title")).to_be_focused()
    expect(page.locator(".band-title")).to_contain_text("is done", timeout=120_000)
    another = page.get_by_role("button", name="Train another")
    another.focus()
    page.keyboard.press("Enter")
    expect(page.locator("section.before")).to_be_visible()
    expect(another).to_be_focused()


def test_the_table_of_runs_keeps_the_focus_and_a_name_that_is_being_typed(visit, app):
    visitor = visit(app + "?tab=train")
    page = visitor.page
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".band-title")).to_contain_text("is done", timeout=120_000)
    pin = page.locator(".runs").get_by_role("button", name="Pin", exact=True)
    pin.focus()
    page.keyboard.press("Enter")
    unpin = page.locator(".runs").get_by_role("button", name="Unpin")
    expect(unpin).to_be_focused()
    page.get_by_role("button", name="Rename Run 1").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("My own")
    page.locator(".runs tbody tr").nth(1).get_by_role("button", name="Use").evaluate("(button) => button.click()")
    field = page.get_by_label("New name of Run 1")
    expect(page.locator(".runs tbody tr").nth(1)).to_contain_text("in use")  # the table was built anew
    expect(field).to_have_value("My own")
    expect(field).to_be_focused()

    def refuse(route) -> None:
        renames = '"name":"My own"' in (route.request.post_data or "")
        route.fulfill(json={"error": "No name today."}) if renames else route.fallback()

    page.route("**/*", refuse)
    page.keyboard.press("Enter")
    expect(page.locator(".runs-said")).to_have_text("No name today.")
    expect(field).to_have_value("My own")  # what was refused is there to be mended
    expect(field).to_be_focused()
    page.unroute("**/*", refuse)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Rename My own")).to_be_focused()
