"""The Train tab: click, watch, look back, close the page, come back, draw on the new network."""

import re

from drawings import DIGITS
from playwright.sync_api import expect


def open_train(visitor, way: str = "Fast"):
    visitor.tab("Train")
    visitor.page.locator(".ways button").filter(has_text=way).click()
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
    expect(page.locator(".chain li")).to_have_count(5)
    expect(page.locator(".luck")).to_contain_text("of 10 hard digits right, by luck")
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
    expect(page.locator(".gradients > div")).to_have_count(5)
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
    page.locator(".ways button").filter(has_text="Fast").click()
    expect(field(visitor, "Learning rate")).to_have_value("0.013")
    field(visitor, "Learning rate").fill("0.2")
    expect(page.locator(".risk")).to_contain_text("Most runs break at this rate")
    page.locator(".ways button").filter(has_text="Fast").click()
    train(visitor)
    expect(done(visitor)).to_contain_text("is done", timeout=120_000)
    page.locator(".time").fill("0")
    expect(page.locator(".live-pill")).to_have_text("To the end")
    expect(page.locator(".loss-now")).to_contain_text(re.compile("^2[.]"))  # the first updates' loss
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


def test_a_training_whose_loss_explodes_says_what_to_do(visit):
    visitor = visit()
    open_train(visitor, "Beginners' text")
    visitor.page.locator(".settings select[name=optimizer]").select_option("sgd")
    field(visitor, "Learning rate").fill("10")
    field(visitor, "Batch size").fill("1")
    train(visitor)
    expect(visitor.page.locator(".band-text")).to_contain_text("try a learning rate below", timeout=60_000)
