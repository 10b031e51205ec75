"""Handwriting: repeatable, whole, in MNIST's box, and read by a network that has never seen it."""

import numpy as np
import pytest
import torch

from digits.data.handwriting import USUAL, WIDE, _curve, _resampled, _smoothed, draw, handwriting, templates
from digits.data.templates import OFTENER, RARE, TEMPLATES
from digits.errors import DigitsError
from digits.ink.geometry import CENTRE
from digits.ink.strokes import from_strokes
from digits.reading.recognizer import Recognizer

ALL = [(digit, name) for digit in TEMPLATES for name in templates(digit)]


def test_the_same_seed_writes_the_same():
    ink, labels = handwriting(30, 5)
    again, more = handwriting(40, 5)
    assert torch.equal(ink, again[:30])
    assert torch.equal(labels, more[:30])
    assert not torch.equal(ink, handwriting(30, 6)[0])


def test_shapes_types_and_every_digit_in_turn():
    ink, labels = handwriting(20, 0)
    assert ink.shape == (20, 28, 28) and ink.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert labels.tolist() == [*range(10), *range(10)]
    assert handwriting(0, 0)[0].shape == (0, 28, 28)


def test_no_two_drawings_are_alike():
    ink, labels = handwriting(300, 1)
    assert len(ink.flatten(1).unique(dim=0)) == 300


def test_every_digit_has_its_ways():
    assert set(TEMPLATES) == set(range(10))
    assert all(len(ways) >= 10 for ways in TEMPLATES.values())
    assert all(weight > 0 for ways in TEMPLATES.values() for weight, _ in ways.values())


@pytest.mark.parametrize(("digit", "name"), ALL)
def test_every_template_can_be_drawn(digit, name):
    generator = np.random.default_rng(0)
    for _ in range(5):
        strokes = draw(digit, generator, name)
        assert all(stroke.ndim == 2 and stroke.shape[1] == 2 and len(stroke) >= 2 for stroke in strokes)
        assert np.isfinite(np.concatenate(strokes)).all()
        assert from_strokes(strokes).max() > 0.9


def test_templates_are_as_high_as_a_digit():
    for digit in TEMPLATES:
        for name, strokes in templates(digit).items():
            points = np.concatenate([stroke.points for stroke in strokes])
            width, height = np.ptp(points, axis=0)
            least = {"wide, leaning": 0.78, "wide and flat": 0.72}.get(name, 0.8)
            assert least <= height <= 1.2, (digit, name)
            assert width <= 1.15, (digit, name)


def test_ink_lies_in_the_box_of_mnist():
    ink, _ = handwriting(200, 2)
    rows, columns = (ink > 25).any(2).sum(1), (ink > 25).any(1).sum(1)
    long_side = torch.maximum(rows, columns)
    assert long_side.min() >= 18 and long_side.max() <= 22
    weights = ink.double() / ink.double().sum((1, 2), keepdim=True)
    middles = torch.arange(28, dtype=torch.float64) + 0.5
    assert (weights.sum(2) @ middles - CENTRE).abs().quantile(0.95) < 0.1
    assert (weights.sum(1) @ middles - CENTRE).abs().quantile(0.95) < 0.1


def test_rare_ways_have_names_of_their_own_and_all_of_them_are_shares():
    assert RARE and all(not ways.keys() & TEMPLATES[digit].keys() for digit, ways in RARE.items())
    assert sum(len(templates(digit)) for digit in TEMPLATES) == len(ALL)
    assert all(0 < weight < 2 for ways in RARE.values() for weight, _ in ways.values())
    assert all(weight > TEMPLATES[digit][name][0] for digit, ways in OFTENER.items() for name, weight in ways.items())


def test_a_wide_variety_has_rare_ways_small_pictures_and_dotted_lines(monkeypatch):
    begun = []
    monkeypatch.setattr("digits.data.handwriting._begun", lambda stroke, generator: begun.append(stroke) or stroke)
    rare = {id(templates(8)[name][0]) for name in RARE[8]}
    for variety, share in ((USUAL, 0), (WIDE, sum(weight for weight, _ in RARE[8].values()))):
        begun.clear()
        generator = np.random.default_rng(0)
        for _ in range(500):
            draw(8, generator, variety=variety)
        whole = sum(weight for weight, _ in TEMPLATES[8].values()) + share
        assert sum(id(stroke) in rare for stroke in begun) / 500 == pytest.approx(share / whole, abs=0.04)
    drawings = [
        handwriting(60, 4, WIDE._replace(as_pictures=1, **changes))[0]
        for changes in ({"small": 0, "dotted": 0}, {"small": 1, "dotted": 0}, {"small": 0, "dotted": 1})
    ]
    plain, small, dotted = ((ink > 200).sum(dim=(1, 2)).float().mean() for ink in drawings)
    assert small < 0.97 * plain and dotted < 0.97 * plain  # of both, less is full ink


def test_templates_are_chosen_as_often_as_they_say(monkeypatch):
    chosen = []
    monkeypatch.setattr("digits.data.handwriting._begun", lambda stroke, generator: chosen.append(stroke) or stroke)
    generator = np.random.default_rng(0)
    for _ in range(2_000):
        draw(2, generator)
    weights = {name: weight for name, (weight, _) in TEMPLATES[2].items()}
    for name, weight in weights.items():
        share = sum(choice is templates(2)[name][0] for choice in chosen) / 2_000
        assert share == pytest.approx(weight / sum(weights.values()), abs=0.03)


def test_a_network_that_has_seen_mnist_only_reads_most_of_it():
    """The shipped mlp learned from MNIST alone; chance is 10 %."""
    ink, labels = handwriting(500, 3)
    model = Recognizer.load("weights/mlp.safetensors").model
    with torch.no_grad():
        guesses = model(ink[:, None] / 255).argmax(1)
    right = torch.stack([(guesses == labels)[labels == digit].float().mean() for digit in range(10)])
    assert right.mean() > 0.75
    assert right[[2, 3, 5, 6, 8]].min() > 0.75  # the ways of 0, 1, 4, 7 and 9 are what it has not seen


def test_a_ring_begins_anywhere_and_runs_both_ways():
    generator = np.random.default_rng(0)
    starts, turns = set(), set()
    for _ in range(60):
        (line, *_) = draw(0, generator, "ring")
        from_middle = line - line.mean(0)
        starts.add(int(np.arctan2(from_middle[0, 1], from_middle[0, 0]) // (np.pi / 2)))
        x, y = from_middle.T
        turns.add(float(np.sign((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())))
    assert starts == {-2, -1, 0, 1}
    assert turns == {-1.0, 1.0}


@pytest.mark.parametrize("digit", [-1, 10, "3", None])
def test_an_unknown_digit_is_an_error(digit):
    with pytest.raises(DigitsError, match="choose 0 to 9"):
        draw(digit, np.random.default_rng(0))


def test_an_unknown_template_is_an_error_that_names_the_others():
    with pytest.raises(DigitsError, match="flag and foot"):
        draw(1, np.random.default_rng(0), "serifed")


def test_a_curve_passes_through_its_points_and_is_straight_between_corners():
    points = np.array([[0.0, 0], [1, 1], [3, 0], [4, 2]])
    for corners in [(False,) * 4, (False, True, True, False)]:
        straight, bent = _curve(corners)
        line = straight @ points + bent @ points
        assert np.allclose(line[::8], points)
    assert np.allclose(line[8:17, 1], (3 - line[8:17, 0]) / 2)  # the last of the two, between its corners


def test_resampling_and_smoothing_by_hand():
    corner = np.array([[0.0, 0], [3, 0], [3, 3]])
    line = _resampled(corner, 1)
    assert line.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3]]
    smooth = _smoothed(line, 1)
    assert smooth[:3].tolist() == [[0, 0], [1, 0], [2, 0]]
    assert smooth[3] == pytest.approx([8 / 3, 1 / 3])
    assert smooth[-1].tolist() == [3, 3]
