"""What is around a digit in a picture is not taken for it, and what belongs to it is not lost."""

import math

import numpy as np
import pytest
from pictures import DRAWINGS, difference, paint, uint8
from PIL import Image, ImageDraw, ImageFont

from digits.ink.pictures import from_image

ONE = {"one": [[(40, 20), (55, 8), (55, 92)]]}


@pytest.fixture(params=(DRAWINGS | ONE).values(), ids=(DRAWINGS | ONE).keys())
def strokes(request):
    return request.param


def with_lines(ink, *lines, pen=8):
    """A sheet (H, W), ink = 1, with polylines of (x, y) drawn on it."""
    sheet = Image.fromarray(uint8(ink))
    draw = ImageDraw.Draw(sheet)
    for line in lines:
        draw.line(line, fill=255, width=pen, joint="curve")
    return np.asarray(sheet, dtype=np.float32) / 255


def with_words(ink, words, at, size=28):
    sheet = Image.fromarray(uint8(ink))
    ImageDraw.Draw(sheet).text(at, words, fill=255, font=ImageFont.load_default(size))
    return np.asarray(sheet, dtype=np.float32) / 255


def ring(x, y, radius, stretch=1.0):
    return [(x + radius * stretch * math.cos(t / 20), y + radius * math.sin(t / 20)) for t in range(127)]


def at_an_edge(paper, thing, turns, dark):
    """Paper (H, W), light 1, with a dark thing that covers `thing` of its left side, turned so often."""
    paper = np.rot90(paper, turns).copy()
    paper[:, : round(thing * paper.shape[1])] = dark
    return np.rot90(paper, -turns)


def faded(ink, least):
    """Ink that gets fainter from left to right, as a drying pen's does."""
    return ink * np.interp(np.arange(ink.shape[1]), (120, 170), (1, least))


BOX = (40, 25, 230, 265)
LEFT, TOP, RIGHT, BOTTOM = BOX
SURROUNDINGS = {
    "circled": lambda ink: 1 - with_lines(ink, ring(140, 140, 132)),
    "circled loosely": lambda ink: 1 - with_lines(ink, ring(140, 140, 128, 1.08)[4:]),
    "framed": lambda ink: 1 - with_lines(
        ink, [(LEFT, TOP), (RIGHT, TOP - 4), (RIGHT + 3, BOTTOM), (LEFT, BOTTOM), (LEFT, TOP)]
    ),
    "in a form's cell": lambda ink: 1 - with_lines(
        ink,
        *([(0, y), (299, y)] for y in (TOP, BOTTOM)),
        *([(x, TOP), (x, BOTTOM)] for x in (LEFT, RIGHT)),
        pen=4,
    ),
    "caption below": lambda ink: 1 - with_words(ink, "figure", (60, 262)),
    "caption beside": lambda ink: 1 - with_words(ink, "no. 4", (225, 100)),
    "underlined": lambda ink: 1 - with_lines(ink, [(60, 262), (240, 265)]),
    "faint": lambda ink: 0.95 - 0.07 * ink,
    "faint on grey": lambda ink: 0.5 + 0.07 * ink,
    "a pen that dries": lambda ink: 1 - faded(ink, 0.35),
    "on see-through paper, beside a mark": lambda ink: np.dstack(
        [*[1 - np.pad(ink, ((0, 300), (0, 300)))] * 3, np.pad(0 * ink + 1, ((0, 300), (0, 300)))]
    ) + (np.indices((600, 600)) == 599).all(axis=0)[..., None],
    **{
        f"a phone at the {side}": lambda ink, turns=turns: at_an_edge(
            np.pad(0.9 - 0.6 * ink, 60, constant_values=0.9), 0.2, turns, 0.05
        )
        for turns, side in enumerate(("left", "top", "right", "bottom"))
    },
}  # fmt: skip


@pytest.mark.parametrize("around", SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
def test_the_digit_is_found_within(strokes, around):
    ink = from_image(uint8(around(paint(strokes))))
    assert difference(ink, from_image(uint8(paint(strokes)))) < 0.5


@pytest.mark.parametrize("dark", [0.05, 0.3])
def test_a_table_far_larger_than_the_digit(strokes, dark):
    paper = np.pad(0.9 - 0.6 * paint(strokes)[::3, ::3], 300, constant_values=0.9)
    ink = from_image(uint8(at_an_edge(paper, 0.3, 3, dark)))
    assert difference(ink, from_image(uint8(paint(strokes)))) < 0.4


@pytest.mark.parametrize("side", [36, 48, 60])
def test_ruled_lines_of_small_pictures_go(strokes, side):
    digit = paint(strokes, size=150, at=(45, 25), zoom=1, pen=9)
    small = np.asarray(Image.fromarray(uint8(1 - digit)).resize((side, side), Image.Resampling.BOX))
    ruled = small.copy()
    ruled[[1, -2]] = 40
    assert difference(from_image(ruled), from_image(small)) < 0.3


ZEROS = {
    "slashed within": [ring(50, 50, 40, 0.75), [(66, 30), (34, 70)]],
    "dotted": [ring(50, 50, 40, 0.75), [(49, 48), (51, 52)]],
    "round, dotted": [ring(50, 50, 40), [(46, 42), (54, 58)]],
}


@pytest.mark.parametrize("zero", ZEROS.values(), ids=ZEROS.keys())
def test_a_zeros_ring_is_no_frame(zero):
    ink = from_image(uint8(1 - paint(zero, pen=10)))
    ring_alone = from_image(uint8(1 - paint(zero[:1], pen=10)))
    assert (ring_alone - ink).clip(min=0).sum() < 0.3 * ring_alone.sum()


def test_a_broken_stroke_stays_whole():
    """Each part is low, but near to the next."""
    stem = [[(50, y), (50, y + 8)] for y in range(0, 100, 16)]
    ink = from_image(uint8(1 - paint(stem, pen=8)))[0]
    assert (ink[4:24].sum(dim=1) > 0).float().mean() > 0.6
    assert ink[:, 10:18].sum() > 0.99 * ink.sum()


def test_a_five_keeps_a_bar_that_hangs_apart():
    five = [[(20, 12), (18, 45), (45, 45), (55, 65), (45, 88), (15, 90)]]
    bar = [[(22, -8), (60, -8)]]
    with_bar, without = (from_image(uint8(1 - paint(strokes, pen=10))) for strokes in (five + bar, five))
    assert difference(with_bar, without) > 0.3
