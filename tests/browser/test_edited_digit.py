"""A test digit on the pad that strokes are added to and ink is rubbed from."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect


@pytest.fixture
def edit(visit, app):
    """edit(theme) -> a visitor with the shipped network's first mistake on the pad."""

    def load(theme: str = "light"):
        visitor = visit(app + f"?tab=evaluate&__theme={theme}")
        visitor.page.locator("#evaluate .wall button").first.click()
        visitor.page.get_by_role("button", name="Load into the pad").click()
        expect(visitor.page.locator("#draw .doubt")).to_contain_text("labelled")
        return visitor

    return load


def test_an_edited_digit_has_no_link_and_no_file_of_strokes(edit):
    visitor = edit()
    visitor.draw([[(0.1, 0.1), (0.9, 0.1)]])
    expect(visitor.page.locator("#draw .doubt")).to_contain_text("changed by you")
    expect(visitor.page.get_by_role("button", name="It was a 1")).to_be_disabled()  # My drawings holds strokes only
    files = []
    visitor.page.on("download", lambda download: files.append(download))
    wanted = {"Copy its link": "A link", "QR code": "A link", "SVG": "An SVG file", "JSON": "A JSON file"}
    for button, what in wanted.items():
        visitor.share(button)
        expect(visitor.page.locator(".told")).to_have_text(re.compile(f"^{what} holds strokes and no picture"))
        visitor.page.keyboard.press("Escape")
    assert files == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_edited_digit_is_saved_as_black_on_white_in_both_themes(edit, theme):
    visitor = edit(theme)
    visitor.draw([[(0.1, 0.05), (0.9, 0.05)]])
    expect(visitor.page.locator("#draw .doubt")).to_contain_text("changed by you")
    with visitor.page.expect_download() as download:
        visitor.share("PNG")
    picture = Image.open(io.BytesIO(download.value.path().read_bytes())).convert("L")
    pixels = np.asarray(picture)
    assert picture.size == (1_000, 1_000)
    assert pixels[0, 0] == pixels[999, 0] == 255
    assert pixels[200:].min() < 60  # the digit
    assert 60 < (pixels[:150, 500] < 128).sum() < 100  # the stroke, as wide as on the pad


def test_one_undo_takes_back_a_whole_rub_and_an_empty_rub_is_no_change(edit):
    visitor = edit()
    page = visitor.page
    doubt, undo = page.locator("#draw .doubt"), page.locator("#draw [data-do=undo]")
    expect(doubt).to_contain_text("labelled")
    page.get_by_role("button", name="Eraser").click()
    redo = page.locator("#draw [data-do=redo]")
    visitor.draw([[(0.03, 0.03 + i / 500) for i in range(20)]])
    expect(doubt).not_to_contain_text("changed by you")
    visitor.draw([[(0.1 + i / 25, 0.5) for i in range(20)]])
    expect(doubt).to_contain_text("changed by you")
    undo.click()
    expect(doubt).not_to_contain_text("changed by you")
    expect(doubt).to_contain_text("labelled")
    expect(redo).to_be_enabled()
