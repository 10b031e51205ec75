"""A class: two pupils and their teacher, each in a browser of their own."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from drawings import DIGITS
from playwright.sync_api import expect

TAB = {"name": "Class"}


@pytest.fixture(scope="module")
def class_app(start_app):
    """(address, the teacher's address) of an app for a class; its board is what the tests before have left."""
    address, process = start_app("--class")
    while not (found := re.search(r"The teacher's page: (\S+)", process.log.read_text())):
        assert process.poll() is None
    return address, found[1]


def train_quickly(visitor) -> None:
    """A training of a second, since pupils share two cores with whatever runs beside this test."""
    visitor.tab("Train")
    page = visitor.page
    page.locator(".ways button").filter(has_text="Beginners' text").click()
    page.locator(".more summary").click()
    page.locator(".settings").get_by_label(re.compile("^Training digits")).fill("2000")
    page.locator(".settings").get_by_label(re.compile("^Epochs")).fill("1")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".band-title")).to_contain_text("is done", timeout=120_000)


def assert_no_serious_fault(visitor) -> None:
    faults = [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
        for fault in Axe().run(visitor.page).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert faults == []


def test_two_pupils_and_their_teacher(visit, class_app):
    address, teachers_address = class_app
    ann, bob, teacher = visit(address), visit(address), visit(teachers_address)
    for pupil in (ann, bob):
        pupil.tab("Class")
        expect(pupil.page.locator(".nobody")).to_contain_text("The board is empty")
        expect(pupil.page.locator(".teacher")).to_be_hidden()

    # A nickname, and a run on everybody's board.
    ann.page.get_by_label("Your nickname on the board").fill("<b>Ann</b>")
    ann.page.get_by_role("button", name="Show it").click()
    expect(ann.page.locator(".named")).to_contain_text("You are <b>Ann</b>")
    bob.page.get_by_label("Your nickname on the board").fill("<B>ANN</B>")
    bob.page.keyboard.press("Enter")
    expect(bob.page.locator(".nickname-said")).to_have_text("<B>ANN</B> is taken; choose another nickname.")
    train_quickly(ann)
    ann.tab("Class")
    rows = bob.page.locator(".board tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(re.compile(r"1<b>Ann</b>.*MLP 784-512-10.*\d\d\.\d\d%"))
    expect(rows.locator(".you")).to_have_count(0)
    expect(ann.page.locator(".board .own")).to_contain_text("you")

    # The token is nowhere but with the teacher.
    token = teachers_address.split("=")[1]
    assert token not in teacher.page.url
    expect(teacher.page.get_by_role("tab", **TAB)).to_have_attribute("aria-selected", "true")
    teacher.tab("Draw")
    teacher.draw(DIGITS[1])
    teacher.share("Copy its link")
    expect(teacher.page.locator(".told")).to_contain_text("#d=")
    assert token not in teacher.page.locator(".told").inner_text()
    assert token not in teacher.page.content()
    teacher.page.keyboard.press("Escape")
    teacher.page.reload()  # the teacher's page it stays
    teacher.page.locator(".network b:not(:empty)").wait_for()
    teacher.tab("Class")
    panel = teacher.page.locator(".teacher")
    expect(panel).to_be_visible()

    # Frozen: pupils read why, and their button rests.
    ann.tab("Train")
    panel.get_by_role("button", name="Freeze training").click()
    expect(bob.page.locator("#class .band")).to_contain_text("The teacher has frozen training")
    expect(ann.page.locator("#train .start")).to_be_disabled()
    if ann.page.get_by_role("button", name="Train another").is_visible():
        ann.page.get_by_role("button", name="Train another").click()
    expect(ann.page.locator(".before .said")).to_contain_text("The teacher has frozen training")
    panel.get_by_role("button", name="Let them train").click()
    expect(ann.page.locator("#train .start")).to_be_enabled()

    # Hidden: who stands there gets to Draw.
    panel.get_by_label("Train", exact=True).uncheck()
    expect(ann.page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    expect(ann.page.get_by_role("tab", name="Train")).to_be_hidden()
    expect(ann.page.locator(".bar.back")).to_have_text("The teacher has hidden Train.")
    expect(teacher.page.get_by_role("tab", name="Train")).to_be_visible()
    panel.get_by_label("Train", exact=True).check()
    expect(ann.page.get_by_role("tab", name="Train")).to_be_visible()

    # The nickname goes, and what is cleared begins anew; the run stays its pupil's.
    teacher.page.get_by_role("button", name="Remove the nickname").click()
    expect(rows).to_contain_text("Pupil 1")
    ann.tab("Class")
    expect(ann.page.locator(".nickname-said")).to_contain_text("removed")
    panel.get_by_role("button", name="Clear the board").click()
    panel.get_by_role("button", name="Keep it").click()
    panel.get_by_role("button", name="Clear the board").click()
    panel.get_by_role("button", name="Clear it").click()
    expect(bob.page.locator(".nobody")).to_be_visible()
    assert any("Run 1" in name for name in ann.networks())


def test_a_wrong_token_gets_a_sentence_and_a_pupils_page(visit, class_app):
    visitor = visit(class_app[0] + "?teacher=guessed")
    assert "guessed" not in visitor.page.url
    expect(visitor.page.locator(".nickname-said")).to_contain_text("This is not the teacher's page")
    expect(visitor.page.locator(".teacher")).to_be_hidden()
    expect(visitor.page.locator(".nobody, .board tbody tr").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True])
def test_no_serious_fault(visit, class_app, theme, phone):
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True} if phone else {}
    address, teachers_address = class_app
    pupil = visit(f"{address}?__theme={theme}&tab=class", **options)
    pupil.page.get_by_label("Your nickname on the board").fill(f"Cem {theme} {phone}")
    pupil.page.keyboard.press("Enter")
    expect(pupil.page.locator(".board .own")).to_contain_text("no run yet")
    assert_no_serious_fault(pupil)
    teacher = visit(f"{teachers_address}&__theme={theme}", **options)
    expect(teacher.page.locator(".teacher")).to_be_visible()
    expect(teacher.page.locator(".board tbody tr").filter(has_text="Cem").first).to_be_visible()
    assert_no_serious_fault(teacher)
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert teacher.page.evaluate(width)
    assert pupil.page.evaluate(width)


def test_without_the_option_there_is_no_class(visit, app):
    visitor = visit(app + "?tab=class")
    expect(visitor.page.get_by_role("tab")).to_have_count(4)
    expect(visitor.page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    assert visitor.page.locator("#class").count() == 0
