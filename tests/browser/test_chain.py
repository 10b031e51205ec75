"""The network as a chain on the Train tab: layers are pressed, changed, put in, removed, whatever answers come."""

import re

from drawings import DIGITS
from playwright.sync_api import expect
from test_train import done, field, train


def test_a_network_of_one_s_own_is_built_trained_and_drawn_on(visit, app):
    visitor = visit(app + "?tab=train")
    page = visitor.page
    layers = page.locator(".chain .layer")
    expect(layers).to_have_count(4)  # of Fast CNN, with the outputs: whoever changes a layer builds from there
    layers.nth(2).locator("button.node").click()
    page.get_by_label("Size of layer 3").fill("9999999")
    page.keyboard.press("Tab")
    expect(page.locator(".chain-said")).to_contain_text("9999999")  # the layer is named, and what it may be
    expect(page.locator(".chain .wrong b")).to_have_text("linear")
    page.get_by_label("Size of layer 3").fill("32")
    page.keyboard.press("Tab")
    expect(page.locator(".chain-said")).to_be_empty()
    expect(page.locator(".chain .wrong")).to_have_count(0)
    expect(page.locator("select[name=model]")).to_have_value("layers")
    expect(page.locator(".way").last).to_contain_text("Layers of your own, 1 epoch")
    page.get_by_role("button", name="Add a layer after layer 3").click()
    expect(page.get_by_role("button", name="convolution", exact=True)).to_be_disabled()  # no maps are left there
    page.get_by_role("button", name="dropout").click()
    expect(layers.nth(3)).to_contain_text("dropout 20%")
    page.get_by_role("button", name="Remove layer 4").click()
    layers.first.locator("button.node").click()
    page.get_by_role("button", name="Remove layer 1").click()
    expect(page.get_by_label("As text")).to_have_value("c3vn-64 f-32")
    page.get_by_label("As text").fill("m-2 c3p-8 f-16")
    expect(layers).to_have_count(4)
    expect(layers.first).to_contain_text("1 map of 14×14")
    train(visitor)
    expect(done(visitor)).to_contain_text("is done", timeout=120_000)
    page.get_by_role("button", name="Draw on it").click()
    visitor.draw(DIGITS[7])
    expect(page.locator(".answer")).not_to_have_text("?")
    expect(page.locator(".network b")).to_contain_text("Built network")


def test_layers_come_with_a_link(visit, app):
    visitor = visit(app + "?tab=train&layers=c5s2-6 f-40")
    expect(visitor.page.get_by_label("As text")).to_have_value("c5s2-6 f-40")
    expect(visitor.page.locator(".chain .layer")).to_have_count(3)
    expect(visitor.page.locator(".totals")).to_contain_text("weights")
    expect(visitor.page.locator(".before .trouble:not(:empty)")).to_have_count(0)


def test_what_is_typed_or_pressed_while_an_answer_comes_is_not_lost(visit, app):
    visitor = visit(app + "?tab=train")
    page = visitor.page
    expect(page.locator(".totals")).to_contain_text("142,250 weights")
    text = page.get_by_label("As text")
    text.evaluate("(input) => input.addEventListener('blur', () => { window.blurred = true; })")
    text.press("End")
    text.press_sequentially(" d-20", delay=60)  # an answer comes between two letters
    expect(text).to_have_value("c5s2vp-16 c3vn-64 f-128 d-20")
    assert page.evaluate("window.blurred") is None  # an input method would lose its word
    layers = page.locator(".chain .layer")
    expect(layers).to_have_count(5)
    layers.nth(2).locator("button.node").click()
    visitor.hold("prepare")
    size = page.get_by_label("Size of layer 3")
    size.fill("64")
    page.get_by_label("Seed").evaluate("(input) => input.dispatchEvent(new Event('input', { bubbles: true }))")
    size.press_sequentially("0")
    page.unroute("**/component_server")  # lets go what waits, too
    expect(size).to_have_value("640")
    layers.nth(1).locator("button.node").click()  # takes the focus from the size, which is sent
    expect(page.get_by_label("Size of layer 2")).to_have_value("64")
    expect(layers.nth(2)).to_contain_text("640 units")
    page.get_by_label("Size of layer 2").fill("junk")
    page.get_by_label("Size of layer 2").press("Tab")
    expect(page.get_by_label("Size of layer 2")).to_have_value("64")
    expect(page.get_by_label("Kernel of layer 2")).to_be_focused()


def test_an_answer_about_other_layers_is_dropped_and_each_refusal_ends_with_its_reason(visit, app):
    visitor = visit(app + "?tab=train")
    page = visitor.page
    said, at_chain = page.locator(".left .said"), page.locator(".chain-said")
    expect(page.locator(".totals")).to_contain_text("142,250 weights")
    waiting = visitor.hold("prepare")
    network = page.locator("select[name=model]")
    network.select_option(label="CNN")
    page.wait_for_timeout(300)
    network.select_option(label="LeNet-5")
    first = waiting.pop(0)
    first.continue_()
    page.wait_for_timeout(1_000)
    expect(page.locator(".chain .layer").nth(1)).not_to_contain_text("32 maps")  # CNN's
    page.unroute("**/component_server")  # lets go what waits, too
    expect(page.locator(".chain .layer").nth(1)).to_contain_text("6 maps of 14×14")
    text = page.get_by_label("As text")
    text.fill("c3-8 D-20 f-10")
    expect(at_chain).to_contain_text("Layer 2, 'D-20', is not understood")
    expect(page.locator(".chain .wrong b")).to_have_text("D-20")
    expect(page.locator("#train .right").first).to_have_class(re.compile("stale"))
    page.get_by_role("button", name="Train", exact=True).click()
    expect(said).to_contain_text("Layer 2")
    field(visitor, "Batch size").fill("0")
    text.fill("c3-8 f-10")
    expect(said).to_contain_text("batch size")
    expect(at_chain).to_be_empty()
    field(visitor, "Batch size").fill("64")
    expect(said).to_be_empty()
    expect(page.locator("#train .right").first).not_to_have_class(re.compile("stale"))
