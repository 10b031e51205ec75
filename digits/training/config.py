"""What to train and how: TrainConfig, and the recipes."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digits.data.augment import AUGMENTATIONS
from digits.device import select_device
from digits.errors import DigitsError
from digits.model.builder import BUILT, describe_built
from digits.model.networks import NETWORKS

# Learning rate where none is given, by optimizer: Adam's is the one of its paper (Kingma and Ba 2015) and of the
# beginners' text; the other two are peaks of a one-cycle schedule, chosen on validation images (LOG.md).
LEARNING_RATES = {"adamw": 8e-3, "adam": 1e-3, "sgd": 0.1, "muon": 8e-3}

SCHEDULES = ("auto", "one-cycle", "constant")

SMOOTHING = 0.05  # label smoothing of one-cycle runs (Szegedy et al. 2016); constant runs are plain cross entropy

FINE_TUNING_RATE = 0.4  # its peak learning rate, of the training's

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class TrainConfig:
    """What to train and how. `check` raises DigitsError for values that cannot be used; `train` calls it."""

    model: str = "cnn"
    """A name in `digits.model.networks.NETWORKS`, or `layers` where these are given."""
    epochs: int = 1
    """Passes over the training images, 1 to 1,000."""
    optimizer: str = "adamw"
    """`adamw`, `adam`, `sgd` (Nesterov momentum 0.9; one-cycle moves it between 0.85 and 0.95) or `muon` (for the
    weights of hidden linear layers, AdamW for all others)."""
    learning_rate: float | None = None
    """Above 0 and at most 10; the peak of a one-cycle schedule. None: the optimizer's in LEARNING_RATES."""
    schedule: str = "auto"
    """`constant`, `one-cycle` (Smith and Topin 2018), or `auto`: constant for adam, one-cycle for the others."""
    batch_size: int = 128
    """Images a step, 1 to 10,000."""
    augment: str = "affine"
    """`affine`, `elastic` (see `digits.data.augment`) or `none`."""
    handwriting: int = 0
    """Drawings of `digits.data.handwriting` added, 0 to 1,000,000. About 1,600 are made a second."""
    outliers: int = 0
    """Drawings of `digits.data.outliers` added, 0 to 1,000,000, so that the network learns what is no digit."""
    precision: str = "float32"
    """`float32`, or `bfloat16`: convolutions and products in it, where the device has instructions for it."""
    device: str = "auto"
    """`auto` (the best there is), `cpu`, `cuda`, `cuda:N` or `mps`."""
    seed: int = 0
    """0 to 2**63 - 1. With the same seed and number of threads a CPU run repeats to the bit."""
    out: str | Path | None = None
    """Folder for the weights and all else that `digits.training.run_folder` keeps; None keeps nothing on disk."""
    layers: str | None = None
    """A text of `digits.model.builder`: the network that it describes, instead of a named one."""
    examples: int | None = None
    """Of the training images so many, the first; 100 to 55,000. None: all of them."""
    label_smoothing: float | None = None
    """Share of a label that is spread over all ten, 0 to 0.5. None: 0.05 on a one-cycle schedule, else 0."""
    fine_tuning: int = 0
    """Epochs more after these, 0 to 1,000: a second one-cycle with two fifths of the peak, on as many other drawings in
    more ways of writing (`digits.data.handwriting.WIDE`). Half of the weights' change is kept, see `Average`."""

    def __post_init__(self) -> None:
        if self.layers is not None:
            object.__setattr__(self, "model", BUILT)  # frozen
            if isinstance(self.layers, str):
                object.__setattr__(self, "layers", " ".join(self.layers.split()))

    def check(self) -> None:
        """Raises DigitsError with one sentence for the first value that cannot be used."""
        if self.layers is not None or self.model == BUILT:
            describe_built(self.layers or "")
        else:
            _choice("network", self.model, NETWORKS)
        _choice("optimizer", self.optimizer, LEARNING_RATES)
        _choice("schedule", self.schedule, SCHEDULES)
        _choice("augmentation", self.augment, AUGMENTATIONS)
        _choice("precision", self.precision, PRECISIONS)
        _whole_number("number of handwritten drawings", self.handwriting, 0, 1_000_000)
        _whole_number("number of outliers", self.outliers, 0, 1_000_000)
        _whole_number("number of epochs", self.epochs, 1, 1_000)
        _whole_number("number of epochs of fine-tuning", self.fine_tuning, 0, 1_000)
        if self.fine_tuning and not self.one_cycle():
            raise DigitsError("Fine-tuning is a second one-cycle; choose the schedule one-cycle, or no fine-tuning.")
        _whole_number("batch size", self.batch_size, 1, 10_000)
        _whole_number("seed", self.seed, 0, 2**63 - 1)
        if self.examples is not None:
            _whole_number("number of training images", self.examples, 100, 55_000)
        smoothing = self.label_smoothing
        if smoothing is not None and not (_is_number(smoothing) and 0 <= smoothing <= 0.5):
            raise DigitsError(f"The label smoothing is {smoothing!r}; wanted a number from 0 to 0.5.")
        rate = self.learning_rate
        if rate is not None and not (_is_number(rate) and 0 < rate <= 10):
            raise DigitsError(f"The learning rate is {rate!r}; wanted a number above 0 and at most 10, such as 0.001.")
        select_device(self.device)

    def peak_learning_rate(self) -> float:
        return LEARNING_RATES[self.optimizer] if self.learning_rate is None else self.learning_rate

    def smoothing(self) -> float:
        """The label smoothing that the training uses."""
        if self.label_smoothing is not None:
            return self.label_smoothing
        return SMOOTHING if self.one_cycle() else 0.0

    def one_cycle(self) -> bool:
        return self.schedule == "one-cycle" or (self.schedule == "auto" and self.optimizer != "adam")


RECIPES = {
    "text": TrainConfig("mlp", epochs=10, optimizer="adam", batch_size=64, augment="none"),
    "fast": TrainConfig("cnn-fast", learning_rate=0.04, batch_size=256, augment="none", precision="bfloat16"),
    "best": TrainConfig("cnn-large", epochs=20, precision="bfloat16"),
    "shipped": TrainConfig(
        "cnn-large", epochs=40, fine_tuning=8, handwriting=40_000, outliers=12_000, precision="bfloat16", seed=1
    ),  # with the seed of weights/cnn-large
}
"""Settings by the name that `python -m digits train --recipe` takes: the beginners' text's,
and those found by measuring (LOG.md)."""


def command(config: TrainConfig) -> str:
    """The command line that trains as `config` says, without the defaults and the folder."""
    network = f"--model {config.model}" if config.layers is None else f'--layers "{config.layers}"'
    words, base = [f"python -m digits train {network}"], TrainConfig(config.model, layers=config.layers)
    for name, recipe in RECIPES.items():
        if dataclasses.replace(config, seed=recipe.seed, device=recipe.device, out=recipe.out) == recipe:
            words, base = [f"python -m digits train --recipe {name}"], recipe
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name not in ("out", "device") and value != getattr(base, field.name):
            words.append(f"--{field.name.replace('_', '-')} {value}")
    return " ".join(words)


def _choice(what: str, value: object, choices: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise DigitsError(f"There is no {what} called {value!r}; choose one of {', '.join(choices)}.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole_number(what: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise DigitsError(f"The {what} is {value!r}; wanted a whole number from {least:,} to {most:,}.")


def settings_of(config: TrainConfig) -> dict[str, Any]:
    """All of `config` but where the run is kept."""
    settings = dataclasses.asdict(config)
    del settings["out"]
    for name in ("layers", "examples", "label_smoothing", "fine_tuning"):  # where given: older runs can go on
        if settings[name] == getattr(TrainConfig, name):
            del settings[name]
    return settings
