"""How it works: seven steps, each driven by PyTorch on the visitor's own drawing and the network in use."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from drawings import DIGITS
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
STEPS = ["Collect data", "Define the model", "Build the graph", "Loss and optimizer", "Train", "Evaluate", "Predict"]


def open_step(visitor, number: int):
    """Press a step in the rail -> the tab."""
    tab = visitor.page.locator("#how")
    tab.locator(".rail button").nth(number - 1).click()
    expect(tab.locator("h1")).to_have_text(STEPS[number - 1])
    return tab


# Each question takes a while; `most` counts how many of a function's were under way at once.
SLOW = """
  const { fetch } = window;
  const now = {};
  window.most = {};
  window.fetch = async (address, wish) => {
    if (!String(address).includes('component_server')) return fetch(address, wish);
    const { fn_name: name } = JSON.parse(wish.body);
    now[name] = (now[name] ?? 0) + 1;
    most[name] = Math.max(most[name] ?? 0, now[name]);
    await new Promise((done) => setTimeout(done, 50));
    try {
      return await fetch(address, wish);
    } finally {
      now[name] -= 1;
    }
  };
"""
HURRY = """(stage) => {
  for (const input of stage.querySelectorAll('input[type=range]'))
    for (let i = 0; i <= 10; i++) {
      input.value = Number(input.min) + (i / 10) * (input.max - input.min);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }
  for (const control of stage.querySelectorAll('.segments button, .tick input')) control.click();
}"""


def assert_no_fault(visitor) -> None:
    found = Axe().run(visitor.page, context="#how").response["violations"]
    assert not found, [(fault["id"], fault["nodes"][0]["html"]) for fault in found]
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(params=[{}, PHONE], ids=["desktop", "phone"])
def how(request, visit, app):
    """A visitor at step 3, with the beginners' network in use."""
    return visit(app + "?tab=how&net=mlp", **request.param)


def test_the_wall_shows_one_kind_and_a_preparation_step_can_be_left_out(how):
    tab = open_step(how, 1)
    expect(tab.locator(".own .read")).to_contain_text("Read as 1")
    tab.get_by_role("group", name="Kind of digit").get_by_role("button", name="4").click()
    expect(tab.locator(".wall")).to_have_attribute("aria-label", re.compile(r"labelled 4(, 4)+$"))
    tab.locator(".wall").focus()
    tab.locator(".wall").press("ArrowRight")
    expect(tab.locator(".pixel")).to_contain_text("of 255")
    expect(tab.locator(".try .done")).to_have_count(1)


def test_a_unit_is_opened_and_a_new_network_has_another_width(how):
    tab = open_step(how, 2)
    expect(tab.locator(".equation")).to_contain_text("784 products add up to")
    tab.get_by_role("button", name="Next unit").click()
    expect(tab.locator(".sum ~ .equation")).to_be_visible()
    expect(tab.get_by_text("Unit 2 of 512")).to_be_visible()
    tab.get_by_role("button", name="A new one").click()
    slider = tab.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    expect(tab.locator(".total")).to_contain_text("6,370 parameters")
    expect(tab.locator(".code")).to_contain_text("nn.Linear(784, 8)")
    expect(tab.locator(".try .done")).to_have_count(3)


def test_the_graph_its_errors_and_a_step(how):
    tab = open_step(how, 3)
    expect(tab.locator(".count")).to_contain_text("11 nodes")
    expect(tab.locator(".node")).to_have_count(11)
    last = tab.locator(".node").filter(has_text="NllLoss")
    last.click()
    expect(last).to_be_focused()
    last.press("ArrowLeft")
    expect(tab.locator(".inspector h2")).to_have_text("LogSoftmaxBackward0")
    tab.get_by_role("button", name="backward() twice").click()
    expect(tab.locator(".prompt")).to_contain_text("RuntimeError: Trying to backward")
    tab.get_by_role("button", name="optimizer.step()").click()
    expect(tab.locator(".result")).to_contain_text("after it")
    tab.get_by_role("checkbox", name="torch.no_grad()").check()
    expect(tab.locator(".count")).to_have_text("No graph")
    tab.get_by_role("button", name="loss.backward()", exact=True).click()
    expect(tab.locator(".prompt")).to_contain_text("does not require grad")
    tab.get_by_role("checkbox", name="torch.no_grad()").uncheck()
    tab.get_by_role("button", name="With a loop").click()
    expect(tab.locator(".count")).to_contain_text("19 nodes")
    turns = tab.get_by_role("slider")
    turns.focus()
    turns.press("End")
    expect(tab.locator(".count")).to_contain_text("25 nodes")
    expect(tab.locator(".try .done")).to_have_count(3)


def test_the_ink_gets_a_gradient_where_it_wants_one(how):
    tab = open_step(how, 3)
    expect(tab.locator(".count")).to_contain_text("11 nodes")
    tab.get_by_role("checkbox", name="ink.requires_grad_()").check()
    expect(tab.locator(".node.leaf b").filter(has_text=re.compile("^ink$"))).to_be_visible()


def test_another_truth_costs_more_and_too_large_a_rate_goes_uphill(how):
    tab = open_step(how, 4)
    loss = tab.locator(".of-loss")
    expect(loss.locator(".result").first).to_contain_text("so the loss is")
    before = loss.locator(".result").first.inner_text()
    loss.get_by_role("combobox").select_option("0")
    expect(loss.locator(".result").first).not_to_have_text(before)
    rate = loss.get_by_role("slider")
    rate.focus()
    rate.press("End")
    expect(loss.locator(".result").last).to_contain_text("Too far")
    loss.get_by_role("button", name="Another batch").click()
    expect(tab.locator(".try .done")).to_have_count(3)


def test_a_step_taken_apart_and_ten_at_once(how):
    tab = open_step(how, 5)
    counters = tab.locator(".counters")
    expect(counters).to_contain_text("0.0000")
    for name in ("zero_grad()", "model(x)", "cross_entropy()", "backward()", "step()"):
        tab.locator(".five").get_by_role("button", name=name, exact=True).click()
        expect(tab.locator(".trouble")).to_be_hidden()
        expect(tab.locator(".of-train .result")).not_to_be_empty()
        expect(tab.locator(".code .on")).to_have_count(1)
    expect(counters.locator("dd").first).to_have_text("1")
    tab.get_by_role("button", name="10 steps").click()
    expect(counters.locator("dd").first).to_have_text("11")
    expect(counters.locator("dd").nth(1)).to_have_text("176")
    tab.get_by_role("button", name="Begin again").click()
    expect(counters.locator("dd").first).to_have_text("0")
    tab.locator(".five").get_by_role("button", name="backward()", exact=True).click()
    expect(tab.locator(".trouble")).to_contain_text("'loss' is not defined")


def test_train_and_eval_and_a_mistake_onto_the_pad(how):
    tab = open_step(how, 6)
    expect(tab.locator(".scores")).to_contain_text("19 wrong")
    how.page.locator(".network").click()
    how.page.locator(".choice .reader").filter(has_text="CNN").last.click()
    expect(tab.locator(".of-evaluate")).to_contain_text("BatchNorm2d differ")
    tab.get_by_role("slider").press("Home")
    expect(tab.locator(".try .done")).to_have_count(2)
    tab.locator(".mistakes button").first.click()
    expect(how.page.locator(".paper")).to_be_visible()
    expect(how.page.locator(".verdict .answer")).not_to_be_empty()


def test_the_map_has_the_drawing_and_its_neighbours(how):
    tab = open_step(how, 7)
    expect(tab.locator(".yours")).to_be_visible(timeout=60_000)
    expect(tab.locator(".neighbours li")).to_have_count(6)
    before = tab.locator(".yours").get_attribute("style")
    how.tab("Draw")
    how.draw(DIGITS[2])
    how.tab("How it works")
    expect(tab.locator(".yours")).not_to_have_attribute("style", before)
    expect(tab.locator(".inspector .note").last).to_contain_text("2")
    tab.get_by_role("button", name="Ten outputs").click()
    expect(tab.locator(".legend")).to_contain_text("misread")
    tab.locator(".neighbours button").first.click()
    expect(how.page.locator(".verdict .answer")).to_have_text("2")


def test_the_point_moves_with_the_pen(how):
    tab = open_step(how, 7)
    expect(tab.locator(".yours")).to_be_visible(timeout=60_000)
    pad, reads, point = tab.locator(".sketch canvas"), tab.locator(".reads b"), tab.locator(".yours")
    pad.scroll_into_view_if_needed()
    before = point.get_attribute("style")
    box, mouse = pad.bounding_box(), how.page.mouse
    mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=8)
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.75 * box["height"], steps=8)
    expect(reads).to_have_text("7")  # while the pen is down
    expect(point).not_to_have_attribute("style", before)
    expect(tab.locator(".try .done")).to_have_count(1)
    mouse.up()
    how.tab("Draw")  # the drawing travels, there and back
    expect(how.page.locator(".verdict .answer")).to_have_text("7")
    how.page.locator("[data-do=undo]").click()
    expect(how.page.locator(".verdict .answer")).to_have_text("?")
    how.page.locator("[data-do=redo]").click()
    how.tab("How it works")
    expect(reads).to_have_text("7")
    tab.get_by_role("button", name="Draw another").click()
    expect(how.page.locator("#how .whose")).to_contain_text("a 1 of")
    pad.press(" ")  # the keyboard draws as well: a bar downwards is a 1
    for _ in range(9):
        pad.press("ArrowDown")
    pad.press(" ")
    expect(reads).to_have_text("1")
    expect(how.page.locator("#how .whose")).to_have_text("your drawing")


def test_every_step_has_a_link_and_the_browser_goes_back(visit, app):
    visitor = visit(app + "?tab=how&net=mlp&step=4")
    expect(visitor.page.locator("#how h1")).to_have_text("Loss and optimizer")
    open_step(visitor, 5)
    assert "step=5" in visitor.page.url
    visitor.page.go_back()
    expect(visitor.page.locator("#how h1")).to_have_text("Loss and optimizer")


def test_a_late_answer_stays_with_its_step_and_what_stands_beside_a_step_is_there_again(visit, app):
    visitor = visit(app + "?tab=how&net=mlp&step=1")
    page = visitor.page
    tab = page.locator("#how")
    expect(tab.locator(".code .on")).to_have_count(4)
    waiting = visitor.hold("look_at_model", "look_at_graph", "look_at_scores")
    for number in (2, 3, 6):
        open_step(visitor, number)
    open_step(visitor, 5)
    expect(tab.locator(".batch li").first).to_be_visible()
    aside = tab.locator("aside").inner_html()
    assert len(waiting) == 3
    visitor.let_go(waiting)
    assert tab.locator("aside").inner_html() == aside
    open_step(visitor, 6)
    expect(tab.locator(".inspector h2")).to_have_text("How large the sets are")
    open_step(visitor, 1)
    expect(tab.locator(".code .on")).to_have_count(4)
    expect(tab.locator(".inspector")).to_be_hidden()


def test_however_fast_the_controls_move_one_question_is_under_way_and_the_last_is_shown(visit, app):
    visitor = visit(app + "?tab=how&net=mlp&step=1")
    visitor.page.add_init_script(SLOW)
    visitor.page.reload()
    shown = [".own .read", ".total", ".count", ".inspector .note", ".counters", ".scores > div"]
    for number, selector in enumerate(shown, start=1):
        tab = open_step(visitor, number)
        expect(tab.locator(selector).first).not_to_be_empty()
        tab.locator(".stage").evaluate(HURRY)
        if number == 4:
            rate = tab.locator(".of-loss output").inner_text()
            expect(tab.locator(".inspector .note").first).to_have_text(f"learning rate {rate}")
    visitor.page.wait_for_timeout(500)  # until the last have come
    most = visitor.page.evaluate("most")
    assert {name: count for name, count in most.items() if count > 1} == {}
    names = {"look_at_data", "prepare_digit", "look_at_model", "look_at_graph", "look_at_loss", "take_step"}
    assert most.keys() >= names | {"look_at_modes", "look_at_scores"}


def test_what_was_tried_stays_tried(visit, app):
    visitor = visit(app + "?tab=how&net=mlp&step=3")
    visitor.page.get_by_role("button", name="backward() twice").click()
    expect(visitor.page.locator("#how .try .done")).to_have_count(1)
    visitor.open()
    expect(visitor.page.locator("#how .try .done")).to_have_count(1)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_step_has_a_fault_that_axe_finds(visit, app, theme):
    visitor = visit(f"{app}?tab=how&net=mlp&__theme={theme}")
    ready = [".own .read", ".equation", ".node", ".chart .line", ".batch li", ".scores > div", ".neighbours li"]
    for number, selector in enumerate(ready, start=1):
        tab = open_step(visitor, number)
        expect(tab.locator(selector).first).to_be_visible(timeout=60_000)
        assert_no_fault(visitor)
