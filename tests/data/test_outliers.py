"""Outliers: repeatable, whole, and not what digits look like."""

from collections import Counter

import numpy as np
import pytest
import torch

from digits.data.handwriting import parse
from digits.data.outliers import KINDS, SIGNS, draw_outlier, outliers
from digits.data.templates import TEMPLATES
from digits.ink.strokes import POINTS_MAX, from_strokes


def test_the_same_seed_draws_the_same():
    ink = outliers(30, 5)
    assert ink.shape == (30, 28, 28) and ink.dtype == torch.uint8
    assert torch.equal(ink, outliers(40, 5)[:30])
    assert not torch.equal(ink, outliers(30, 6))
    assert outliers(0, 0).shape == (0, 28, 28)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn(kind):
    generator = np.random.default_rng(0)
    for _ in range(50):
        strokes = draw_outlier(generator, kind)
        assert np.isfinite(np.concatenate(strokes)).all()
        assert sum(map(len, strokes)) <= POINTS_MAX
        assert from_strokes(strokes).max() > 0.5


def test_kinds_come_as_often_as_they_say(monkeypatch):
    drawn = Counter()
    for kind in KINDS:
        name = f"digits.data.outliers._{kind.replace(' ', '_')}"
        monkeypatch.setattr(name, lambda generator, kind=kind: drawn.update([kind]))
    generator = np.random.default_rng(0)
    for _ in range(3_000):
        draw_outlier(generator)
    assert {kind: count / 3_000 for kind, count in drawn.items()} == pytest.approx(KINDS, abs=0.03)


def plain_ink(texts: str) -> np.ndarray:
    """A template as it is written, drawn by nobody's hand -> ink (784,) of length 1."""
    strokes = [np.vstack([points, points[:1]]) if ring else points for points, _, ring in parse(texts)]
    ink = from_strokes(strokes).flatten().numpy()
    return ink / np.linalg.norm(ink)


def test_no_sign_is_drawn_like_a_digit():
    """Each is less like its nearest digit than most ways of a digit are like another way of that digit."""
    ways = {digit: [texts for _, texts in ways.values()] for digit, ways in TEMPLATES.items()}
    inks = np.array([plain_ink(texts) for digit in ways for texts in ways[digit]])
    labels = np.array([digit for digit in ways for _ in ways[digit]])
    likeness = inks @ inks.T * (labels[:, None] == labels) * (1 - np.eye(len(inks)))
    usual = np.median(likeness.max(axis=1))
    for sign, texts in SIGNS.items():
        for way in texts:
            assert (inks @ plain_ink(way)).max() < usual, sign
    left_out = {"Z": "10,2 90,2! 10,98! 90,98", "l": "50,0 50,100"}
    for letter, way in left_out.items():
        assert (inks @ plain_ink(way)).max() > usual, letter


def test_a_number_is_wide_and_a_half_is_flat():
    generator = np.random.default_rng(1)

    def shape(kind):
        extents = [np.ptp(np.concatenate(draw_outlier(generator, kind)), axis=0) for _ in range(100)]
        return np.median([width / height for width, height in extents])

    assert shape("number") > 1.1
    assert shape("half") > 1.1
