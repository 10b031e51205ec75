"""How well a network reads a labelled data set: evaluate() -> Report."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from digits.data.data_set import DataSet
from digits.data.sets import load_data
from digits.errors import DigitsError
from digits.reading.recognizer import Recognizer, to_ink

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
class Score:
    """How many of n were right."""

    accuracy: float
    interval: tuple[float, float]
    n: int


@dataclass(frozen=True)
class SetScore(Score):
    """One set's figures, as in the whole Report."""

    refused: int
    calibration_error: float


@dataclass(frozen=True)
class Rejection:
    """Drawings that are no digits, against an evaluation's examples."""

    data: str
    n: int
    auroc: float
    """The chance that a digit's score is above one of these, ties counting half."""
    refused: int
    """Of these, how many the app would not call a digit; `Report.refused` is of the digits."""
    by_set: "dict[str, Rejection] | None" = None

    def to_json(self) -> dict:
        plain = {"data": self.data, "n": self.n, "auroc": self.auroc, "refused": self.refused}
        if self.by_set is not None:
            plain["by_set"] = {name: each.to_json() for name, each in self.by_set.items()}
        return plain


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
    calibration_error: float
    """Expected calibration error of the likeliest digit's probability, in [0, 1] (Guo et al. 2017): 15 equal bins."""
    by_set: dict[str, SetScore] | None = None
    rejection: "Rejection | None" = None
    """How the examples' digit scores compare with those of drawings that are no digits, where such were given."""

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
            "calibration_error": self.calibration_error,
        }
        if self.by_set is not None:
            report["by_set"] = {name: vars(score) for name, score in self.by_set.items()}
        if self.rejection is not None:
            report["rejection"] = self.rejection.to_json()
        return report


def evaluate(
    recognizer: Recognizer,
    data: str | Path | DataSet = "mnist-test",
    progress: Callable[[float], None] | None = None,
    reject: DataSet | None = None,
) -> Report:
    """Read every example of `data` (a name or path for `digits.data.load_data`, or a DataSet) -> Report.

    `reject` holds drawings that are no digits (`digits.data.load_outliers`), for `Report.rejection`. `progress` is
    called with the share done, in [0, 1]. Raises DigitsError for data that cannot be read, naming the example where it
    is one.
    """
    data = data if isinstance(data, DataSet) else load_data(data)
    progress = progress or (lambda share: None)
    whole = len(data.labels) + (len(reject.labels) if reject else 0)
    probabilities, scores, inks = _read(recognizer, data, lambda count: progress(count / whole))
    result = report(data, probabilities, scores, inks, recognizer.refusal_threshold)
    if reject is None:
        return result
    _, others, _ = _read(recognizer, reject, lambda count: progress((count + len(data.labels)) / whole))

    def compared(name: str, these: np.ndarray, by_set: dict | None = None) -> Rejection:
        refused = int((these < recognizer.refusal_threshold).sum())
        return Rejection(name, len(these), area_under_curve(scores, these), refused, by_set)

    by_set = None
    if reject.sets is not None:
        sets = np.array(reject.sets)
        by_set = {str(name): compared(str(name), others[sets == name]) for name in np.unique(sets)}
    rejection = compared(reject.name, others, by_set)
    return dataclasses.replace(result, rejection=rejection)


def _read(recognizer: Recognizer, data: DataSet, progress: Callable[[int], None]) -> tuple[np.ndarray, ...]:
    """-> probabilities (N, 10), digit scores (N,) and uint8 inks (N, 28, 28)."""
    parts = []
    some_at_once = 50 if data.ink is None else 500  # drawings are slow: `progress` may want to end it
    for start in range(0, len(data.labels), some_at_once):
        end = min(start + some_at_once, len(data.labels))
        some = inks_of(data, range(start, end))  # (B, 1, 28, 28)
        parts.append((*recognizer.scores(some), (some[:, 0] * 255).round().to(torch.uint8).numpy()))
        progress(end)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def inks_of(data: DataSet, these: Sequence[int]) -> Tensor:
    """The data's examples at these places -> ink (N, 1, 28, 28). Raises DigitsError, naming the example."""
    if data.ink is not None:
        return data.ink[torch.as_tensor(these)].unsqueeze(1).float() / 255
    made = []
    for i in these:
        try:
            made.append(to_ink(data.drawings[i]))
        except DigitsError as error:
            raise DigitsError(f"Example {i + 1} of {data.name} cannot be read: {error}") from None
    return torch.stack(made)


def report(
    data: DataSet, probabilities: np.ndarray, scores: np.ndarray, inks: np.ndarray, refusal_threshold: float
) -> Report:
    """Labels, probabilities (N, 10), digit scores (N,) and uint8 inks (N, 28, 28) -> Report."""
    labels = data.labels.numpy()
    blank = ~probabilities.any(axis=1)
    digits = np.where(blank, -1, probabilities.argmax(axis=1))
    confidences = probabilities.max(axis=1)
    right = digits == labels
    refused = ~blank & (scores < refusal_threshold)
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
    worst = wrong[np.argsort(-confidences[wrong], kind="stable")][:MOST_MISTAKES]
    mistakes = [Mistake(int(i), int(labels[i]), int(digits[i]), float(confidences[i]), inks[i]) for i in worst]
    by_set = None
    if data.sets is not None:
        sets = np.array(data.sets)
        members = {str(name): sets == name for name in np.unique(sets)}
        by_set = {
            name: SetScore(
                accuracy=float(right[these].mean()),
                interval=wilson_interval(int(right[these].sum()), int(these.sum())),
                n=int(these.sum()),
                refused=int(refused[these].sum()),
                calibration_error=calibration_error(confidences[these], right[these]),
            )
            for name, these in members.items()
        }
    return Report(
        data=data.name,
        n=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        confusion=confusion,
        per_class=per_class,
        mistakes=mistakes,
        blank=int(blank.sum()),
        refused=int(refused.sum()),
        calibration_error=calibration_error(confidences, right),
        by_set=by_set,
    )


def calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """Confidences (N,) in [0, 1] and whether each was right -> expected calibration error, in 15 equal bins."""
    bins = np.minimum((confidences * 15).astype(int), 14)
    gaps = np.bincount(bins, weights=right - confidences, minlength=15)
    return float(np.abs(gaps).sum() / len(right))


def area_under_curve(positives: np.ndarray, negatives: np.ndarray) -> float:
    """Scores of both kinds -> area under the ROC curve: the chance that a positive's is higher, ties counting half."""
    negatives = np.sort(negatives)
    below = np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")
    return float(below.mean() / 2 / len(negatives))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927), for `right` of `n` > 0 -> (low, high) in [0, 1]."""
    z = 1.959964  # the 97.5 % point of the normal distribution
    centre = (right + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(right * (n - right) / n + z * z / 4)
    return max(0.0, centre - half), min(1.0, centre + half)
