"""The settings of a training: what the form shows of a recipe is that recipe when it comes back."""

import pytest

from digits.errors import DigitsError
from digits.training.config import RECIPES, TrainConfig, command
from digits.ui.settings import parse_settings, settings_of

CHANGES = {"examples": 5_000, "label_smoothing": 0.1, "seed": 7}


@pytest.mark.parametrize("recipe", ["fast", "text"])
def test_a_recipe_that_nobody_changed_is_the_recipe(recipe):
    config = parse_settings({"settings": settings_of(RECIPES[recipe])}, "auto")
    assert command(config) == f"python -m digits train --recipe {recipe}"


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_the_only_one(name):
    base = TrainConfig("cnn")
    config = parse_settings({"settings": settings_of(base) | {name: CHANGES[name]}}, "auto")
    different = {key for key in vars(base) if getattr(config, key) != getattr(base, key)} - {"learning_rate"}
    assert different == {name}
    assert settings_of(config)[name] == CHANGES[name]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("examples", 99, "100 to 55,000"),
        ("examples", 1e9, "100 to 55,000"),
        ("examples", 1_000.5, "whole number"),
        ("examples", None, "empty"),
        ("label_smoothing", 0.6, "0 to 0.5"),
        ("label_smoothing", float("nan"), "0 to 0.5"),
        ("label_smoothing", "much", "wanted a number"),
        ("label_smoothing", None, "empty"),
    ],
)
def test_more_settings_are_not_trusted(name, value, words):
    with pytest.raises(DigitsError, match=words):
        parse_settings({"settings": settings_of(TrainConfig("cnn")) | {name: value}}, "auto")


def test_a_network_that_one_image_alone_does_not_train_is_refused_with_its_settings():
    settings = settings_of(TrainConfig("layers", layers="fn-64")) | {"batch_size": 1}
    with pytest.raises(DigitsError, match="batch norm needs two"):
        parse_settings({"settings": settings}, "auto")
