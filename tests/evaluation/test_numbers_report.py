"""Numbers composed of one hand's drawings, and the report on how they are read."""

import json

import numpy as np
import pytest
import torch
from drawings import DIGITS

from digits import Recognizer
from digits.__main__ import main
from digits.data.data_set import DataSet
from digits.data.sets import load_data
from digits.errors import DigitsError
from digits.evaluation.numbers import HEIGHT, compose, evaluate_numbers, paint
from digits.evaluation.statistics import wilson_interval
from digits.reading.reading import NumberReading


@pytest.fixture
def data() -> DataSet:
    """Ten drawings each by two writers, and one by a third."""
    labels = [*range(10), *range(10), 1]
    return DataSet(
        "three",
        torch.tensor(labels),
        drawings=[DIGITS[label] for label in labels],
        sets=["pad"] * 10 + ["paper"] * 11,
        writers=["a"] * 20 + ["b"],
    )


class Fake:
    """Reads every number as the same."""

    def __init__(self, text: str) -> None:
        self.text, self.drawings = text, []

    def read_number(self, drawing) -> NumberReading:
        self.drawings.append(drawing)
        return NumberReading(self.text, [])


def test_a_composed_number_has_its_digits_side_by_side_at_one_height():
    generator = np.random.default_rng(0)
    gaps, heights = [], []
    for _ in range(300):
        strokes = compose([DIGITS[0], DIGITS[8]], generator)
        left, right = (np.concatenate([stroke]) for stroke in strokes)
        gaps.append((right[:, 0].min() - left[:, 0].max()) / HEIGHT)
        heights.append(np.ptp(left[:, 1]) / HEIGHT)
        ratio = np.ptp(np.array(DIGITS[0][0]), axis=0)
        assert np.ptp(left[:, 0]) / np.ptp(left[:, 1]) == pytest.approx(ratio[0] / ratio[1])
    assert np.mean(gaps) == pytest.approx(0.22, abs=0.03)
    assert min(gaps) >= -0.15 - 1e-9
    assert min(gaps) < 0
    assert np.mean(heights) == pytest.approx(1, abs=0.02)
    assert 0.06 < np.std(heights) < 0.1


def test_a_painted_number_is_read_as_it_was_written():
    strokes = compose([DIGITS[3], DIGITS[7]], np.random.default_rng(2))
    picture = paint(strokes)
    assert (picture.mode, picture.getpixel((0, 0))) == ("L", 245)
    assert Recognizer.load().read_number(picture).text == "37"


def test_a_number_is_right_only_when_all_of_it_is(data):
    result = evaluate_numbers(Fake("7"), data, count=60)
    ones = result.by_length[1]
    assert result.n == 60
    assert {length: score.n for length, score in result.by_length.items()} == dict.fromkeys(range(1, 7), 10)
    assert all(score.accuracy == 0 for length, score in result.by_length.items() if length > 1)
    assert result.right_length == pytest.approx(1 / 6)
    assert result.accuracy == pytest.approx(ones.accuracy / 6)
    assert result.interval == wilson_interval(round(ones.accuracy * 10), 60)
    assert len(result.mistakes) == 60 - round(ones.accuracy * 10)
    assert all(read == "7" != text for text, read in result.mistakes)


def test_the_same_seed_composes_the_same_numbers(data):
    first, same, reseeded = Fake(""), Fake(""), Fake("")
    assert evaluate_numbers(first, data, count=12).mistakes == evaluate_numbers(same, data, count=12).mistakes
    evaluate_numbers(reseeded, data, count=12, seed=1)
    strokes = [np.concatenate(sum(numbers.drawings, [])) for numbers in (first, same, reseeded)]
    assert np.array_equal(strokes[0], strokes[1])
    assert strokes[0].shape != strokes[2].shape or not np.array_equal(strokes[0], strokes[2])


def test_a_number_is_by_one_hand_and_of_different_drawings():
    labels = [1] * 6 + [2] * 6 + [3] * 5
    drawings = [[[(0, 0), (1, 10 + k)]] for k in range(17)]
    data = DataSet("some", torch.tensor(labels), drawings=drawings, writers=list("aaaaaabbbbbbccccc"))
    result = evaluate_numbers(Fake(""), data, count=60)
    assert {"".join(sorted(set(text))) for text, _ in result.mistakes} == {"1", "2"}


@pytest.mark.parametrize(
    ("writers", "words"), [(None, "no strokes to compose"), (list("abcdefghijk"), "no writer with 6 drawings")]
)
def test_data_that_no_number_can_be_made_of_is_refused(writers, words):
    drawings = [DIGITS[1]] * 11
    with pytest.raises(DigitsError, match=words):
        evaluate_numbers(Fake(""), DataSet("some", torch.ones(11, dtype=int), drawings=drawings, writers=writers))


@pytest.mark.parametrize(
    ("drawing", "words"),
    [([], "is blank"), ([[]], "is blank"), ([[(5, 5)]], "is blank or"), ([[(1, "x")]], "cannot be read")],
)
def test_a_drawing_that_no_number_can_be_made_of_is_named(drawing, words):
    drawings = [*([DIGITS[1]] * 6), drawing]
    data = DataSet("some", torch.ones(7, dtype=int), drawings=drawings, writers=list("aaaaaaa"))
    with pytest.raises(DigitsError, match=f"Example 7 of some {words}"):
        evaluate_numbers(Fake(""), data, count=60)


def test_the_command_prints_a_report(tmp_path, capsys):
    path = tmp_path / "drawn.jsonl"
    path.write_text("\n".join(json.dumps({"label": k, "strokes": DIGITS[k], "writer": "w"}) for k in range(10)))
    assert load_data(path).writers == ["w"] * 10
    assert main(["evaluate", "--numbers", str(path), "--count", "30", "--device", "cpu", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["data"], result["n"], result["pictures"]) == ("drawn.jsonl", 30, False)
    assert result["accuracy"] > 0.8
    assert result["by_length"]["6"]["n"] == 5
    assert main(["evaluate", "--numbers", str(path), "--count", "6", "--pictures", "--device", "cpu"]) == 0
    assert "of 6 wholly right" in capsys.readouterr().out
    assert main(["evaluate", "--numbers", str(path), "--count", "0"]) == 2
    assert "--count is 0; wanted 1 to" in capsys.readouterr().err
