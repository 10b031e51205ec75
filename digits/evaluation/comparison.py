"""Two networks on the same data: compare() -> Comparison."""

from dataclasses import dataclass

import numpy as np

from digits.errors import DigitsError
from digits.evaluation.report import Report
from digits.evaluation.statistics import mcnemar


@dataclass(frozen=True)
class Comparison:
    """What one of two networks reads right and the other wrong."""

    only_first: np.ndarray
    """int64 (M,): places in the data, from 0, of the examples that only the first network reads right."""
    only_second: np.ndarray
    """The same of the second."""
    change: np.ndarray
    """int64 (10, 10): the first's confusion matrix minus the second's."""
    p_value: float
    """The chance of a difference at least as large between two networks that are equally good (McNemar 1947)."""


def compare(first: Report, second: Report) -> Comparison:
    """Two reports on the same data -> Comparison. Raises DigitsError for reports on different data."""
    if (first.data, first.n) != (second.data, second.n):
        raise DigitsError(
            f"One report is on {first.n:,} examples of {first.data}, the other on {second.n:,} of {second.data}; "
            "evaluate both networks on the same data."
        )
    only_first, only_second = (
        np.flatnonzero(a & ~b) for a, b in ((first.right, second.right), (second.right, first.right))
    )
    return Comparison(
        only_first, only_second, first.confusion - second.confusion, mcnemar(len(only_first), len(only_second))
    )
