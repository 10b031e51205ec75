"""A whole number on the wide paper: mouse and finger, boxes, links, files, pictures, and its own history."""

import io
import json
import re

import numpy as np
import pytest
from drawings import DIGITS, WIDE, write
from playwright.sync_api import expect

from digits import Recognizer
from digits.evaluation.numbers import paint


def open_wide(visitor) -> None:
    visitor.page.get_by_role("button", name="A number").click()
    expect(visitor.page.locator(".hint")).to_contain_text("Write a number")


def labels(visitor):
    return visitor.page.locator(".boxes b")


def boxes(visitor) -> list[dict]:
    """The place of every box, taken in one step: each reading replaces the boxes."""
    return visitor.page.evaluate(
        "[...document.querySelectorAll('.boxes > span')].map((span) => span.getBoundingClientRect().toJSON())"
    )


@pytest.fixture
def wide(visit):
    visitor = visit()
    open_wide(visitor)
    return visitor


def test_a_number_is_read_and_each_digit_is_boxed(wide):
    strokes = write("2026")
    wide.draw(strokes)
    answer = wide.page.locator(".answer")
    expect(answer).to_have_text("2026")
    expect(wide.page.locator(".sentence")).to_have_text("2026.")
    expect(labels(wide)).to_have_text([re.compile(rf"^{digit} · \d+%$") for digit in "2026"])
    paper = wide.page.locator(".paper").bounding_box()
    wide.page.wait_for_function(  # the reading of the whole drawing, not one of those while it was drawn
        "(end) => document.querySelector('.boxes > span:last-child').getBoundingClientRect().right >= end",
        arg=paper["x"] + max(x for x, _ in strokes[-1]) * paper["width"],
    )
    for box, stroke in zip(boxes(wide), strokes, strict=True):
        for x, y in stroke:
            assert box["x"] <= paper["x"] + x * paper["width"] <= box["x"] + box["width"]
            assert box["y"] <= paper["y"] + y * paper["height"] <= box["y"] + box["height"]
    assert paper["width"] / paper["height"] == pytest.approx(WIDE, rel=0.02)


def test_every_network_reads_the_number(wide):
    wide.draw(write("37"))
    readings = wide.page.locator(".others .read")
    expect(readings).to_have_text([re.compile(r"^\d+$")] * 3)
    expect(readings.first).to_have_text("37")
    wide.page.get_by_role("button", name="Clear").click()
    expect(readings).to_have_text([""] * 3)
    wide.draw(write("52"))
    expect(readings.first).to_have_text("52")
    wide.page.get_by_role("button", name="One digit").click()  # its own paper is empty
    expect(readings).to_have_text([""] * 3)


def test_the_number_grows_while_the_pen_is_down(wide):
    first, second = write("37")
    wide.draw([first])
    expect(wide.page.locator(".answer")).to_have_text("3")
    box = wide.page.locator(".paper").bounding_box()
    for i, (x, y) in enumerate(second):
        wide.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
        if i == 0:
            wide.page.mouse.down()
    expect(wide.page.locator(".answer")).to_have_text("37")
    wide.page.mouse.up()


def test_a_number_is_written_with_a_finger(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_wide(visitor)
    visitor.page.locator(".paper").scroll_into_view_if_needed()
    box = visitor.page.locator(".paper").bounding_box()
    session = visitor.context.new_cdp_session(visitor.page)
    for stroke in write("402"):
        for i, (x, y) in enumerate(stroke):
            finger = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
            kind = "touchMove" if i else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [finger]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(visitor.page.locator(".answer")).to_have_text("402")
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_undo_redo_and_eraser_work_on_a_number(wide):
    answer = wide.page.locator(".answer")
    strokes = write("183")
    wide.draw(strokes)
    expect(answer).to_have_text("183")
    wide.page.get_by_role("button", name="Undo").click()
    expect(answer).to_have_text("18")
    wide.page.get_by_role("button", name="Redo").click()
    expect(answer).to_have_text("183")
    wide.page.get_by_role("button", name="Eraser").click()
    x, y = strokes[0][0]
    wide.draw([[(x - 0.02, y + 0.1), (x + 0.02, y + 0.1)]])  # across the 1
    expect(answer).to_have_text("83")
    wide.page.get_by_role("button", name="Clear").click()
    expect(answer).to_have_text("?")
    expect(labels(wide)).to_have_count(0)


def test_each_paper_keeps_its_drawing_and_its_history(visit):
    visitor = visit()
    answer = visitor.page.locator(".answer")
    visitor.draw(DIGITS[5])
    expect(answer).to_have_text("5")
    open_wide(visitor)
    expect(answer).to_have_text("?")
    expect(visitor.page.get_by_role("button", name="Undo")).to_be_disabled()
    visitor.draw(write("16"))
    expect(answer).to_have_text("16")
    visitor.page.get_by_role("button", name="One digit").click()
    expect(answer).to_have_text("5")
    expect(labels(visitor)).to_have_count(0)
    visitor.page.get_by_role("button", name="A number").click()
    expect(answer).to_have_text("16")
    visitor.page.get_by_role("button", name="Undo").click()
    expect(answer).to_have_text("1")
    visitor.page.reload()
    expect(answer).to_have_text("1")
    expect(visitor.page.get_by_role("button", name="A number")).to_have_attribute("aria-pressed", "true")


def test_the_link_of_a_number_opens_the_wide_paper(wide, visit):
    wide.draw(write("2026"))
    expect(wide.page.locator(".answer")).to_have_text("2026")
    wide.share("Copy its link")
    kept = wide.page.locator(".told")
    expect(kept).to_contain_text("#n=")
    url = re.search(r"http\S+", kept.inner_text())[0]
    assert len(url) < 1_500
    guest = visit(url)
    expect(guest.page.locator(".answer")).to_have_text("2026")
    expect(labels(guest)).to_have_text(labels(wide).all_inner_texts())


def test_a_number_with_rubbish_in_its_link_is_refused_with_one_sentence(visit, app):
    visitor = visit(app + "#n=rubbish")
    expect(visitor.page.locator(".sentence")).to_contain_text("The link does not hold a drawing")
    visitor.draw(write("71"))
    expect(visitor.page.locator(".answer")).to_have_text("71")


def test_a_number_can_be_saved_and_read_again(wide, tmp_path):
    wide.draw(write("94"))
    expect(wide.page.locator(".answer")).to_have_text("94")
    files = {}
    for kind in ("PNG", "SVG", "JSON"):
        with wide.page.expect_download() as download:
            wide.share(kind)
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
    recognizer = Recognizer.load()
    assert recognizer.read_number(files["PNG"]).text == "94"
    saved = json.loads(files["JSON"].read_text())
    assert saved["text"] == "94"
    assert recognizer.read_number(saved["strokes"]).text == "94"
    assert 'viewBox="0 0 2500 1000"' in files["SVG"].read_text()


def test_a_picture_of_a_number_is_read_and_boxed(wide):
    file = io.BytesIO()
    strokes = [np.array(stroke) * (250, 100) for stroke in write("608")]
    paint(strokes).save(file, "PNG")
    wide.page.locator(".picture-file").set_input_files(
        {"name": "number.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    expect(wide.page.locator(".answer")).to_have_text("608")
    expect(labels(wide)).to_have_count(3)
    paper = wide.page.locator(".paper").bounding_box()
    for box in boxes(wide):
        assert paper["x"] < box["left"] < box["right"] < paper["x"] + paper["width"]


def test_the_keyboard_writes_on_the_whole_paper(wide):
    paper = wide.page.locator(".paper")
    paper.focus()
    paper.press("7")  # would load a test digit on the other paper
    for key in ["ArrowRight"] * 30 + ["Space"] + ["ArrowDown"] * 10 + ["Space"]:
        paper.press(key)
    expect(wide.page.locator(".answer")).to_have_text("1")
    at = re.compile(r"left: 66\.\d+%")  # the cursor begins at 500 of 2,500 and went 30 times 40 to the right
    expect(wide.page.locator(".boxes > span")).to_have_attribute("style", at)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_paper_stays_where_it_is_when_the_answer_comes(visit, width):
    visitor = visit(viewport={"width": width, "height": 800})
    open_wide(visitor)
    paper = visitor.page.locator(".paper")
    before = paper.bounding_box()
    visitor.draw(write("4"))
    expect(visitor.page.locator(".answer")).to_have_text("4")
    assert paper.bounding_box() == before


@pytest.mark.parametrize("width", [390, 1280])
def test_the_labels_stand_on_one_side_of_their_boxes_and_on_the_paper(visit, width):
    visitor = visit(viewport={"width": width, "height": 800})
    open_wide(visitor)
    visitor.draw(write("2026"))  # its 6 is the highest
    expect(visitor.page.locator(".answer")).to_have_text("2026")
    sides, inside = visitor.page.evaluate("""() => {
      const paper = document.querySelector('.paper').getBoundingClientRect();
      const boxes = [...document.querySelectorAll('.boxes > span')];
      const labels = boxes.map((box) => box.firstChild.getBoundingClientRect());
      const inside = labels.map(({ top, bottom }) => paper.top <= top && bottom <= paper.bottom);
      return [boxes.map((box) => box.className), inside];
    }""")
    assert sides in (["above"] * 4, ["below"] * 4)
    assert inside == [True] * 4


def test_several_digits_on_the_small_pad_are_offered_as_a_number(visit):
    visitor = visit()
    narrow = [[(x * WIDE / 2.6, y) for x, y in stroke] for stroke in write("42", height=0.35)]
    visitor.draw(narrow)
    offer = visitor.page.get_by_role("button", name="Read it as a number")
    expect(visitor.page.locator(".sentence")).to_have_text("Several digits.")
    expect(visitor.page.locator(".doubt")).to_have_text("As a number it reads 42.")
    offer.click()
    expect(visitor.page.locator(".answer")).to_have_text("42")
    expect(labels(visitor)).to_have_text([re.compile(r"\d+%$")] * 2)
    expect(offer).to_be_hidden()
    visitor.page.get_by_role("button", name="One digit").click()  # the drawing stays there too
    expect(offer).to_be_visible()


def test_a_picture_of_several_digits_is_offered_as_a_number(visit):
    visitor = visit()
    file = io.BytesIO()
    paint([100 * np.array(stroke) * (WIDE, 1) for stroke in write("305")]).save(file, "PNG")
    content = {"name": "number.png", "mimeType": "image/png", "buffer": file.getvalue()}
    visitor.page.locator(".picture-file").set_input_files(content)
    visitor.page.get_by_role("button", name="Read it as a number").click()
    expect(visitor.page.locator(".answer")).to_have_text("305")
