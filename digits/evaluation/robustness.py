"""How far digits may change before a network misreads them: robustness() -> Robustness."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from digits.data.data_set import DataSet
from digits.errors import DigitsError
from digits.evaluation.damaged_pictures import AXES, LONG_SIDE, SHEET, Example
from digits.evaluation.evaluate import inks_of, read_inks
from digits.ink.pictures import from_image
from digits.reading.recognizer import Recognizer

ENOUGH = 0.95  # the accuracy that a curve falls under


@dataclass(frozen=True)
class Curve:
    """Accuracy against one kind of change."""

    axis: str
    unit: str
    start: float
    """The value from which the change goes up and down: no change at all, or for the pen MNIST's own."""
    values: list[float]
    """Rising."""
    accuracies: list[float]
    """One a value, in [0, 1]."""
    n: int

    @property
    def falls_below_95(self) -> tuple[float | None, float | None]:
        """The first values under 95% on the way down and up from the start; None where there is none."""
        fallen = [value for value, accuracy in zip(self.values, self.accuracies, strict=True) if accuracy < ENOUGH]
        down, up = [v for v in fallen if v <= self.start], [v for v in fallen if v >= self.start]
        return max(down, default=None), min(up, default=None)


@dataclass(frozen=True)
class Robustness:
    """Curves of accuracy, all on the same digits."""

    n: int
    accuracy: float
    """Of the ink as it came, before it was made a picture."""
    curves: dict[str, Curve]
    """By axis."""

    def to_json(self) -> dict[str, Any]:
        curves = {name: {**vars(curve), "falls_below_95": curve.falls_below_95} for name, curve in self.curves.items()}
        return {"n": self.n, "accuracy": self.accuracy, "picture": SHEET, "long_side": LONG_SIDE, "curves": curves}


def subset(data: DataSet, count: int = 500, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`count` examples of the data (all, where it has fewer), chosen by the seed -> ink (N, 1, 28, 28) and labels (N,).

    Raises DigitsError as `read_subset` does.
    """
    return read_subset(data, count, seed)[:2]


def read_subset(data: DataSet, count: int, seed: int) -> tuple[Tensor, Tensor, list[str]]:
    """The same, and the names of damaged picture files among those chosen, which are left out.

    Raises DigitsError for fewer than 1, and for any other example that cannot be read, naming it.
    """
    if count < 1:
        raise DigitsError(f"The number of examples is {count:,}; wanted at least 1.")
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(len(data.labels))[:count])
    inks, places, damaged = read_inks(data, chosen.tolist())
    if not places:
        inks_of(data, chosen[:1].tolist())  # raises what is wrong with it
    return inks, data.labels[places], damaged


@dataclass(frozen=True)
class RobustnessUpdate:
    """Where a measurement stands."""

    share: float
    """Of the examples read, in [0, 1]."""
    report: Robustness | None = None
    """In the last update only."""


def robustness(recognizer: Recognizer, images: Tensor, labels: Tensor, seed: int = 0) -> Robustness:
    """Ink (N, 1, 28, 28) in [0, 1] and labels (N,) -> accuracy as the digits are turned, resized, moved and so on.

    Every digit is scaled up to a dark one of LONG_SIDE pixels on a light sheet of SHEET, which is changed as `AXES` say
    and read as a visitor's picture would be (`digits.ink.pictures.from_image`). It counts by its likeliest digit; one
    without ink counts as wrong.
    """
    *_, last = robustness_step_by_step(recognizer, images, labels, seed)
    assert last.report is not None  # the last update has it
    return last.report


def robustness_step_by_step(
    recognizer: Recognizer, images: Tensor, labels: Tensor, seed: int = 0
) -> Generator[RobustnessUpdate, None, None]:
    """The same as a generator of updates, one an example."""
    right = [np.zeros(len(axis.values), int) for axis in AXES]
    ends = np.cumsum([len(axis.values) for axis in AXES])
    plain, n = 0, len(labels)
    for k, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        if image.any():
            example = Example(image[0].numpy(), np.random.default_rng((seed, k)))
            pictures = [axis.change(example, value) for axis in AXES for value in axis.values]
            read = _digits(recognizer, torch.stack([image, *map(from_image, pictures)])) == label
            plain += int(read[0])
            for counts, part in zip(right, np.split(read[1:], ends[:-1]), strict=True):
                counts += part
        yield RobustnessUpdate((k + 1) / n)
    curves = {
        axis.name: Curve(axis.name, axis.unit, axis.start, list(axis.values), (counts / n).tolist(), n)
        for axis, counts in zip(AXES, right, strict=True)
    }
    yield RobustnessUpdate(1.0, Robustness(n, plain / n, curves))


def _digits(recognizer: Recognizer, inks: Tensor) -> np.ndarray:
    """The likeliest digits, int (N,); -1 for blanks."""
    probabilities, _ = recognizer.scores(inks)
    return np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), -1)


def curves_table(result: Robustness) -> str:
    """Of each curve its values, the accuracies under them, and where it falls under 95%."""
    lines = []
    for curve in result.curves.values():
        down, up = curve.falls_below_95
        fallen = " and at ".join(dict.fromkeys(f"{value:g}" for value in (down, up) if value is not None))
        verdict = f"falls under 95% at {fallen}" if fallen else "95% or more throughout"
        lines += [
            "",
            f"{curve.axis} ({curve.unit}): {verdict}",
            "".join(f"{value:7g}" for value in curve.values),
            "".join(f"{accuracy:7.1%}" for accuracy in curve.accuracies),
        ]
    return "\n".join(lines)
