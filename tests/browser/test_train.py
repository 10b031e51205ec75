"""The Train tab: click, watch, look back, close the page, come back, draw on the new network."""

import json
import re
from pathlib import Path

from drawings import DIGITS
from playwright.sync_api import expect

from digits.training.config import RECIPES
from digits.training.script import make_script


def open_train(visitor, way: str = "Fast"):
    visitor.tab("Train")
    visitor.page.locator(".ways button").filter(has_text=re.compile(f"^{way}")).click()
    return visitor.page


def field(visitor, label: str):
    return visitor.page.locator(".settings").get_by_label(re.compile(f"^{label}"))


def train(visitor) -> None:
    visitor.page.get_by_role("button", name="Train", exact=True).click()


def done(visitor):
    return visitor.page.locator(".band-title")


def updates(visitor) -> int:
    return int(visitor.page.locator(".time").get_attribute("max"))


def test_draw_train_draw_on_it_and_the_same_strokes_are_read_by_the_new_network(visit):
    visitor = visit()
    page = visitor.page
    visitor.draw(DIGITS[0])
    expect(page.locator(".answer")).to_have_text("0")
    open_train(visitor)
    expect(page.locator(".chain .layer")).to_have_count(4)
    expect(page.locator(".luck")).to_contain_text("of 10 right, by luck")
    expect(page.locator(".says")).to_contain_text("it says")  # of the drawing, untrained
    train(visitor)
    expect(done(visitor)).to_have_text("Run 1 is done, and in use", timeout=120_000)
    expect(page.locator(".band-text")).to_contain_text("of 10,000 test digits right. Your drawing is a 0")
    line = page.locator(".chart.loss .line").first.get_attribute("d")
    heights = [float(pair.split(" ")[1]) for pair in line[1:].split("L")]
    assert len(heights) >= 50
    assert heights[0] < heights[-1]  # loss falls: y grows downwards
    held_out = page.locator(".accuracy-now").inner_text()
    assert float(re.match(r"([\d.]+)%", held_out)[1]) > 98
    expect(page.locator(".ribbon .said b")).to_have_text("0")
    expect(page.locator(".ten-card .ten > div")).to_have_count(10)
    expect(page.locator(".gradients > div")).to_have_count(4)
    page.get_by_role("button", name="Draw on it").click()
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".network b")).to_have_text("Run 1, Fast CNN")
    expect(page.locator(".answer")).to_have_text("0")  # without drawing again
    expect(page.locator(".others .reader").first).to_contain_text("Run 1")
    page.locator(".bar.back").get_by_role("button").click()  # one press back
    expect(page.locator(".network b")).to_have_text("Large CNN")


def test_a_way_fills_the_form_and_the_time_line_looks_back(visit):
    visitor = visit()
    page = open_train(visitor, "Beginners' text")
    expect(field(visitor, "Learning rate")).to_have_value("0.001")
    expect(field(visitor, "Batch size")).to_have_value("64")
    expect(page.locator(".totals")).to_contain_text("407,050 weights")
    page.locator(".ways button").filter(has_text=re.compile("^Fast")).click()
    expect(field(visitor, "Learning rate")).to_have_value("0.04")
    field(visitor, "Learning rate").fill("0.2")
    expect(page.locator(".risk")).to_contain_text("Most runs break at this rate")
    page.locator(".ways button").filter(has_text=re.compile("^Fast")).click()
    train(visitor)
    expect(done(visitor)).to_contain_text("is done", timeout=120_000)
    page.locator(".time").fill("0")
    expect(page.locator(".live-pill")).to_have_text("To the end")
    expect(page.locator(".loss-now")).to_contain_text(re.compile("^1[.]"))  # the first updates' loss
    page.locator(".live-pill").click()
    expect(page.locator(".loss-now")).to_contain_text(re.compile("^0[.]"))
    expect(page.locator(".runs tbody tr").first).to_contain_text("in use")


def test_a_closed_page_finds_its_training_again_and_stop_keeps_the_weights(visit):
    visitor = visit()
    open_train(visitor, "Beginners' text")
    field(visitor, "Epochs").fill("1000")
    train(visitor)
    expect(visitor.page.locator(".live .title")).to_have_text("Run 1, MLP 784-512-10")
    visitor.page.close()
    page = visitor.open()
    expect(page.locator(".pill")).to_have_text(re.compile(r"\d+%"))  # seen from Draw
    visitor.tab("Train")
    expect(page.locator(".live .title")).to_have_text("Run 1, MLP 784-512-10")
    expect(page.locator(".chart.loss .line").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Stop and keep it").click()
    expect(done(visitor)).to_have_text("Run 1 was stopped", timeout=60_000)
    expect(page.locator(".network b")).to_have_text("Run 1, MLP 784-512-10")


def test_a_paused_training_stands_still_lets_another_visitor_train_and_goes_on(visit):
    visitor, guest = visit(), visit()
    page = open_train(visitor, "Beginners' text")
    field(visitor, "Epochs").fill("1000")
    train(visitor)
    page.wait_for_function("document.querySelector('.numbers dd')?.textContent > 0.05")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".live-pill")).to_have_text("Paused")
    expect(page.locator(".live .about")).to_contain_text("Paused, and others may train")
    epoch = page.locator(".numbers dd").first.inner_text()
    open_train(guest)
    train(guest)
    expect(done(guest)).to_have_text("Run 1 is done, and in use", timeout=120_000)
    assert page.locator(".numbers dd").first.inner_text() == epoch
    page.reload()  # it is found again, still paused
    visitor.tab("Train")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_function("epoch => document.querySelector('.numbers dd')?.textContent > epoch", arg=epoch)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".live-pill")).to_have_text("Paused")
    page.get_by_role("button", name="Stop and keep it").click()
    expect(done(visitor)).to_have_text("Run 1 was stopped")
    expect(page.get_by_role("button", name="Draw on it")).to_be_visible()


def test_a_finished_run_is_compared_with_the_training_that_runs(visit):
    visitor = visit()
    page = open_train(visitor)
    train(visitor)
    expect(done(visitor)).to_have_text("Run 1 is done, and in use", timeout=120_000)
    page.get_by_role("button", name="Train another").click()
    open_train(visitor, "Beginners' text")
    field(visitor, "Epochs").fill("1000")
    train(visitor)
    expect(page.locator(".live .title")).to_have_text("Run 2, MLP 784-512-10")
    expect(page.locator(".numbers dd").first).to_have_text(re.compile("^0[.](0[5-9]|[1-9])"))
    looks = []
    page.on("request", lambda request: "look_at_training" in (request.post_data or "") and looks.append(request))
    page.get_by_role("button", name="Train another").click()
    page.get_by_label("Compare Run 1").check()
    expect(page.locator(".chart.loss")).to_contain_text("run 1")
    page.wait_for_timeout(1_500)  # some more looks
    expect(page.locator(".live .title")).to_have_text("Run 2, MLP 784-512-10")
    asked = [json.loads(request.post_data)["data"] for request in looks]
    (first,) = [data["job"] for data in asked if not data["since"]]  # Run 1 alone, whole
    since = [data["since"] for data in asked if data["job"] != first]
    assert len(since) > 3 and since == sorted(since)
    page.get_by_role("button", name="Stop and keep it").click()
    expect(done(visitor)).to_have_text("Run 2 was stopped", timeout=60_000)


def test_a_run_of_many_updates_is_opened_whole(visit):
    visitor = visit()
    page = open_train(visitor, "Beginners' text")
    page.get_by_text("More settings").click()
    for name, value in (("Training digits", "100"), ("Batch size", "2"), ("Epochs", "9")):
        field(visitor, name).fill(value)
    train(visitor)
    expect(done(visitor)).to_contain_text("is done", timeout=120_000)
    page.reload()
    visitor.tab("Train")
    page.get_by_label("Compare Run 1").check()
    expect(page.locator(".live .title")).to_have_text("Run 1, MLP 784-512-10")
    expect(page.locator(".numbers dd").first).to_have_text("9.00")
    assert updates(visitor) + 1 == 450  # 400 come at a time


def test_all_rates_are_tried_and_one_is_taken(visit):
    visitor = visit()
    page = open_train(visitor, "Beginners' text")
    page.get_by_role("button", name="Try all rates").click()
    curve = page.locator(".rate-chart svg")
    expect(curve).to_have_attribute("aria-label", re.compile(r"falls fastest at 0\.00\d"), timeout=30_000)
    page.get_by_role("button", name=re.compile("^Take 0.00")).click()
    taken = float(field(visitor, "Learning rate").input_value())
    assert 1e-4 < taken < 1e-2
    expect(page.locator(".ways [aria-pressed=true]")).to_contain_text("Your own")
    box = visitor.measure(curve)
    curve.click(position={"x": 0.8 * box["width"], "y": 0.4 * box["height"]})
    assert float(field(visitor, "Learning rate").input_value()) > taken
    field(visitor, "Batch size").fill("0")
    expect(page.locator(".before .said")).to_contain_text("batch size")
    page.get_by_role("button", name="Try all rates").click()
    expect(page.locator(".rates .note").first).to_contain_text("batch size")


def test_a_second_visitor_waits_in_the_queue_and_cannot_see_the_first_ones_networks(visit):
    first, second = visit(), visit()
    open_train(first, "Beginners' text")
    field(first, "Epochs").fill("1000")
    train(first)
    expect(first.page.locator(".live .title")).to_have_text("Run 1, MLP 784-512-10")
    expect(first.page.locator(".chart.loss .line").first).to_be_visible(timeout=60_000)
    open_train(second)
    train(second)
    expect(second.page.locator(".live .about")).to_contain_text("1 training before yours")
    first.page.get_by_role("button", name="Stop and keep it").click()
    expect(done(second)).to_contain_text("is done", timeout=120_000)
    assert "Run 1, MLP 784-512-10" not in second.networks()


def test_settings_that_cannot_be_used_get_one_sentence(visit):
    visitor = visit()
    open_train(visitor)
    field(visitor, "Epochs").fill("0")
    train(visitor)
    said = visitor.page.locator(".left .said")
    expect(said).to_contain_text("The number of epochs is 0; wanted a whole number from 1 to 1,000.")
    field(visitor, "Epochs").fill("")
    expect(said).to_contain_text("The number of epochs is empty; give a number.")


def test_a_late_refusal_does_not_write_over_a_newer_one(visit):
    visitor = visit()
    open_train(visitor)
    waiting = visitor.hold("start_training")
    field(visitor, "Epochs").fill("0")
    train(visitor)
    field(visitor, "Epochs").fill("")
    said, words = visitor.page.locator(".left .said"), "The number of epochs is empty; give a number."
    expect(said).to_contain_text(words)
    assert waiting
    visitor.let_go(waiting)
    expect(said).to_contain_text(words)


def test_rates_that_come_late_are_not_those_of_other_settings(visit):
    visitor = visit()
    page = open_train(visitor, "Beginners' text")
    waiting = visitor.hold("try_learning_rates")
    page.get_by_role("button", name="Try all rates").click()
    expect(page.locator(".rates .note")).to_have_text("Sixty steps, each at a higher rate.")
    field(visitor, "Batch size").fill("32")
    expect(page.locator(".rates .note")).to_be_empty()
    assert waiting
    visitor.let_go(waiting)
    expect(page.locator(".rates .note")).to_be_empty()
    expect(page.locator(".rate-chart svg")).to_have_count(0)


def test_numbers_are_read_as_they_are_typed_and_a_wheel_turns_none(visit):
    visitor = visit()
    open_train(visitor)
    page = visitor.page
    rate = field(visitor, "Learning rate")
    rate.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("0,001")
    page.mouse.wheel(0, 300)
    expect(rate).to_have_value("0,001")
    with page.expect_request(lambda request: '"batch_size":1000' in (request.post_data or "")) as request:
        field(visitor, "Batch size").fill("1 000")
    assert request.value.post_data_json["data"]["settings"]["learning_rate"] == 0.001
    page.locator(".more summary").click()
    said = page.locator(".left .said")
    field(visitor, "Seed").fill("9007199254740993")
    expect(said).to_have_text(
        "The seed is 9007199254740993; wanted one that JavaScript holds, at most 9,007,199,254,740,991."
    )
    field(visitor, "Seed").fill("0")
    rate.fill("1e999")
    expect(said).to_have_text("The learning rate is '1e999'; wanted a number.")
    rate.fill("0,002")
    expect(said).to_have_text("")


def test_a_training_whose_loss_explodes_says_what_to_do(visit):
    visitor = visit()
    open_train(visitor, "Beginners' text")
    visitor.page.locator(".settings select[name=optimizer]").select_option("sgd")
    field(visitor, "Learning rate").fill("10")
    field(visitor, "Batch size").fill("1")
    train(visitor)
    expect(visitor.page.locator(".band-text")).to_contain_text("try a learning rate below", timeout=60_000)


def test_the_pytorch_of_the_settings_can_be_taken_away(visit):
    visitor = visit()
    page = open_train(visitor, "Beginners' text")
    page.get_by_role("button", name="Show me the PyTorch").click()
    expect(page.locator(".script")).to_contain_text("nn.Linear(784, 512)")
    expect(page.locator(".command")).to_contain_text("python -m digits train --recipe text")
    with page.expect_download() as script:
        page.get_by_role("button", name="train.py").click()
    source = Path(script.value.path()).read_text(encoding="utf-8")
    assert source == make_script(RECIPES["text"])
    with page.expect_download() as notebook:
        page.get_by_role("button", name="train.ipynb").click()
    cells = json.loads(Path(notebook.value.path()).read_text(encoding="utf-8"))["cells"]
    assert "".join(cells[0]["source"]) == source
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".script")).to_be_hidden()


def test_more_settings_reach_the_training_and_its_pytorch(visit):
    visitor = visit()
    page = open_train(visitor, "Fast")
    expect(page.locator(".more summary")).to_contain_text("all digits, smoothing 0.05")
    page.locator(".more summary").click()
    field(visitor, "Training digits").fill("1280")
    field(visitor, "Label smoothing").fill("0")
    expect(page.locator(".more summary")).to_contain_text("1,280 digits, no smoothing")
    expect(page.get_by_text("Digits to a step: 5 steps an epoch.")).to_be_visible()
    page.get_by_role("button", name="Show me the PyTorch").click()
    expect(page.get_by_label("The script")).to_contain_text("[:1_280]")
    expect(page.get_by_label("The script")).to_contain_text("label_smoothing=0")
    page.keyboard.press("Escape")
    train(visitor)
    expect(done(visitor)).to_contain_text("is done", timeout=120_000)


def test_nothing_can_be_pressed_before_its_script_is_there(visit):
    visitor, held = visit(), []
    visitor.context.route("**/train/train.js", lambda route: held.append(route))
    page = visitor.page
    page.reload()
    page.locator(".network b:not(:empty)").wait_for()
    visitor.tab("Train")
    train = page.get_by_role("button", name="Train", exact=True)
    assert train.evaluate("(button) => Boolean(button.closest('[inert]'))")
    assert held
    for route in held:
        route.continue_()
    train.click()
    expect(page.locator(".live .title")).to_contain_text("Run 1")
    page.get_by_role("button", name="Stop and keep it").click()
    expect(page.locator(".band-title")).to_contain_text("was stopped", timeout=60_000)
