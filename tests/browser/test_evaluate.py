"""The Evaluate tab: it starts by itself, and everything in it answers to a press."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from drawings import DIGITS
from playwright.sync_api import expect

CARD = json.loads((Path(__file__).parents[2] / "weights" / "cnn-large.json").read_text())
ACCURACY = f"{CARD['figures']['test_accuracy']:.2%}"
WRONG = round(10_000 * (1 - CARD["figures"]["test_accuracy"]))


@pytest.fixture
def evaluate(visit, app):
    """evaluate(**options) -> (visitor, the tab); it has evaluated the shipped network by itself."""

    def open_tab(query: str = "", **options):
        visitor = visit(app + query, **options)
        visitor.tab("Evaluate")
        part = visitor.page.locator("#evaluate")
        expect(part.locator(".about")).to_contain_text(f"{WRONG} of 10,000 wrong")
        return visitor, part

    return open_tab


def drag(page, name: str, value: float) -> None:
    page.locator(f"[data-damage={name}]").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )


def test_it_starts_by_itself_and_filters(evaluate):
    _, part = evaluate()
    expect(part.locator(".accuracy")).to_have_text(ACCURACY)
    mistakes = part.locator(".wall button")
    expect(mistakes).to_have_count(WRONG)
    cell = part.locator(".matrix .wrong").first
    words = cell.get_attribute("aria-label")  # "1 times 1 read as 2"
    count, label, digit = (int(text) for text in re.findall(r"\d+", words))
    cell.click()
    expect(mistakes).to_have_count(count)
    expect(mistakes.first).to_contain_text(f"{label} → {digit}")
    part.get_by_role("button", name="Show all").click()
    expect(mistakes).to_have_count(WRONG)
    part.get_by_role("button", name=f"Every {label}", exact=True).click()
    labels = [text.split()[0] for text in mistakes.all_inner_texts()]
    assert set(labels) == {str(label)} and len(labels) >= count
    part.get_by_role("button", name=f"Everything read as {digit}", exact=True).click()
    assert {text.split()[-1] for text in mistakes.all_inner_texts()} == {str(digit)}
    part.get_by_role("button", name="as a table").first.click()
    expect(part.locator(".per-digit tbody tr")).to_have_count(10)
    expect(part.locator(".curves figure")).to_have_count(10)


def test_a_mistake_is_opened_explained_and_edited_on_the_pad(evaluate):
    visitor, part = evaluate()
    part.locator(".wall button").first.click()
    sheet = visitor.page.get_by_role("dialog", name="One digit")
    title = sheet.locator("h2").inner_text()
    label = title.split()[1].rstrip(",")
    sheet.get_by_role("button", name="Why").click()
    expect(sheet.locator(".reason")).to_contain_text("framed part")
    visitor.page.keyboard.press("ArrowRight")
    expect(sheet.locator("h2")).not_to_have_text(title)
    visitor.page.keyboard.press("ArrowLeft")
    expect(sheet.locator("h2")).to_have_text(title)
    sheet.get_by_role("button", name="Load into the pad").click()
    expect(visitor.page.locator("#draw .doubt")).to_contain_text(f"labelled {label}")

    visitor.draw([[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8)]])
    expect(visitor.page.locator("#draw .doubt")).to_contain_text(f"labelled {label}, changed by you")
    visitor.page.get_by_role("button", name="Undo").click()
    expect(visitor.page.locator("#draw .doubt")).to_contain_text(f"labelled {label}.")
    visitor.page.get_by_role("button", name="Eraser").click()
    visitor.draw([[(0.5, 0.3), (0.5, 0.7)]])
    expect(visitor.page.locator("#draw .doubt")).to_contain_text(f"labelled {label}, changed by you")


def test_what_is_pressed_before_the_reading_has_come_means_the_digit_that_is_shown(evaluate):
    visitor, part = evaluate()
    sheet = visitor.page.get_by_role("dialog", name="One digit")
    drawn = visitor.page.locator(".mine canvas").first

    def load() -> str:
        sheet.get_by_role("button", name="Load into the pad").click()
        expect(visitor.page.locator(".paper")).to_be_visible()
        picture = drawn.evaluate("canvas => canvas.toDataURL()")
        visitor.tab("Evaluate")
        return picture

    pictures = []
    for mistake in (0, 1):
        part.locator(".wall button").nth(mistake).click()
        expect(sheet.locator(".ten")).to_be_visible()
        pictures.append(load())
    assert pictures[0] != pictures[1]

    waiting = visitor.hold("read_example")
    part.locator(".wall button").first.click()
    before = sheet.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.wait_for_function(
        "before => document.querySelector('.detail canvas').toDataURL() !== before", arg=before
    )
    assert load() == pictures[1]
    visitor.let_go(waiting)


def test_each_slider_changes_the_figure(evaluate):
    visitor, part = evaluate()
    figure = part.locator(".score b")
    expect(figure).to_contain_text("%")
    whole = figure.inner_text()
    for name in part.locator("[data-damage]").evaluate_all("inputs => inputs.map((input) => input.dataset.damage)"):
        drag(visitor.page, name, 1_000)  # the browser stops at the slider's end
        if name == "shift":  # which a convolutional network hardly minds: its picture changes
            expect(part.locator(".sliders label", has_text="Shift").locator("output")).to_have_text("8 px")
        else:
            expect(figure).not_to_have_text(whole)
        part.get_by_role("button", name="Undo all").click()
        expect(figure).to_have_text(whole)
        expect(part.locator(".score span")).to_contain_text("undamaged")


def test_two_networks_against_each_other(evaluate):
    _, part = evaluate()
    part.get_by_label("Compare with another network").select_option(label="MLP 784-512-10")
    expect(part.locator(".about")).to_contain_text("Large CNN is better")
    expect(part.locator(".about")).to_contain_text("McNemar")
    expect(part.locator(".accuracy")).to_have_count(2)
    sides = part.locator(".sides button")
    for side in range(2):
        sides.nth(side).click()
        count = int(re.search(r"\((\d+)\)", sides.nth(side).inner_text())[1])
        expect(part.locator(".wall button")).to_have_count(count)
    part.get_by_role("button", name="Try: shift").click()
    expect(part.locator(".score")).to_have_count(2)
    expect(part.locator(".score").last).to_contain_text("fewer than undamaged")


def test_a_network_that_is_put_in_use_is_not_compared_with_itself(evaluate):
    visitor, part = evaluate()
    against = part.get_by_label("Compare with another network")
    against.select_option(label="MLP 784-512-10")
    expect(part.locator(".score")).to_have_count(2)
    asked = []
    visitor.page.on("request", lambda request: asked.append(request.post_data or ""))
    visitor.use("MLP")
    expect(against).to_have_value("")
    expect(part.locator(".accuracy")).to_have_count(1)
    expect(part.locator(".score")).to_have_count(1)
    expect(part.locator(".curves .offer")).to_have_count(0)
    expect(part.locator(".curves .compared")).to_have_count(0)
    asked = [json.loads(text)["data"] for text in asked if '"against":"' in text]
    assert asked and not [data["against"] for data in asked if data["against"]]


def test_a_file_of_drawings_and_one_that_is_none(evaluate, tmp_path):
    _, part = evaluate()
    good, bad, notes = tmp_path / "mine.jsonl", tmp_path / "bad.jsonl", tmp_path / "notes.txt"
    lines = [json.dumps({"label": digit, "strokes": strokes, "set": "mine"}) for digit, strokes in DIGITS.items()]
    good.write_text("\n".join(lines))
    bad.write_text('{"label": 3}\n')
    notes.write_text("hello")
    chooser = part.locator(".choose input[type=file]")
    for file, words in (
        (notes, "notes.txt is no file of labelled drawings"),
        (bad, "Line 1 of bad.jsonl is not a drawing"),
        (good, "0 of 10 wrong"),
    ):
        chooser.set_input_files(file)
        expect(part.locator(".about")).to_contain_text(words)
    expect(part.locator(".sets")).to_contain_text("of 10, mine")
    expect(part.locator(".data [aria-pressed=true]")).to_have_text("mine.jsonl")


def test_without_drawings_it_says_where_they_come_from(evaluate):
    visitor, part = evaluate()
    part.get_by_role("button", name="My drawings (0)").click()
    expect(part.locator(".empty")).to_contain_text("You have not labelled a drawing yet")
    part.get_by_role("button", name="Draw one").click()
    expect(visitor.page.locator("#draw .paper")).to_be_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen(evaluate):
    visitor, part = evaluate(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    part.locator(".matrix .wrong").first.tap()
    expect(part.get_by_role("button", name="Show all")).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    part.locator(".wall button").first.tap()
    expect(visitor.page.get_by_role("dialog", name="One digit").locator(".ten")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault(evaluate, theme):
    visitor, part = evaluate(f"?__theme={theme}")

    def assert_no_fault() -> None:
        visitor.page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {})))")
        found = Axe().run(visitor.page, "#evaluate").response["violations"]
        assert [(fault["id"], node["html"]) for fault in found for node in fault["nodes"]] == []

    expect(part.locator(".curves figure")).to_have_count(10)
    assert_no_fault()
    part.locator(".matrix .wrong").first.click()
    part.locator(".curves-table").click()
    part.get_by_role("button", name="Try: shift").click()
    expect(part.locator(".score")).to_have_count(2)
    expect(part.locator(".sides button")).to_have_count(2)
    assert_no_fault()
    part.locator(".wall button").first.click()
    expect(part.locator(".detail .ten")).to_have_count(2)
    assert_no_fault()
