"""A drawing as a link, a QR code and files."""

import json
import re

import pytest
from drawings import DIGITS
from PIL import Image
from playwright.sync_api import expect

from digits import Recognizer


def link_of(visitor) -> str:
    visitor.share("Copy its link")
    kept = visitor.page.locator(".told")
    expect(kept).to_contain_text("#d=")
    return re.search(r"http\S+", kept.inner_text())[0]


@pytest.mark.parametrize("digit", [4, 8])
def test_the_link_opened_in_a_fresh_browser_shows_the_same_answer(visit, digit):
    visitor = visit()
    visitor.draw(DIGITS[digit])
    expect(visitor.page.locator(".answer")).to_have_text(str(digit))
    url = link_of(visitor)
    assert len(url) < 1_500
    guest = visit(url)
    expect(guest.page.locator(".answer")).to_have_text(str(digit))
    visitor.page.keyboard.press("Escape")
    bars = guest.page.locator(".bars").inner_text()  # of one reading; the first page may still be at its last
    expect(visitor.page.locator(".bars")).to_have_text(bars, use_inner_text=True)


def test_a_link_carries_the_drawing_and_no_more_of_the_address_than_the_network(visit, app):
    visitor = visit(app + "?fbclid=abc&__sign=secret&__theme=light&step=3&tab=draw")
    visitor.draw(DIGITS[4])
    expect(visitor.page.locator(".answer")).to_have_text("4")
    assert link_of(visitor).split("#")[0] == app
    visitor.page.keyboard.press("Escape")
    visitor.use("MLP")
    assert link_of(visitor).split("#")[0] == app + "?net=mlp"


@pytest.mark.parametrize("rubbish", ["rubbish", "", "AAAA", "%F0%9F%98%80", "AQIAAAAAAAAA", "A" * 3_000])
def test_a_fragment_made_by_hand_is_refused_with_one_sentence(visit, app, rubbish):
    visitor = visit(app + "#d=" + rubbish)
    expect(visitor.page.locator(".sentence")).to_contain_text("The link does not hold a drawing")
    visitor.draw(DIGITS[0])
    expect(visitor.page.locator(".answer")).to_have_text("0")


def test_a_picture_or_an_empty_pad_has_no_link(visit):
    visitor = visit()
    visitor.share("Copy its link")
    expect(visitor.page.locator(".told")).to_have_text("Draw a digit first.")
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Test digit").click()
    expect(visitor.page.locator(".doubt")).to_contain_text("labelled")
    visitor.share("QR code")
    expect(visitor.page.locator(".told")).to_contain_text("no picture")


def test_the_qr_code_is_drawn(visit):
    visitor = visit()
    visitor.draw(DIGITS[1])
    expect(visitor.page.locator(".answer")).to_have_text("1")
    visitor.share("QR code")
    expect(visitor.page.locator(".qr svg path")).to_be_visible()


def test_the_drawing_can_be_saved_and_read_again(visit, tmp_path):
    visitor = visit()
    visitor.draw(DIGITS[7])
    expect(visitor.page.locator(".answer")).to_have_text("7")
    files = {}
    for kind in ("PNG", "SVG", "JSON"):
        with visitor.page.expect_download() as download:
            visitor.share(kind)
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
    recognizer = Recognizer.load()
    assert recognizer.read_image(Image.open(files["PNG"])).digit == 7
    saved = json.loads(files["JSON"].read_text())
    assert saved["label"] == 7
    assert recognizer.read_strokes(saved["strokes"]).digit == 7
    assert files["SVG"].read_text().count("<polyline") == 1
    guest = visit()
    for kind in ("SVG", "PNG"):
        guest.page.locator(".picture-file").set_input_files(files[kind])
        expect(guest.page.locator(".answer")).to_have_text("7")
        guest.page.locator(".paper").press("Escape")
        expect(guest.page.locator(".answer")).to_have_text("?")
