"""Outliers: repeatable, whole, and not what digits look like."""

import numpy as np
import pytest
import torch

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


def test_kinds_come_as_often_as_they_say():
    assert sum(KINDS.values()) == pytest.approx(1)


def test_no_sign_is_drawn_like_a_digit():
    digits = {texts for ways in TEMPLATES.values() for _, texts in ways.values()}
    assert not digits & {way for ways in SIGNS.values() for way in ways}


def test_a_number_is_wide_and_a_half_is_flat():
    generator = np.random.default_rng(1)

    def shape(kind):
        extents = [np.ptp(np.concatenate(draw_outlier(generator, kind)), axis=0) for _ in range(100)]
        return np.median([width / height for width, height in extents])

    assert shape("number") > 1.1
    assert shape("half") > 1.1
