"""The answers: Reading of one digit, NumberReading of a whole number. Types only; everything may import them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reading:
    """What a network made of one drawing."""

    digit: int | None
    """0 to 9, or None for a blank pad or something that is not a digit."""
    probabilities: np.ndarray
    """float32 (10,), sums to 1; all zeros when blank."""
    digit_score: float
    """In [0, 1]: how much this looks like any digit at all, see `Recognizer.scores`."""
    ink: np.ndarray
    """float32 (28, 28) in [0, 1]: what the network saw."""

    @property
    def blank(self) -> bool:
        return not self.probabilities.any()

    @property
    def best(self) -> int | None:
        """The likeliest digit, even when too unlikely to be the answer; None when blank."""
        return None if self.blank else int(self.probabilities.argmax())


@dataclass(frozen=True)
class NumberDigit:
    """One digit of a number: what it is, where it is, and what it is made of."""

    reading: Reading
    box: tuple[float, float, float, float]
    """Left, top, right, bottom, in the strokes' unit or in pixels of the upright picture."""
    strokes: list[np.ndarray] | None
    """float64 (n, 2) each, in their unit; a stroke through two digits comes apart. None in a picture."""


@dataclass(frozen=True)
class NumberReading:
    """What a network made of a number."""

    text: str
    """The likeliest digits from left to right, refused ones too (their reading's digit is None); "" when blank."""
    digits: list[NumberDigit]
