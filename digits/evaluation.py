"""How well a network reads a labelled data set: evaluate() -> Report."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from digits.data import DataSet, load_data
from digits.errors import DigitsError
from digits.inference import REFUSAL_THRESHOLD, Recognizer, digit_scores, to_ink

MOST_MISTAKES = 200  # kept with their ink in a report; the count in the confusion matrix is whole


@dataclass(frozen=True)
class DigitScores:
    """One digit's figures. Fractions are 0 where their denominator is."""

    digit: int
    count: int
    """Examples that are this digit."""
    precision: float
    """Of the readings of this digit, the share that were right."""
    recall: float
    """Of the examples of this digit, the share that were read so."""
    f1: float
    """Harmonic mean of precision and recall."""


@dataclass(frozen=True)
class Mistake:
    """One example that was read as another digit."""

    index: int
    """Place in the data set, from 0."""
    label: int
    digit: int
    """The likeliest digit, which is wrong."""
    probability: float
    """What the network gave to it, in [0, 1]."""
    ink: np.ndarray
    """uint8 (28, 28), paper 0, ink 255: what the network saw."""


@dataclass(frozen=True)
class SetScore:
    accuracy: float
    interval: tuple[float, float]
    n: int


@dataclass(frozen=True)
class Report:
    """An evaluation. Every example counts by its likeliest digit; an example without ink counts as wrong."""

    data: str
    n: int
    accuracy: float
    interval: tuple[float, float]
    """The accuracy's 95 % interval (Wilson 1927)."""
    confusion: np.ndarray
    """int64 (10, 10): row what it was, column what was read. Examples without ink are in no column."""
    per_class: list[DigitScores]
    mistakes: list[Mistake]
    """Worst first: by the probability given to the wrong digit. At most MOST_MISTAKES."""
    blank: int
    """Examples without any ink."""
    refused: int
    """Examples with ink whose digit_score is under the threshold, so that the app would not call them a digit."""
    by_set: dict[str, SetScore] | None = None

    def to_json(self) -> dict:
        """The report as plain values, without the mistakes' pictures."""
        report = {
            "data": self.data,
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "n": self.n,
            "confusion": self.confusion.tolist(),
            "per_class": [vars(scores) for scores in self.per_class],
            "blank": self.blank,
            "refused": self.refused,
        }
        if self.by_set is not None:
            report["by_set"] = {name: vars(score) for name, score in self.by_set.items()}
        return report


def evaluate(
    recognizer: Recognizer,
    data: str | Path | DataSet = "mnist-test",
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Read every example of `data` (a name or path for `digits.data.load_data`, or a DataSet) -> Report.

    `progress` is called with the share done, in [0, 1]. Raises DigitsError for data that cannot be read, naming the
    example where it is one.
    """
    data = data if isinstance(data, DataSet) else load_data(data)
    progress = progress or (lambda share: None)
    inks, probabilities = [], []
    some_at_once = 50 if data.ink is None else 500  # drawings are slow: `progress` may want to end it
    for start in range(0, len(data.labels), some_at_once):
        end = min(start + some_at_once, len(data.labels))
        some = _inks(data, start, end)  # (B, 1, 28, 28)
        probabilities.append(recognizer.probabilities(some))
        inks.append((some[:, 0] * 255).round().to(torch.uint8))
        progress(end / len(data.labels))
    return report(data, torch.cat(probabilities).numpy(), torch.cat(inks).numpy())


def _inks(data: DataSet, start: int, end: int) -> Tensor:
    if data.ink is not None:
        return data.ink[start:end].unsqueeze(1).float() / 255
    inks = []
    for i in range(start, end):
        try:
            inks.append(to_ink(data.drawings[i]))
        except DigitsError as error:
            raise DigitsError(f"Example {i + 1} of {data.name} cannot be read: {error}") from None
    return torch.stack(inks)


def report(data: DataSet, probabilities: np.ndarray, inks: np.ndarray) -> Report:
    """Labels, probabilities (N, 10) and uint8 inks (N, 28, 28) -> Report."""
    labels = data.labels.numpy()
    blank = ~probabilities.any(axis=1)
    digits = np.where(blank, -1, probabilities.argmax(axis=1))
    scores = probabilities.max(axis=1)
    right = digits == labels
    confusion = np.zeros((10, 10), dtype=np.int64)
    np.add.at(confusion, (labels[~blank], digits[~blank]), 1)
    counts = np.bincount(labels, minlength=10)
    per_class = []
    for digit in range(10):
        precision = _share(confusion[digit, digit], confusion[:, digit].sum())
        recall = _share(confusion[digit, digit], counts[digit])
        f1 = _share(2 * precision * recall, precision + recall)
        per_class.append(DigitScores(digit, int(counts[digit]), precision, recall, f1))
    wrong = np.flatnonzero(~right & ~blank)
    worst = wrong[np.argsort(-scores[wrong], kind="stable")][:MOST_MISTAKES]
    mistakes = [Mistake(int(i), int(labels[i]), int(digits[i]), float(scores[i]), inks[i]) for i in worst]
    by_set = None
    if data.sets is not None:
        answers: dict[str, list[bool]] = {name: [] for name in sorted(set(data.sets))}
        for name, was_right in zip(data.sets, right.tolist(), strict=True):
            answers[name].append(was_right)
        by_set = {name: _set_score(each) for name, each in answers.items()}
    return Report(
        data=data.name,
        n=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        confusion=confusion,
        per_class=per_class,
        mistakes=mistakes,
        blank=int(blank.sum()),
        refused=int((~blank & (digit_scores(probabilities, inks / np.float32(255)) < REFUSAL_THRESHOLD)).sum()),
        by_set=by_set,
    )


def _set_score(answers: list[bool]) -> SetScore:
    right, n = sum(answers), len(answers)
    return SetScore(right / n, wilson_interval(right, n), n)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927), for `right` of `n` > 0 -> (low, high) in [0, 1]."""
    z = 1.959964  # the 97.5 % point of the normal distribution
    centre = (right + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(right * (n - right) / n + z * z / 4)
    return max(0.0, centre - half), min(1.0, centre + half)
