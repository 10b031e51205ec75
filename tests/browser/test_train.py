"""The Train tab: click, watch, close the page, come back, draw on the new network."""

import re

from drawings import DIGITS
from playwright.sync_api import expect


def start(visitor, model: str | None = None, epochs: int = 1) -> None:
    """Train as the beginners' text does: slowly enough to be watched."""
    visitor.tab("Train")
    visitor.page.get_by_role("button", name="Beginners' text").click()
    expect(number(visitor, "Epochs")).to_have_value("10")
    if model:
        visitor.choose("Network", model)
    number(visitor, "Epochs").fill(str(epochs))
    visitor.page.locator("#train").click()


def number(visitor, label: str):
    return visitor.page.get_by_role("spinbutton", name=label)


def state(visitor):
    return visitor.page.locator(".state")


def points(visitor) -> int:
    return int(visitor.page.locator("#curve [data-points], #curve[data-points]").first.get_attribute("data-points"))


def wait_for_points(visitor, more_than: int) -> int:
    visitor.page.wait_for_function(
        "(n) => Number(document.querySelector('#curve [data-points], #curve[data-points]')?.dataset.points || 0) > n",
        arg=more_than,
        timeout=120_000,
    )
    return points(visitor)


def test_the_first_click_trains_the_fast_network_and_a_preset_fills_the_form(visit):
    visitor = visit()
    visitor.tab("Train")
    visitor.page.locator("#train").click()
    expect(state(visitor)).to_contain_text("Done. Fast CNN", timeout=120_000)
    figures = visitor.page.locator("#curve .figures").inner_text()
    assert float(re.search(r"Validation\s+([\d.]+)%", figures)[1]) > 98
    visitor.page.get_by_role("button", name="Beginners' text").click()
    expect(number(visitor, "Learning rate")).to_have_value("0.001")
    expect(number(visitor, "Batch size")).to_have_value("64")
    visitor.page.get_by_role("button", name="Fast", exact=True).click()
    expect(number(visitor, "Learning rate")).to_have_value("0.013")


def test_train_an_epoch_watch_the_curve_grow_and_draw_on_the_new_network(visit):
    visitor = visit()
    start(visitor)
    first = wait_for_points(visitor, 0)
    second = wait_for_points(visitor, first)
    assert second > first
    expect(state(visitor)).to_contain_text("Done", timeout=120_000)
    line = visitor.page.locator("#curve svg.loss polyline.batch").get_attribute("points").split()
    assert len(line) >= 50
    heights = [float(pair.split(",")[1]) for pair in line]
    assert heights[0] < heights[-1]  # loss falls: y grows downwards
    figures = visitor.page.locator("#curve .figures").inner_text()
    assert float(re.search(r"Validation\s+([\d.]+)%", figures)[1]) > 90
    assert "Images/s" in figures
    visitor.tab("Draw")
    visitor.choose("Network that reads", "Mine: MLP")
    visitor.draw(DIGITS[0])
    expect(visitor.page.locator(".sentence")).to_have_text("I read 0.")
    visitor.tab("Evaluate")
    visitor.choose("Network", "Mine: MLP")
    visitor.page.locator("#evaluate").click()
    expect(visitor.page.locator(".headline")).to_contain_text("of 10,000 read right", timeout=60_000)


def test_a_closed_page_finds_its_training_again_and_stop_keeps_the_weights(visit):
    visitor = visit()
    start(visitor, "CNN", epochs=50)
    before = wait_for_points(visitor, 3)
    visitor.page.close()
    visitor.open()
    visitor.tab("Train")
    expect(state(visitor)).to_contain_text("Training CNN")
    assert wait_for_points(visitor, before) > before  # the whole curve, and growing
    line = visitor.page.locator("#curve svg.loss polyline.batch").get_attribute("points").split()
    assert len(line) == points(visitor) or len(line) >= before

    # Readings go on meanwhile, and another visitor waits in line and sees nothing of this one's.
    visitor.tab("Draw")
    visitor.draw(DIGITS[7])
    expect(visitor.page.locator(".answer")).to_have_text("7")
    other = visit()
    start(other, "LeNet", epochs=50)  # longer than it takes to stop it
    expect(state(other)).to_contain_text("1 training before yours")
    assert other.page.locator("#curve svg.loss polyline").count() == 0

    visitor.tab("Train")
    visitor.page.locator("#stop").click()
    expect(state(visitor)).to_contain_text("weights so far are kept")
    visitor.tab("Draw")
    visitor.choose("Network that reads", "Mine: CNN")
    expect(state(other)).to_contain_text("Training LeNet")
    other.page.locator("#stop").click()
    expect(state(other)).to_contain_text("Stopped")
    other.tab("Draw")
    other.page.get_by_label("Network that reads").click()
    options = other.page.get_by_role("option").all_inner_texts()
    assert any("LeNet" in option for option in options)
    assert not any("Mine: CNN" in option for option in options)


def test_settings_that_cannot_be_used_get_one_sentence(visit):
    visitor = visit()
    visitor.tab("Train")
    for label, value, words in [
        ("Learning rate", "0", "wanted a number above 0"),
        ("Learning rate", "1000000000", "at most 10"),
        ("Learning rate", "", "learning rate is empty"),
        ("Epochs", "0", "from 1 to 1,000"),
        ("Epochs", "1000000000", "from 1 to 1,000"),
        ("Batch size", "-3", "from 1 to 10,000"),
    ]:
        box = number(visitor, label)
        usual = box.input_value()
        box.fill(value)
        visitor.page.locator("#train").click()
        toast = visitor.page.get_by_test_id("toast-body").filter(has_text=words)
        expect(toast.first).to_be_visible()
        assert "Traceback" not in visitor.page.content()
        box.fill(usual)
    expect(state(visitor)).to_contain_text("No training yet")


def test_a_training_that_diverges_says_so(visit):
    visitor = visit()
    visitor.tab("Train")
    visitor.choose("Network", "MLP")
    visitor.choose("Optimizer", "sgd")
    number(visitor, "Learning rate").fill("10")
    number(visitor, "Batch size").fill("1")
    visitor.page.locator("#train").click()
    expect(state(visitor)).to_contain_text("no longer a finite number", timeout=60_000)
    expect(visitor.page.locator("#train")).to_be_enabled()


def test_a_second_tab_of_the_same_visitor_shows_the_running_training(visit):
    visitor = visit()
    first = visitor.page
    visitor.tab("Train")
    visitor.open()
    start(visitor, epochs=500)
    wait_for_points(visitor, 0)
    first.locator("#train").click()
    expect(first.locator(".state")).to_contain_text("Training MLP")
    expect(first.locator("#stop")).to_be_enabled()
    first.locator("#stop").click()
    expect(state(visitor)).to_contain_text("weights so far are kept")
