"""Robustness: each change is the one that its axis names, and the curves are those of the pictures read."""

import json

import numpy as np
import pytest
import torch
from drawings import DIGITS

from digits import DigitsError, Recognizer, load_mnist
from digits.__main__ import main
from digits.data.data_set import DataSet
from digits.evaluation.damaged_pictures import AXES, LONG_SIDE, PAPER, PEN, SHEET, WAYS, Example
from digits.evaluation.robustness import Curve, robustness, robustness_step_by_step, subset
from digits.evaluation.skeleton import skeleton

CHANGES = {axis.name: axis.change for axis in AXES}


@pytest.fixture(scope="module")
def data() -> DataSet:
    mnist = load_mnist()
    return DataSet("some", mnist.labels[-40:], ink=mnist.images[-40:])


@pytest.fixture(scope="module")
def bar() -> np.ndarray:
    """Ink of a bar of 4 x 20 pixels."""
    ink = np.zeros((28, 28), np.float32)
    ink[4:24, 12:16] = 1
    return ink


def example(ink: np.ndarray, seed: int = 0) -> Example:
    return Example(ink, np.random.default_rng(seed))


def box(picture: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is dark."""
    rows, columns = (np.flatnonzero((picture < (PAPER + PEN) / 2).any(axis=axis)) for axis in (1, 0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def test_axes_rise_from_or_through_their_start():
    for axis in AXES:
        assert list(axis.values) == sorted(set(axis.values))
        assert axis.start in axis.values


def test_without_a_change_all_pictures_are_the_same(data):
    whole = example(data.ink[0].numpy() / np.float32(255))
    pictures = [axis.change(whole, axis.start) for axis in AXES if axis.name not in ("pen", "photograph")]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    assert pictures[0].shape == (SHEET, SHEET) and pictures[0].dtype == np.uint8
    left, top, right, bottom = box(pictures[0])
    assert max(right - left, bottom - top) == pytest.approx(LONG_SIDE, abs=3)
    assert left + right == pytest.approx(SHEET, abs=4)


def test_a_quarter_turn_is_clockwise(data):
    whole = example(data.ink[1].numpy() / np.float32(255))
    picture, turned = CHANGES["rotation"](whole, 0), CHANGES["rotation"](whole, 90)
    assert np.abs(np.rot90(picture, -1).astype(int) - turned).mean() < 2  # half a pixel may be between them


@pytest.mark.parametrize("percent", [10, 50, 100])
def test_size_is_the_share_of_the_picture(bar, percent):
    left, top, right, bottom = box(CHANGES["size"](example(bar), percent))
    assert bottom - top == pytest.approx(SHEET * percent / 100, abs=1)
    assert right - left == pytest.approx(SHEET * percent / 100 / 5, abs=1)


def test_position_reaches_every_edge_and_corner(bar):
    places = set()
    for seed in range(60):
        left, top, right, bottom = box(CHANGES["position"](example(bar, seed), 100))
        assert (right - left, bottom - top) == (16, 80)
        places.add((int(right == SHEET) - int(left == 0), int(bottom == SHEET) - int(top == 0)))
    assert places == set(WAYS)


@pytest.mark.parametrize("percent", [2.5, 12.5, 20, 30])
def test_the_pen_is_the_share_of_the_long_side(bar, percent):
    left, top, right, bottom = box(CHANGES["pen"](example(bar), percent))
    width, height = right - left, bottom - top
    assert width == pytest.approx(height * percent / 100, abs=1.1)


def test_noise_has_its_standard_deviation(bar):
    picture = CHANGES["noise"](example(bar), 10)
    inside = picture[50:110, 75:85].astype(float)
    assert inside.mean() == pytest.approx(PEN, abs=3)
    assert inside.std() == pytest.approx(0.1 * (PAPER - PEN), rel=0.15)


def test_a_square_of_the_digit_is_rubbed_out(bar):
    whole = example(bar)
    whole.spot = np.array([0.5, 0.5])
    picture = CHANGES["occlusion"](whole, 40)
    assert (picture[65:95] == PAPER).all()  # 32 rows about the middle
    assert picture[50, 80] == picture[110, 80] == PEN


def test_shadow_takes_the_light_from_one_side(bar):
    picture = CHANGES["shadow"](example(bar), 60)
    assert picture.max() == PAPER
    edges = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
    assert min(edge.min() for edge in edges) == pytest.approx(0.4 * PAPER, abs=1)


@pytest.mark.parametrize("percent", [20, 100])
def test_ruled_paper_has_lines_across(bar, percent):
    picture = CHANGES["ruled paper"](example(bar), percent).astype(int)
    lines = np.flatnonzero(picture[:, 5] < PAPER)
    assert len(lines) == 4 * 2  # four lines, two pixels each
    assert picture[lines][:, 5] == pytest.approx(PAPER - percent / 100 * (PAPER - PEN), abs=1)
    assert (picture[:, 80][45:115] == PEN).all()  # the digit stays


def test_perspective_makes_the_far_side_smaller():
    square = np.zeros((28, 28), np.float32)
    square[4:24, 4:24] = 1
    whole = example(square)
    whole.way = (0, 1)  # the lower side is near
    ink = CHANGES["perspective"](whole, 40) < (PAPER + PEN) / 2
    rows = np.flatnonzero(ink.any(axis=1))
    above, below = ink[rows[3]].sum(), ink[rows[-4]].sum()
    # Scales are 1 - k and 1 + k at the sheet's edges, k = 0.25; the square's are half as far from the middle.
    assert above / below == pytest.approx((1 - 0.125) / (1 + 0.125), abs=0.06)
    assert (np.flatnonzero(ink.any(axis=0))[[0, -1]] - SHEET / 2).sum() == pytest.approx(-1, abs=1)


def test_photographs_have_colours_of_enough_contrast(bar):
    inverted = 0
    for seed in range(20):
        whole = example(bar, seed)
        assert np.abs(whole.paper - whole.pen).min() >= 0.3
        inverted += whole.paper.mean() < whole.pen.mean()
        picture = CHANGES["photograph"](whole, 0)
        assert picture.shape == (SHEET, SHEET, 3) and picture.dtype == np.uint8
        assert (picture[5, 5] == np.rint(whole.paper * 255)).all()
        assert (picture[80, 80] == np.rint(whole.pen * 255)).all()
    assert 0 < inverted < 20


def test_a_skeleton_is_thin_in_the_middle_and_connected():
    from scipy import ndimage

    mask = np.zeros((60, 60), bool)
    mask[10:50, 20:29] = True
    rows, columns = np.nonzero(skeleton(mask))
    assert set(columns[(rows > 15) & (rows < 45)]) == {24}
    assert len(np.unique(rows)) > 30
    y, x = np.mgrid[:60, :60] - 30
    ring = skeleton(abs(np.hypot(x, y) - 20) < 4)
    assert ndimage.label(ring, np.ones((3, 3)))[1] == 1
    assert ndimage.label(~ring)[1] == 2  # one hole
    assert np.hypot(x, y)[ring] == pytest.approx(20, abs=1.5)


def test_curves_fall_where_they_first_are_under_95():
    def falls(accuracies, start=0):
        return Curve("rotation", "degrees", start, [-2, -1, 0, 1, 2], accuracies, 10).falls_below_95

    assert falls([0.5, 0.94, 1, 0.95, 0.9]) == (-1, 2)
    assert falls([0.96, 0.97, 1, 0.95, 0.95]) == (None, None)
    assert falls([0.5, 1, 0.9, 1, 1]) == (0, 0)
    assert falls([1, 1, 0.96, 0.8, 0.7], start=-2) == (None, 1)


def test_what_is_not_changed_is_read_as_ever(data):
    """Every other label is made wrong: half of the examples count as misread."""
    images, labels = subset(data, 8)
    labels = torch.where(torch.arange(8) % 2 == 0, labels, (labels + 1) % 10)
    updates = list(robustness_step_by_step(Recognizer.load(), images, labels))
    result = updates[-1].report
    assert (result.n, result.accuracy) == (8, 0.5)
    assert [update.share for update in updates] == [*(k / 8 for k in range(1, 9)), 1]
    assert list(result.curves) == [axis.name for axis in AXES]
    for curve in result.curves.values():
        assert len(curve.values) == len(curve.accuracies)
        assert all(0 <= accuracy <= 1 for accuracy in curve.accuracies)
        assert curve.accuracies[curve.values.index(curve.start)] == 0.5
        assert curve.n == 8
    again = robustness(Recognizer.load(), images, labels)
    assert again == result


def test_an_example_without_ink_counts_as_wrong(data):
    images, labels = subset(data, 1)
    images, labels = torch.cat([images, torch.zeros(1, 1, 28, 28)]), torch.cat([labels, torch.zeros(1, dtype=int)])
    result = robustness(Recognizer.load(), images, labels)
    assert (result.n, result.accuracy, result.curves["position"].accuracies[0]) == (2, 0.5, 0.5)


def test_a_subset_is_the_seeds(data):
    images, labels = subset(data, 10, seed=1)
    assert images.shape == (10, 1, 28, 28) and labels.shape == (10,)
    assert torch.equal(images, subset(data, 10, seed=1)[0])
    assert not torch.equal(images, subset(data, 10, seed=2)[0])
    whole, all_labels = subset(data, 1_000)
    assert torch.equal(all_labels, data.labels)
    assert torch.equal((whole[:, 0] * 255).round().to(torch.uint8), data.ink)
    drawn = DataSet("drawn", torch.arange(10), drawings=[DIGITS[k] for k in range(10)])
    assert subset(drawn, 3)[0].amax(dim=(1, 2, 3)).tolist() == [1, 1, 1]
    with pytest.raises(DigitsError, match="wanted at least 1"):
        subset(data, 0)


def test_the_command_prints_curves(capsys):
    command = ["evaluate", "--data", "mnist-validation", "--robustness", "--count", "2", "--device", "cpu"]
    assert main([*command, "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["n"], result["seed"], set(result["curves"])) == (2, 0, set(CHANGES))
    curve = result["curves"]["rotation"]
    assert (curve["values"][0], len(curve["accuracies"]), len(curve["falls_below_95"])) == (
        -90,
        len(curve["values"]),
        2,
    )
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "of 2 examples (chosen with seed 0)" in printed
    for axis in AXES:
        assert f"\n{axis.name} ({axis.unit}): " in printed
    assert "95%" in printed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--robustness", "--count", "0"], "--count is 0; wanted 1 to"),
        (["--robustness", "--numbers", "a.jsonl"], "not allowed with"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(options, words, capsys):
    try:
        code = main(["evaluate", *options])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
