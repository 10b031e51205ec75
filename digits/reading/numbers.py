"""A whole number, drawn or in a picture -> NumberReading: which strokes make which digit, and what each is.

Over-segment and search: the number is cut into pieces of which none belongs to two digits, neighbouring pieces are put
together in every plausible way, the network reads all these groups in one batch, and dynamic programming finds the
cheapest sequence of groups that uses every piece once (Burges et al. 1992, "Shortest path segmentation: a method for
training a neural network to recognize character strings").
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from digits.errors import DigitsError
from digits.ink.finding import find
from digits.ink.pictures import from_strength
from digits.ink.strokes import from_strokes, parse_strokes
from digits.reading.pieces import (
    DOT,
    LIKELY,
    SPECK,
    UNLIKELY,
    Piece,
    box_around,
    box_of,
    find_joints,
    height_of,
    slice_blot,
    strokes_of,
)
from digits.reading.reading import NumberDigit, NumberReading, Reading

PIECES_MAX = 60  # of a number
BLOTS_MAX = 1_000  # with points and commas; each is compared with each

GROUPS_MAX = 400  # that may be one digit; of twenty digits side by side there are 94, of six in a picture 138

GROUP_WIDTH = 2.2  # of several pieces that are one digit: a flat 0 cut in two, a 5 with a long bar

GROUP_GAP = 0.3  # between two pieces of one digit

GROUP_PIECES = 6

SURE = 0.9  # a blot's probability and digit score, under which it may be two digits

SOFT = 2  # pixels around a blot that hold its soft edges

MARK = 0.35  # a point or a comma is smaller; where nothing stands above or below it, it is no part of a digit

LEAST = 1e-3  # the floor of a probability or score, so that one bad digit cannot outweigh the rest

WIDE_FROM, LOW_FROM = 0.9, 0.7  # shares of the number's height


class _Costs(NamedTuple):
    """What a digit costs, beside -log(probability of the likeliest): weights of a conditional random field, fitted to
    numbers composed of other people's drawings; LOG.md has the figures."""

    score: float  # times -log(digit_score)
    digit: float  # each digit
    wide: float  # its width beyond WIDE_FROM
    low: float  # its height short of LOW_FROM
    overlap: float  # the share of another piece's width that lies above or below it
    torn: float  # each place where the pen or the ink goes on into another digit
    many_strokes: tuple[float, ...]  # by the likeliest digit, where it has several strokes: usual in a 4, not in a 6


STROKES = _Costs(
    score=1.5,
    digit=-0.95,
    wide=1.1,
    low=2.2,
    overlap=0.85,
    torn=1.65,
    many_strokes=(0, 0.2, 0.2, 0.4, -0.95, -0.7, 0.5, -0.65, 0.2, 0.45),
)

BLOTS = _Costs(score=0.35, digit=-0.55, wide=0.6, low=1.25, overlap=0.2, torn=0.3, many_strokes=(0,) * 10)

Read = Callable[[Tensor], list[Reading]]  # ink (N, 1, 28, 28) -> N readings: Recognizer.read_ink


def read_strokes(read: Read, strokes: Any) -> NumberReading:
    """The strokes of a number, y down, any unit -> reading.

    Raises DigitsError as `ink.strokes.from_strokes` does, for more than 60 pieces, and for too many over each other.
    """
    polylines = parse_strokes(strokes)
    if not polylines:
        return NumberReading("", [])
    height = height_of(np.array([box_of(points) for points in polylines]))
    pieces = [
        Piece(box_of(part), (number, at), part)
        for number, points in enumerate(polylines)
        if np.ptp(points, axis=0).max() > DOT * height
        for at, part in enumerate(np.split(points, find_joints(points, height)))
    ]
    found = _best_groups(read, pieces, height, STROKES, lambda group: from_strokes(strokes_of(group)))
    digits = [NumberDigit(reading, tuple(box_around(group).tolist()), strokes_of(group)) for group, reading in found]
    return NumberReading("".join(str(digit.reading.best) for digit in digits), digits)


def read_image(read: Read, image: object) -> NumberReading:
    """A picture of a number -> reading.

    Raises DigitsError as `ink.pictures.from_image` does, for more than 60 pieces, and for too many over each other.
    """
    from scipy import ndimage

    found = find(image)
    if found is None:
        return NumberReading("", [])
    blots, _ = ndimage.label(found.strength > 0.5, structure=np.ones((3, 3)))
    places = ndimage.find_objects(blots)
    boxes = np.array([[across.start, down.start, across.stop, down.stop] for down, across in places])
    if not len(boxes):
        return NumberReading("", [])
    height = height_of(boxes)
    large = np.flatnonzero((boxes[:, 2:] - boxes[:, :2]).max(axis=1) > SPECK * height)
    _limit(len(large), BLOTS_MAX)
    large = large[~_marks(boxes[large] / height)]
    _limit(len(large))
    if not len(large):
        return NumberReading("", [])

    def draw(mask: np.ndarray) -> Tensor:
        left, top, right, bottom = box_of(np.argwhere(mask)[:, ::-1]).astype(int)
        window = np.s_[max(0, top - SOFT) : bottom + SOFT + 1, max(0, left - SOFT) : right + SOFT + 1]
        own = mask[window]
        near = ndimage.binary_dilation(own, iterations=SOFT) & ((blots[window] == 0) | own)
        left, top, right, bottom = box_of(np.argwhere(near)[:, ::-1]).astype(int)
        return from_strength(np.where(near, found.strength[window], 0)[top : bottom + 1, left : right + 1])

    masks = [blots == blot + 1 for blot in large.tolist()]
    inks = [draw(mask) for mask in masks]
    parts = [
        slice_blot(mask, height, LIKELY if _is_sure(reading) else UNLIKELY)
        for mask, reading in zip(masks, read(torch.stack(inks)), strict=True)
    ]
    pieces = [
        Piece(box_of(np.argwhere(part)[:, ::-1]), (blot, at), part)
        for blot, own in enumerate(parts)
        for at, part in enumerate(own)
    ]

    def draw_group(group: list[Piece]) -> Tensor:
        blot, _ = group[0].origin
        if len(group) == len(parts[blot]) == 1:  # drawn already
            return inks[blot]
        return draw(np.any([piece.content for piece in group], axis=0))

    corner = np.array([found.left, found.top] * 2)
    digits = [
        NumberDigit(reading, tuple(((box_around(group) + (0, 0, 1, 1)) * found.pixel + corner).tolist()), None)
        for group, reading in _best_groups(read, pieces, height, BLOTS, draw_group)
    ]
    return NumberReading("".join(str(digit.reading.best) for digit in digits), digits)


def _is_sure(reading: Reading) -> bool:
    return reading.digit_score >= SURE and reading.probabilities.max() >= SURE


def _marks(boxes: np.ndarray) -> np.ndarray:
    """Boxes (N, 4) of blots, in shares of the height -> which are points, commas and the like, bool (N,)."""
    small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) < MARK
    beside = (boxes[:, None, 0] > boxes[None, :, 2]) | (boxes[:, None, 2] < boxes[None, :, 0])
    return small & (beside | small[None, :]).all(axis=1) & ~small.all()


def _best_groups(
    read: Read, pieces: list[Piece], height: float, weights: _Costs, draw: Callable[[list[Piece]], Tensor]
) -> list[tuple[list[Piece], Reading]]:
    """Pieces -> those of each digit with its reading, from left to right."""
    _limit(len(pieces))
    if not pieces:
        return []
    pieces = sorted(pieces, key=lambda piece: piece.box[0])
    boxes = np.array([piece.box for piece in pieces]) / height
    groups = _groups(boxes)
    if len(groups) > GROUPS_MAX:
        raise DigitsError("Too many strokes lie over each other to be a number; write its digits side by side.")
    readings = read(torch.stack([draw([pieces[i] for i in group]) for group in groups]))
    at = {piece.origin: i for i, piece in enumerate(pieces)}
    joined = [(i, at[stroke, part + 1]) for (stroke, part), i in at.items() if (stroke, part + 1) in at]
    origins = np.array([piece.origin[0] for piece in pieces])
    costs = [
        _cost(group, reading, boxes, origins, joined, weights) for group, reading in zip(groups, readings, strict=True)
    ]
    found = [([pieces[i] for i in groups[k]], readings[k]) for k in _cheapest(groups, costs, len(pieces))]
    written = [(group, reading) for group, reading in found if not reading.blank]
    return sorted(written, key=lambda digit: box_around(digit[0])[[0, 2]].sum())


def _limit(pieces: int, most: int = PIECES_MAX) -> None:
    if pieces > most:
        raise DigitsError(f"A number may have at most {PIECES_MAX} strokes or spots, got {pieces}: read fewer digits.")


def _groups(boxes: np.ndarray) -> list[tuple[int, ...]]:
    """Boxes (N, 4) by their left edges, in shares of the height -> the groups of pieces that may be one digit.

    Neighbours, or neighbours but for one between them that belongs to the next digit.
    """
    groups = []

    def grow(group: tuple[int, ...], right: float, skipped: int) -> None:
        groups.append(group)
        for i in range(group[-1] + 1, min(len(boxes), group[-1] + 3 - skipped)):
            wider = max(right, boxes[i, 2])
            near = boxes[i, 0] - right <= GROUP_GAP and wider - boxes[group[0], 0] <= GROUP_WIDTH
            if near and len(group) < GROUP_PIECES:
                grow((*group, i), wider, skipped + i - group[-1] - 1)

    for first in range(len(boxes)):
        grow((first,), boxes[first, 2], 0)
    return groups


def _cost(
    group: tuple[int, ...],
    reading: Reading,
    boxes: np.ndarray,
    origins: np.ndarray,
    joined: list[tuple[int, int]],
    weights: _Costs,
) -> float:
    """What it costs to call a group of pieces one digit."""
    own = np.isin(np.arange(len(boxes)), group)
    left, top = boxes[own, :2].min(axis=0)
    right, bottom = boxes[own, 2:].max(axis=0)
    rest = boxes[~own]
    shared = np.minimum(rest[:, 2], right) - np.maximum(rest[:, 0], left)
    narrower = np.minimum(rest[:, 2] - rest[:, 0], right - left)
    return (
        -np.log(max(reading.probabilities.max(), LEAST))
        - weights.score * np.log(max(reading.digit_score, LEAST))
        + weights.digit
        + weights.wide * max(0, right - left - WIDE_FROM)
        + weights.low * max(0, LOW_FROM - (bottom - top))
        + weights.overlap * (shared.clip(0) / narrower.clip(0.1)).sum()
        + weights.torn * sum(own[i] != own[j] for i, j in joined)
        + weights.many_strokes[reading.best or 0] * (len(set(origins[own])) > 1)
    )


def _cheapest(groups: list[tuple[int, ...]], costs: list[float], count: int) -> tuple[int, ...]:
    """The groups, by their places in the list, that together hold each of `count` pieces once and cost least."""
    starting: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for k, group in enumerate(groups):
        starting[group[0]].append((k, sum(1 << i for i in group)))

    @functools.cache
    def best(used: int) -> tuple[float, tuple[int, ...]]:
        """The cheapest way to use the other pieces; bit i of `used` is piece i."""
        first = (~used & (used + 1)).bit_length() - 1
        if first == count:
            return 0.0, ()
        ways = []
        for k, bits in starting[first]:
            if not used & bits:
                cost, path = best(used | bits)
                ways.append((cost + costs[k], (k, *path)))
        return min(ways)

    return best(0)[1]
