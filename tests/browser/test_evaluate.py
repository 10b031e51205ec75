"""The Evaluate tab: shipped networks, and data of the visitor's."""

import json
from pathlib import Path

from drawings import DIGITS
from playwright.sync_api import expect

CARD = json.loads((Path(__file__).parents[2] / "weights" / "cnn-large.json").read_text())


def test_the_shipped_network_on_the_test_set(visit):
    visitor = visit()
    visitor.tab("Evaluate")
    visitor.page.locator("#evaluate").click()
    headline = visitor.page.locator(".headline")
    expect(headline).to_contain_text("of 10,000 read right", timeout=60_000)
    expect(headline).to_contain_text(f"{CARD['figures']['test_accuracy']:.2%}")
    counts = [int(text or 0) for text in visitor.page.locator(".matrix button").all_inner_texts()]
    assert len(counts) == 100
    assert sum(counts) == 10_000
    right = sum(counts[digit * 11] for digit in range(10))
    assert right == round(CARD["figures"]["test_accuracy"] * 10_000)
    mistakes = visitor.page.locator(".mistake")
    expect(mistakes).to_have_count(10_000 - right)
    shares = [int(text.split()[-1].rstrip("%")) for text in mistakes.all_inner_texts()]
    assert shares == sorted(shares, reverse=True)  # worst first
    cell = visitor.page.locator(".matrix button:not([disabled])").first
    label = cell.get_attribute("aria-label")
    cell.click()
    expect(mistakes).to_have_count(int(label.split()[0]))
    assert label.endswith(f"digit {label.split()[3]} read as {label.split()[-1]}")
    expect(visitor.page.locator(".scores tbody tr")).to_have_count(10)


def test_a_file_of_drawings(visit, tmp_path):
    lines = [json.dumps({"label": digit, "strokes": strokes, "set": "mine"}) for digit, strokes in DIGITS.items()]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(lines))
    visitor = visit()
    visitor.tab("Evaluate")
    visitor.choose("Data", "A file of my own")
    visitor.page.locator("#evaluate").click()
    headline = visitor.page.locator(".headline")
    expect(headline).to_contain_text("There is no file yet")
    visitor.page.locator("input[type=file][accept*=jsonl]").set_input_files(file)
    expect(visitor.page.get_by_text("mine.jsonl")).to_be_visible()
    visitor.page.locator("#evaluate").click()
    expect(headline).to_contain_text("100.00% of 10 read right")
    expect(visitor.page.locator(".sets tbody tr")).to_contain_text("mine")


def test_a_file_that_is_no_data_set_gets_one_sentence(visit, tmp_path):
    file = tmp_path / "bad.jsonl"
    file.write_text('{"label": 3}\n')
    visitor = visit()
    visitor.tab("Evaluate")
    visitor.choose("Data", "A file of my own")
    visitor.page.locator("input[type=file][accept*=jsonl]").set_input_files(file)
    expect(visitor.page.get_by_text("bad.jsonl")).to_be_visible()
    visitor.page.locator("#evaluate").click()
    expect(visitor.page.locator(".headline")).to_contain_text("Line 1 of bad.jsonl is not a drawing")
