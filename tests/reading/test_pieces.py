"""Where blots are cut: at the places where digits touch, however near to a digit's own wall."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.reading.pieces import UNLIKELY, _find_valleys, slice_blot

HEIGHT = 100


def paint(*drawings: list[tuple[float, float]]) -> np.ndarray:
    """Lines, in shares of the height, one a digit -> the pixels of each, bool (digits, H, W)."""
    masks = []
    for points in drawings:
        picture = Image.new("L", (220, 140))
        path = [(20 + HEIGHT * x, 20 + HEIGHT * y) for x, y in points]
        ImageDraw.Draw(picture).line(path, fill=255, width=9, joint="curve")
        masks.append(np.asarray(picture) > 0)
    return np.array(masks)


def ring(width: float) -> list[tuple[float, float]]:
    turns = np.linspace(0, 2 * np.pi, 60)
    return [(width / 2 * (1 - np.cos(turn)), 0.5 - 0.5 * np.sin(turn)) for turn in turns]


@pytest.mark.parametrize("place", [0.74, 0.76, 0.78])
def test_a_stem_that_leans_on_a_0_is_a_part_of_its_own(place):
    digits = paint(ring(0.7), [(place, 0.0), (place, 1.0)])
    parts = slice_blot(digits.any(axis=0), HEIGHT, UNLIKELY)
    stem = digits[1] & ~digits[0]
    assert max((part & stem).sum() / (part | stem).sum() for part in parts) > 0.75


def test_no_part_is_lost_and_none_is_there_twice():
    blot = paint(ring(0.7), [(0.72, 0.1), (1.2, 0.0), (0.8, 1.0), (1.3, 0.9)]).any(axis=0)
    parts = slice_blot(blot, HEIGHT, UNLIKELY)
    assert len(parts) > 2
    assert (np.sum(parts, axis=0) == blot).all()


@pytest.mark.parametrize(
    ("costs", "depth", "valleys"),
    [
        ([0, 5, 1, 6, 0], 2, [2]),  # the ends are outside
        ([0, 5, 1, 1, 1, 6, 0], 2, [3]),
        ([0, 5, 1, 1, 2, 1, 6, 0], 2, [2]),
        ([0, 5, 4, 6, 0], 2, []),  # too shallow
        ([0, 5, 1, 2, 1, 7, 2, 9], 2, [2, 6]),
        ([3, 1, 4], 2, [1]),
        ([1, 1, 1], 2, []),
        ([4], 2, []),
    ],
)
def test_a_valley_lies_between_two_ridges_that_are_high_enough(costs, depth, valleys):
    assert _find_valleys(np.array(costs, float), depth) == valleys
