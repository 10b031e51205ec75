"""axe-core finds no serious fault on the page, in either theme."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from drawings import DIGITS
from playwright.sync_api import expect

THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


def assert_no_serious_fault(visitor) -> None:
    visitor.page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {})))")
    faults = [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:200]}"
        for fault in Axe().run(visitor.page).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert faults == []


def test_a_fault_would_be_found(visit):
    visitor = visit()
    visitor.page.evaluate("document.querySelector('.paper').removeAttribute('aria-label')")
    visitor.page.evaluate("document.querySelector('[data-do=test]').textContent = ''")
    with pytest.raises(AssertionError, match="button-name"):
        assert_no_serious_fault(visitor)


@THEMES
@pytest.mark.parametrize("phone", [False, True])
def test_draw(visit, app, theme, phone):
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True} if phone else {}
    visitor = visit(f"{app}?__theme={theme}", **options)
    page = visitor.page
    assert_no_serious_fault(visitor)
    visitor.draw(DIGITS[4])
    expect(page.locator(".answer")).to_have_text("4")
    assert_no_serious_fault(visitor)
    visitor.share("QR code")
    expect(page.locator(".qr svg")).to_be_visible()
    assert_no_serious_fault(visitor)
    page.locator("dialog.sheet").get_by_role("button", name="Close").click()
    page.locator("[data-do=why]").click()
    page.locator(".layers > div > canvas").first.click(position={"x": 5, "y": 5})
    page.get_by_role("button", name="Preparation").click()
    page.locator(".network").click()
    expect(page.locator(".choice .reader")).to_have_count(3)
    assert_no_serious_fault(visitor)
    file = {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear reader, this is no picture."}
    page.locator(".picture-file").set_input_files(file)
    expect(page.locator(".sentence")).to_contain_text("not a picture")
    assert_no_serious_fault(visitor)


@THEMES
def test_train_and_evaluate(visit, app, theme):
    visitor = visit(f"{app}?__theme={theme}")
    page = visitor.page
    visitor.tab("Train")
    expect(page.locator(".chain .largest")).to_be_visible()
    assert_no_serious_fault(visitor)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".band-title")).to_contain_text("is done", timeout=120_000)
    assert_no_serious_fault(visitor)
    visitor.tab("Evaluate")
    expect(page.locator("#evaluate")).to_contain_text("wrong", timeout=120_000)
    assert_no_serious_fault(visitor)
