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
