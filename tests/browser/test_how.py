"""How it works: what is pressed is run by PyTorch, on a copy of the network in use."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desktop", "phone", "dark"])
def test_the_graph_its_errors_and_a_step(visit, app, options):
    visitor = visit(app + "?tab=how&net=mlp", **options)
    part = visitor.page.locator("#how")
    expect(part.locator(".count")).to_contain_text("11 nodes")
    expect(part.locator(".node")).to_have_count(11)
    if folder := os.environ.get("HOW_SHOTS"):
        visitor.page.screenshot(path=f"{folder}/how-{'-'.join(map(str, options)) or 'desktop'}.png")
    first = part.locator(".node").first
    first.focus()
    first.press("ArrowRight")
    expect(part.locator(".chosen")).to_have_text("LogSoftmaxBackward0")
    part.get_by_role("button", name="backward() twice").click()
    expect(part.locator(".prompt")).to_contain_text("RuntimeError: Trying to backward")
    part.get_by_role("button", name="optimizer.step()").click()
    expect(part.locator(".result")).to_contain_text("after it")
    part.locator(".nograd").check()
    expect(part.locator(".count")).to_have_text("No graph")
    part.get_by_role("button", name="loss.backward()", exact=True).click()
    expect(part.locator(".prompt")).to_contain_text("does not require grad")
    expect(part.locator(".try .done")).to_have_count(3)
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(visitor.page, context="#how").response["violations"]
    assert not found, [(each["id"], each["nodes"][0]["html"]) for each in found]
