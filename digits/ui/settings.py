"""The settings of a training: what the form shows of each, what may come back, and the same in plain PyTorch."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from digits.errors import DigitsError
from digits.model.builder import BUILT
from digits.training.config import LEARNING_RATES, TrainConfig, command
from digits.training.plan import make_plan
from digits.training.rate_range import try_rates
from digits.training.script import make_notebook, make_script
from digits.ui.client import expensive
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors

ABOUT = {  # each setting in one line
    "adamw": "Gives every weight a pace of its own.",
    "adam": "The text's optimizer: AdamW without decay.",
    "muon": "Turns each step of a hidden linear layer to use all directions alike.",
    "sgd": "One pace for all, with momentum.",
    "learning_rate": "How far a step goes. Too far: it diverges.",
    "epochs": "How often it sees every digit.",
    "augment": "Turns and shifts digits; elastic bends them.",
    "precision": "Shorter numbers: faster, hardly worse.",
    "seed": "Same seed, same start, same network.",
    "examples": "How many of the 55,000 it learns from, from the first on.",
    "label_smoothing": "At 0.05 it aims at 95.5% for the right digit, not at 100%.",
}
TRAINING_IMAGES = 55_000
LARGEST = 2**53 - 1  # the page sends what is above as text, since its own numbers would round it
RISKY = 5  # times the optimizer's own learning rate: most runs break above


def settings_of(config: TrainConfig) -> dict[str, Any]:
    """What the form shows of a config."""
    return {
        "model": config.model,
        "layers": config.layers,
        "optimizer": config.optimizer,
        "learning_rate": config.peak_learning_rate(),
        "batch_size": config.batch_size,
        "epochs": config.epochs,
        "augment": config.augment,
        "precision": config.precision,
        "seed": config.seed,
        "examples": config.examples or TRAINING_IMAGES,
        "label_smoothing": config.smoothing(),
    }


def parse_settings(payload: dict[str, Any], device: str) -> TrainConfig:
    """{"settings": {...}} -> a config that can be used. Raises DigitsError for anything else."""
    settings = payload.get("settings")
    if not isinstance(settings, dict):
        raise DigitsError("The settings did not arrive; press Train again.")
    optimizer, rate = str(settings.get("optimizer")), _number("learning rate", settings.get("learning_rate"))
    config = TrainConfig(
        model=str(settings.get("model")),
        layers=str(settings.get("layers") or "") if settings.get("model") == BUILT else None,
        optimizer=optimizer,
        learning_rate=None if rate == LEARNING_RATES.get(optimizer) else rate,
        batch_size=_whole("batch size", settings.get("batch_size")),
        epochs=_whole("number of epochs", settings.get("epochs")),
        augment=str(settings.get("augment")),
        precision=str(settings.get("precision")),
        seed=_whole("seed", settings.get("seed")),
        device=device,
    )
    examples = _whole("number of training digits", settings.get("examples", TRAINING_IMAGES))
    if examples != TRAINING_IMAGES:
        config = dataclasses.replace(config, examples=examples)
    if "label_smoothing" in settings:
        smoothing = _number("label smoothing", settings["label_smoothing"])
        if smoothing != config.smoothing():
            config = dataclasses.replace(config, label_smoothing=smoothing)
    config.check()
    make_plan(config, config.examples or TRAINING_IMAGES)  # batches of one image, for some networks
    return config


def _number(name: str, value: object) -> float | int:
    if value is None or value == "":
        raise DigitsError(f"The {name} is empty; give a number.")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise DigitsError(f"The {name} is {value!r:.50}; wanted a number.")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        raise DigitsError(f"The {name} is {value:.50}; wanted one that JavaScript holds, at most {LARGEST:,}.")
    number = _number(name, value)
    if not math.isfinite(number) or number != int(number):
        raise DigitsError(f"The {name} is {number}; wanted a whole number.")
    return int(number)


def warn(config: TrainConfig) -> str:
    if config.peak_learning_rate() > RISKY * LEARNING_RATES[config.optimizer]:
        return "Most runs break at this rate. Try it: breaking one teaches."
    return ""


def write_pytorch(page: Page) -> Callable[..., Any]:
    @answer_errors
    def write_pytorch(payload: dict[str, Any]) -> dict[str, Any]:
        """A training's {"settings"} -> the plain PyTorch that trains the same: script, notebook and command."""
        config = parse_settings(payload, page.device)
        return {"script": make_script(config), "notebook": make_notebook(config), "command": command(config)}

    return write_pytorch


def try_learning_rates(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def try_learning_rates(payload: dict[str, Any]) -> dict[str, Any]:
        """A range test of a training's {"settings"}: the loss at each learning rate, as far as it went."""
        found = try_rates(parse_settings(payload, page.device))
        return {"rates": found.rates, "losses": found.losses, "steepest": found.steepest}

    return try_learning_rates
