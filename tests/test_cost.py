"""The picture of what accuracy costs: every shipped network is in it, where its multiply-adds put it."""

import copy
import json
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

from digits.model.networks import create_model

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


def label(card: dict) -> str:
    recipe = card["command"].partition("--recipe ")[2]
    return f"{card['network']}{recipe and ', ' + recipe}: {card['figures']['test_accuracy']:.2%}"


def test_every_card_is_in_the_picture_and_those_that_are_named(cost, tmp_path):
    more = copy.deepcopy(CARDS[0]) | {"command": "python -m digits train --recipe best"}
    more["figures"]["test_accuracy"] = 0.9975
    (tmp_path / "weights.json").write_text(json.dumps(more))
    cost["main"]([str(tmp_path / "weights.json")], tmp_path / "cost.svg")
    picture = ElementTree.parse(tmp_path / "cost.svg").getroot()
    words = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    for card in [*CARDS, more]:
        assert label(card) in words
        assert f"{card['parameters']:,} parameters" in words
        assert f"{card['figures']['seconds']:,.0f} s to train" in words
    circles = list(picture.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == len(CARDS) + 1
    for circle in circles:
        assert cost["LEFT"] < float(circle.get("cx")) < cost["RIGHT"]
        assert cost["TOP"] < float(circle.get("cy")) < cost["BOTTOM"]


def test_the_picture_in_the_documents_is_the_cards():
    """Otherwise: python docs/cost.py, with the cards that README.md names."""
    picture = (ROOT / "docs" / "cost.svg").read_text()
    for card in CARDS:
        assert label(card) in picture
