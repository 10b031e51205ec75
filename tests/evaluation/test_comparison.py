"""Two networks on the same data, against counts worked out by hand and published p-values."""

import dataclasses

import numpy as np
import pytest
import torch

from digits.data.data_set import DataSet
from digits.errors import DigitsError
from digits.evaluation.comparison import compare
from digits.evaluation.evaluate import summarize
from digits.evaluation.statistics import mcnemar


def made(labels: list[int], digits: list[int]):
    probabilities = np.eye(10, dtype=np.float32)[digits]
    inks = np.zeros((len(labels), 28, 28), np.uint8)
    data = DataSet("some", torch.tensor(labels), ink=torch.from_numpy(inks))
    return summarize(data, probabilities, probabilities.max(axis=1), inks, 0.5)


def test_each_side_has_what_only_that_network_reads_right():
    first = made([1, 1, 2, 2, 7], [1, 1, 2, 3, 1])
    second = made([1, 1, 2, 2, 7], [1, 7, 3, 2, 1])
    comparison = compare(first, second)
    assert comparison.only_first.tolist() == [1, 2]
    assert comparison.only_second.tolist() == [3]
    assert comparison.change[1, 1] == 1 and comparison.change[1, 7] == -1
    assert comparison.change[2, 2] == comparison.change[2, 3] == 0  # one each
    assert comparison.change.sum() == 0
    assert comparison.p_value == 1


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (0, 0, 1),
        (5, 5, 1),
        (0, 1, 1),
        (0, 6, 2 / 2**6),
        (1, 5, 2 * (1 + 6) / 2**6),
        (25, 4, 2 * (1 + 29 + 406 + 3_654 + 23_751) / 2**29),
    ],
)
def test_the_p_value_is_that_of_the_exact_binomial_test(first, second, p):
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(first, second) == mcnemar(second, first)


def test_many_differences_neither_overflow_nor_take_long():
    assert mcnemar(100_000, 1) == 0
    assert mcnemar(100_000, 100_000) == pytest.approx(1, abs=0.01)


def test_reports_on_different_data_are_refused():
    first = made([1, 2], [1, 2])
    with pytest.raises(DigitsError, match="evaluate both networks on the same data"):
        compare(first, dataclasses.replace(first, n=3))
    with pytest.raises(DigitsError, match="of other; evaluate both"):
        compare(first, dataclasses.replace(first, data="other"))
