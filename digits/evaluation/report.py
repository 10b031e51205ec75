"""What an evaluation says: Report and its parts. Types only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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

    def to_json(self) -> dict[str, Any]:
        plain = {"data": self.data, "n": self.n, "auroc": self.auroc, "refused": self.refused}
        if self.by_set is not None:
            plain["by_set"] = {name: part.to_json() for name, part in self.by_set.items()}
        return plain


@dataclass(frozen=True)
class CalibrationBin:
    """Examples whose likeliest digit has a probability in one tenth of [0, 1]."""

    confidence: float
    """Their mean probability."""
    accuracy: float
    """The share of them that was read right."""
    n: int


@dataclass(frozen=True)
class Report:
    """An evaluation. Every example counts by its likeliest digit; an example without ink counts as wrong."""

    data: str
    n: int
    accuracy: float
    interval: tuple[float, float]
    """The accuracy's 95% interval (Wilson 1927)."""
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
    """Expected calibration error of the likeliest digit's probability, in [0, 1] (Guo et al. 2017): 15 equal bins of
    the examples with ink."""
    digits: np.ndarray
    """int8 (N,): what each example was read as, its likeliest digit; -1 for an example without ink."""
    right: np.ndarray
    """bool (N,): whether that was its label."""
    calibration: list["CalibrationBin"]
    """Ten bins of the likeliest digit's probability that have examples with ink, lowest first."""
    by_set: dict[str, SetScore] | None = None
    rejection: "Rejection | None" = None
    """How the examples' digit scores compare with those of drawings that are no digits, where such were given."""
    unread: Sequence[str] = ()
    """Names of files beside the examples that are none."""

    def to_text(self) -> str:
        """The report as people read it in a terminal."""
        low, high = self.interval
        lines = [f"{self.data}: {self.accuracy:.2%} of {self.n:,} read right (95% interval {low:.2%} to {high:.2%})"]
        if self.blank:
            lines.append(f"{self.blank:,} had no ink and count as wrong.")
        for name, score in (self.by_set or {}).items():
            lines.append(f"  {name or 'unnamed'}: {score.accuracy:.2%} of {score.n:,}")
        lines.append(
            f"Refused as no digits: {self.refused:,}. Expected calibration error: {self.calibration_error:.2%}"
        )
        if self.rejection:
            for part in (self.rejection, *(self.rejection.by_set or {}).values()):
                lines.append(
                    f"{part.data or 'unnamed'}: {part.refused:,} of {part.n:,} refused, AUROC {part.auroc:.4f}"
                )
        lines += ["", "Confusion matrix (row: what it was, column: what was read)"]
        lines.append("      " + "".join(f"{digit:6}" for digit in range(10)))
        lines += [f"{digit:6}" + "".join(f"{count:6}" for count in row) for digit, row in enumerate(self.confusion)]
        lines += ["", "digit  precision  recall      F1   count"]
        lines += [
            f"{scores.digit:5}  {scores.precision:9.2%}  {scores.recall:6.2%}  {scores.f1:6.2%}  {scores.count:6,}"
            for scores in self.per_class
        ]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
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
        if self.unread:
            report["unread"] = list(self.unread)
        if self.by_set is not None:
            report["by_set"] = {name: vars(score) for name, score in self.by_set.items()}
        if self.rejection is not None:
            report["rejection"] = self.rejection.to_json()
        return report
