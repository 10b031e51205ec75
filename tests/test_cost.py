"""The picture of what accuracy costs: every shipped network is in it, where its multiply-adds put it."""

import json
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

from digits.model import create_model

ROOT = Path(__file__).parents[1]
CARDS = [json.loads(path.read_text()) for path in sorted((ROOT / "weights").glob("*.json"))]


@pytest.fixture(scope="module")
def cost() -> dict:
    """What docs/cost.py defines."""
    return runpy.run_path(str(ROOT / "docs" / "cost.py"))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("mlp", 784 * 512 + 512 * 10),
        ("lenet", 6 * 25 * 784 + 16 * 6 * 25 * 100 + 120 * 16 * 25 + 120 * 84 + 84 * 10),
    ],
)
def test_multiply_adds_are_those_counted_by_hand(cost, name, count):
    assert cost["count_multiply_adds"](create_model(name)) == count


def test_every_card_is_in_the_picture(cost, tmp_path):
    cost["main"](tmp_path / "cost.svg")
    picture = ElementTree.parse(tmp_path / "cost.svg").getroot()
    words = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    for card in CARDS:
        figures = card["figures"]
        assert f"{card['network']}: {figures['test_accuracy']:.2%}" in words
        assert f"{card['parameters']:,} parameters" in words
        assert f"{figures['seconds']:,.0f} s to train" in words
    circles = list(picture.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == len(CARDS)
    for circle in circles:
        assert cost["LEFT"] < float(circle.get("cx")) < cost["RIGHT"]
        assert cost["TOP"] < float(circle.get("cy")) < cost["BOTTOM"]


def test_the_picture_in_the_documents_is_the_cards():
    """Otherwise: python docs/cost.py"""
    picture = (ROOT / "docs" / "cost.svg").read_text()
    for card in CARDS:
        assert f"{card['network']}: {card['figures']['test_accuracy']:.2%}" in picture
