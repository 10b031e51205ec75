"""The inside by keyboard, with a pin that follows the drawing."""

import re

from drawings import DIGITS
from playwright.sync_api import expect


def test_a_unit_is_chosen_and_pinned_by_keyboard_and_follows_the_drawing(visit):
    visitor = visit()
    page, unit = visitor.page, visitor.page.locator(".unit.note")
    visitor.use("MLP")
    visitor.draw(DIGITS[3])
    stage = page.locator(".stage canvas")
    expect(page.locator(".stage figcaption")).to_have_text([re.compile("512 hidden units")])
    stage.focus()
    page.keyboard.press("ArrowRight")
    expect(unit).to_contain_text("Unit 1: ink × weights = ")
    expect(stage).to_have_attribute("aria-valuetext", "unit 1")
    page.keyboard.press("ArrowDown")
    expect(unit).to_contain_text("Unit 33: ink × weights = ")
    page.keyboard.press("Enter")
    expect(unit).to_contain_text("Pinned")
    expect(stage).to_be_focused()
    of_three = unit.inner_text()
    page.get_by_role("button", name="Clear").click()
    expect(unit).to_have_text("Unit 33 is pinned; draw a digit.")
    visitor.draw(DIGITS[0])
    expect(unit).to_contain_text(re.compile("Unit 33: ink.*Pinned"))
    assert unit.inner_text() != of_three
    stage.click(position={"x": 3, "y": 3})
    expect(unit).to_contain_text("Unit 1: ink × weights = ")
    expect(unit).not_to_contain_text("Pinned")
