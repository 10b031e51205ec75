"""Reports against figures worked out by hand and published ones."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import DIGITS
from PIL import Image

from digits.data.data_set import DataSet
from digits.data.sets import load_data, load_outliers
from digits.errors import DigitsError
from digits.evaluation import evaluate as evaluate_module
from digits.evaluation.evaluate import evaluate, evaluate_step_by_step, summarize
from digits.evaluation.numbers import evaluate_numbers_step_by_step
from digits.evaluation.robustness import read_subset, robustness_step_by_step, subset
from digits.evaluation.statistics import area_under_curve, calibration_error, mcnemar, wilson_interval
from digits.ink.strokes import from_strokes
from digits.model.weights import load_weights
from digits.reading.recognizer import WEIGHTS, Recognizer
from digits.ui.damage import read_digits
from digits.ui.evaluation_answers import calibration_sentence

ZIGZAG = [[[0, 0], [100, 10], [0, 20], [100, 30], [0, 40], [100, 50], [0, 60], [100, 70]]] * 3
LINE = [[(0, 0), (0, 10)]]


class Fake:
    """Reads whatever it is told to, in order."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.left = torch.from_numpy(probabilities)

    refusal_threshold = 0.42

    def scores(self, inks):
        now, self.left = self.left[: len(inks)], self.left[len(inks) :]
        return now.numpy(), now.amax(1).numpy()


def reading(digit: int | None, probability: float = 0.9) -> np.ndarray:
    row = np.zeros(10, np.float32)
    if digit is not None:
        row[:] = (1 - probability) / 9
        row[digit] = probability
    return row


def made(data, probabilities):
    """A report in which the digit score is the largest probability, and 0.42 refuses."""
    return summarize(data, probabilities, probabilities.max(axis=1), data.ink.numpy(), 0.42)


@pytest.fixture
def case():
    """Six examples: 1 1 1 2 2 7 read as 1 1 2 2 1 (blank)."""
    probabilities = np.stack([reading(1), reading(1, 0.4), reading(2, 0.6), reading(2), reading(1, 0.8), reading(None)])
    inks = torch.arange(6, dtype=torch.uint8).view(6, 1, 1).expand(6, 28, 28).contiguous()
    data = DataSet("case", torch.tensor([1, 1, 1, 2, 2, 7]), ink=inks, sets=["a", "a", "b", "b", "b", "b"])
    return data, probabilities


def test_metrics_are_those_worked_out_by_hand(case):
    data, probabilities = case
    result = made(data, probabilities)
    assert result.n == 6
    assert result.accuracy == pytest.approx(3 / 6)
    wanted = np.zeros((10, 10), int)
    wanted[1, 1], wanted[1, 2], wanted[2, 2], wanted[2, 1] = 2, 1, 1, 1
    assert np.array_equal(result.confusion, wanted)
    one, two, seven, nine = (result.per_class[digit] for digit in (1, 2, 7, 9))
    assert (one.count, one.precision, one.recall, one.f1) == (3, *[pytest.approx(2 / 3)] * 3)
    assert (two.count, two.precision, two.recall, two.f1) == (2, *[pytest.approx(1 / 2)] * 3)
    assert (seven.count, seven.precision, seven.recall, seven.f1) == (1, 0, 0, 0)
    assert (nine.count, nine.precision, nine.recall, nine.f1) == (0, 0, 0, 0)
    assert result.blank == 1
    assert result.refused == 1


def test_precision_and_recall_are_not_swapped():
    data = DataSet("a", torch.tensor([3, 3, 3, 5]), ink=torch.ones(4, 28, 28, dtype=torch.uint8))
    result = made(data, np.stack([reading(3), reading(5), reading(5), reading(5)]))
    assert result.per_class[3].precision == 1
    assert result.per_class[3].recall == pytest.approx(1 / 3)
    assert result.per_class[3].f1 == pytest.approx(1 / 2)
    assert result.per_class[5].precision == pytest.approx(1 / 3)
    assert result.per_class[5].recall == 1


def test_mistakes_come_worst_first_with_their_ink(case):
    data, probabilities = case
    mistakes = made(data, probabilities).mistakes
    assert [(m.index, m.label, m.digit) for m in mistakes] == [(4, 2, 1), (2, 1, 2)]
    assert [m.probability for m in mistakes] == pytest.approx([0.8, 0.6])
    assert mistakes[0].ink.shape == (28, 28)
    assert (mistakes[0].ink == 4).all()


def test_mistakes_have_a_limit(case, monkeypatch):
    monkeypatch.setattr(evaluate_module, "MOST_MISTAKES", 1)
    data, probabilities = case
    result = made(data, probabilities)
    assert [mistake.index for mistake in result.mistakes] == [4]
    assert result.confusion.sum() == 5


def test_sets_have_their_own_accuracy(case):
    data, probabilities = case
    by_set = made(data, probabilities).by_set
    assert list(by_set) == ["a", "b"]
    assert (by_set["a"].n, by_set["a"].accuracy) == (2, 1)
    assert (by_set["b"].n, by_set["b"].accuracy) == (4, 0.25)
    assert by_set["b"].interval == wilson_interval(1, 4)


def test_the_calibration_error_is_the_one_worked_out_by_hand():
    confidences = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5, 1.0])
    right = np.array([True, True, True, False, True, False, True])
    assert calibration_error(confidences[:6], right[:6]) == pytest.approx(abs(3 - 3.8) / 6)
    assert calibration_error(confidences, right) == pytest.approx(abs(4 - 4.8) / 7)  # 1 and 0.95 share the last bin


def test_the_area_under_the_curve_counts_pairs():
    positives, negatives = np.array([0.9, 0.5, 0.3]), np.array([0.5, 0.1])
    pairs = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    assert area_under_curve(positives, negatives) == pytest.approx(sum(pairs) / 6)
    assert area_under_curve(negatives, positives) == pytest.approx(1 - sum(pairs) / 6)


def test_what_is_no_digit_is_counted_beside_the_digits(tmp_path):
    drawings = tmp_path / "others.jsonl"
    drawings.write_text("".join(json.dumps({"label": "?", "set": "signs", "strokes": ZIGZAG}) + "\n" for _ in range(3)))
    digits = DataSet("digits", torch.tensor([0, 1, 2]), drawings=[DIGITS[0], DIGITS[1], DIGITS[2]])
    updates = list(evaluate_step_by_step(Recognizer.load(), digits, load_outliers(drawings)))
    result = updates[-1].report
    assert result.n == 3 and result.refused == 0
    assert (result.rejection.data, result.rejection.n) == ("others.jsonl", 3)
    assert result.rejection.auroc == 1
    assert result.rejection.refused == 3
    assert result.rejection.by_set["signs"].n == 3
    assert [update.share for update in updates] == [0.5, 1, 1]
    assert json.loads(json.dumps(result.to_json()))["rejection"]["by_set"]["signs"]["auroc"] == 1


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_one_of_newcombe_1998(right, n, low, high):
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    assert wilson_interval(right, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(n - right, n) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_a_report_is_plain_json(case):
    data, probabilities = case
    result = json.loads(json.dumps(made(data, probabilities).to_json()))
    assert set(result) == {
        *(
            "data",
            "accuracy",
            "interval",
            "n",
            "confusion",
            "per_class",
            "blank",
            "refused",
            "calibration_error",
            "by_set",
        ),
    }
    assert result["accuracy"] == 0.5
    assert result["confusion"][1][2] == 1
    assert result["per_class"][2] == {"digit": 2, "count": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert result["by_set"]["a"]["n"] == 2


def test_evaluate_goes_through_all_examples_and_tells_how_far():
    labels = torch.arange(1_203) % 10
    data = DataSet("many", labels, ink=torch.ones(1_203, 28, 28, dtype=torch.uint8))
    network = Fake(np.stack([reading(int(label)) for label in labels]))
    updates = list(evaluate_step_by_step(network, data))
    result = updates[-1].report
    assert result.n == 1_203
    assert result.accuracy == 1
    assert [update.share for update in updates] == [500 / 1_203, 1_000 / 1_203, 1, 1]
    assert [update.report for update in updates[:-1]] == [None] * 3


def test_strokes_arrays_and_files_all_become_ink(tmp_path):
    bar = np.full((40, 40), 255, np.uint8)
    bar[8:32, 18:22] = 0
    Image.fromarray(bar).save(tmp_path / "bar.png")
    data = DataSet("mixed", torch.tensor([1, 1, 1]), drawings=[LINE, bar, tmp_path / "bar.png"])
    result = evaluate(Fake(np.stack([reading(7)] * 3)), data)
    inks = [mistake.ink for mistake in result.mistakes]
    assert all(ink.max() == 255 for ink in inks)
    assert np.array_equal(inks[1], inks[2])


def test_an_example_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for bad, words in (([["x"]], "strokes must be"), (tmp_path / "text.png", "no picture"), ("7", "strokes must be")):
        data = DataSet("some", torch.tensor([1, 1]), drawings=[LINE, bad])
        with pytest.raises(DigitsError, match=f"^Example 2 of some cannot be read: .*{words}"):
            evaluate(Fake(np.stack([reading(1)] * 2)), data)


def folder_with_damage(folder: Path, sound: int) -> Path:
    """A folder of so many pictures of a 1, and one more that breaks off and one that never was a picture."""
    folder.mkdir()
    bar = np.full((40, 40), 255, np.uint8)
    bar[8:32, 18:22] = 0
    for i in range(sound):
        Image.fromarray(bar).save(folder / f"1_{i}.png")
    noise = np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8)
    Image.fromarray(noise).save(folder / "1_0_cut.png")
    (folder / "1_0_cut.png").write_bytes((folder / "1_0_cut.png").read_bytes()[:9_000])
    (folder / "2_text.png").write_text("no picture")
    return folder


def test_damaged_pictures_are_left_out_and_named(tmp_path):
    data = load_data(folder_with_damage(tmp_path / "mine", sound=3))
    *updates, last = evaluate_step_by_step(Fake(np.stack([reading(1), reading(7), reading(1)])), data)
    assert last.report.n == 3 and last.report.right.tolist() == [True, False, True]
    assert last.report.per_class[1].count == 3 and last.report.per_class[2].count == 0
    assert last.report.unread == ["1_0_cut.png", "2_text.png"]
    assert updates[-1].share == 1
    images, labels = subset(data, 5)
    assert images.shape == (3, 1, 28, 28) and labels.tolist() == [1, 1, 1]
    assert read_subset(data, 5, 0)[2] == ["1_0_cut.png", "2_text.png"]


def test_damaged_pictures_of_an_archive_are_named_with_their_folder(tmp_path):
    folder = folder_with_damage(tmp_path / "mine", sound=1)
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"mine/{file.name[0]}/{file.name}")
    result = evaluate(Fake(np.stack([reading(1)])), load_data(tmp_path / "mine.zip"))
    assert result.n == 1 and result.unread == ["mine/1/1_0_cut.png", "mine/2/2_text.png"]


def test_a_folder_of_nothing_but_damaged_pictures_is_refused(tmp_path):
    data = load_data(folder_with_damage(tmp_path / "mine", sound=0))
    with pytest.raises(DigitsError, match=r"^Example 1 of mine cannot be read: 1_0_cut\.png is no picture"):
        evaluate(Fake(np.zeros((0, 10))), data)
    with pytest.raises(DigitsError, match="^Example . of mine cannot be read: "):
        subset(data, 5)


def test_weights_too_large_to_compute_with_get_a_sentence_whatever_is_asked():
    model, _ = load_weights(WEIGHTS / "mlp.safetensors")
    model.layers[3].weight.data.fill_(3e38)
    recognizer, ink = Recognizer(model), from_strokes(DIGITS[1])
    data = DataSet("ones", torch.ones(12, dtype=torch.int64), drawings=[DIGITS[1]] * 12, writers=["x"] * 12)
    for ask in (
        lambda: evaluate(recognizer, data),
        lambda: recognizer.read_strokes(DIGITS[1]),
        lambda: recognizer.read_number(DIGITS[1]),
        lambda: list(evaluate_numbers_step_by_step(recognizer, data, 12, pictures=False)),
        lambda: list(robustness_step_by_step(recognizer, ink[None], torch.tensor([1]))),
        lambda: read_digits(recognizer, ink[None]),
    ):
        with pytest.raises(DigitsError, match="too large to read every digit"):
            ask()


def test_blanks_leave_the_calibration_as_it_was_and_are_told():
    rows = [reading(1, 0.9), reading(2, 0.9)] * 60
    labels = torch.tensor([1] * 120)
    report = evaluate(Fake(np.stack(rows)), DataSet("some", labels, drawings=[LINE] * 120))
    blanks = np.zeros((80, 10), np.float32)
    more = DataSet("some", torch.tensor([1] * 200), drawings=[LINE] * 200)
    with_blanks = evaluate(Fake(np.concatenate([np.stack(rows), blanks])), more)
    assert with_blanks.calibration_error == pytest.approx(report.calibration_error) == pytest.approx(0.4)
    assert [vars(part) for part in with_blanks.calibration] == [vars(part) for part in report.calibration]
    assert calibration_sentence(with_blanks) == calibration_sentence(report)
    assert "80 had no ink and count as wrong" in with_blanks.to_text()
    nothing = evaluate(Fake(blanks), DataSet("none", torch.tensor([1] * 80), drawings=[LINE] * 80))
    assert nothing.calibration_error == 0
    assert calibration_sentence(nothing) == "0 digits are too few to tell; 100 or more would."


def test_the_shipped_networks_reach_the_figures_of_their_cards():
    _, card = load_weights(WEIGHTS / "mlp.safetensors")
    result = evaluate(Recognizer.load(WEIGHTS / "mlp.safetensors"), "mnist-validation")
    assert result.accuracy == pytest.approx(card["figures"]["validation_accuracy"], abs=0.0004)
    recognizer = Recognizer.load()
    result = evaluate(recognizer)
    assert result.data == "mnist-test"
    assert result.accuracy == pytest.approx(recognizer.card["figures"]["test_accuracy"], abs=0.0002)
    assert result.interval[0] < result.accuracy < result.interval[1]
    assert result.confusion.sum() == 10_000
    assert len(result.mistakes) == 10_000 - np.trace(result.confusion)


def test_mcnemar_is_the_exact_binomial_test():
    from scipy.stats import binomtest

    for first, second in [(0, 0), (1, 0), (3, 12), (188, 19), (7, 7)]:
        expected = binomtest(first, first + second).pvalue if first + second else 1.0
        assert mcnemar(first, second) == pytest.approx(expected)


def test_calibration_bins_are_worked_out_by_hand(case):
    data, probabilities = case
    bins = made(data, probabilities).calibration
    assert [(round(part.confidence, 2), round(part.accuracy, 2), part.n) for part in bins] == [
        (0.4, 1.0, 1),
        (0.6, 0.0, 1),
        (0.8, 0.0, 1),
        (0.9, 1.0, 2),
    ]
