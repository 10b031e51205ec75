"""A whole number, drawn or in a picture -> NumberReading: which strokes make which digit, and what each is.

Over-segment and search: the number is cut into pieces of which none belongs to two digits, neighbouring pieces are put
together in every plausible way, the network reads all these groups in one batch, and dynamic programming finds the
cheapest sequence of groups that uses every piece once (Burges et al. 1992, "Shortest path segmentation: a method for
training a neural network to recognize character strings").
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from digits import ink
from digits.errors import DigitsError

if TYPE_CHECKING:
    from digits.inference import Reading

PIECES_MAX = 60  # of a number

# What may be one digit, and where it may be cut, in shares of the number's height.
DOT, SPECK = 0.06, 0.15  # a smaller stroke is a slip of the pen; a smaller blot, which is as wide as the pen, too
GROUP_WIDTH = 2.2  # of several pieces that are one digit: a flat 0 cut in two, a 5 with a long bar
GROUP_GAP = 0.3  # between two pieces of one digit
GROUP_PIECES = 4
CUT_WIDTH = 0.5  # of a stroke or blot in which two digits may be joined
CUT_HEIGHT = 0.4  # of each of the two
CUT_OVERLAP = 0.15  # in x, of the two ends of a stroke
CUT_INK = 0.45  # on a seam that cuts a blot
CUT_APART = 0.25  # of two cuts
SEAM_STEP = 3.0  # pixels of ink that a seam's step to the side costs: digits touch where a straight cut is right

LEAST = 1e-3  # a smaller probability or score costs no more: one bad digit shall not decide about the others
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
    several: tuple[float, ...]  # by the likeliest digit, where it has several strokes: usual in a 4, not in a 6


STROKES = _Costs(
    score=1.5,
    digit=-0.95,
    wide=1.1,
    low=2.2,
    overlap=0.85,
    torn=1.65,
    several=(0, 0.2, 0.2, 0.4, -0.95, -0.7, 0.5, -0.65, 0.2, 0.45),
)
BLOTS = _Costs(score=0.35, digit=-0.55, wide=0.6, low=1.25, overlap=0.2, torn=0.3, several=(0,) * 10)


@dataclass(frozen=True)
class NumberDigit:
    """One digit of a number: what it is, where it is, and what it is made of."""

    reading: Reading
    box: tuple[float, float, float, float]
    """Left, top, right, bottom, in the strokes' unit or in pixels of the upright picture."""
    strokes: list[np.ndarray] | None
    """float64 (n, 2) each, in their unit; a stroke through two digits comes apart. None in a picture."""


@dataclass(frozen=True)
class NumberReading:
    """What a network made of a number."""

    text: str
    """The likeliest digits from left to right, refused ones too (their reading's digit is None); "" when blank."""
    digits: list[NumberDigit]


@dataclass(frozen=True)
class _Piece:
    box: np.ndarray
    """float64 (4,): left, top, right, bottom."""
    origin: tuple[int, int]
    """Which stroke or blot it is a part of, and the how many-th part."""
    content: np.ndarray
    """A stroke's points, float64 (n, 2), or a blot's pixels, bool (H, W) of the whole picture."""


Read = Callable[[Tensor], "list[Reading]"]  # ink (N, 1, 28, 28) -> N readings: Recognizer.read_ink


def read_strokes(read: Read, strokes) -> NumberReading:
    """The strokes of a number, y down, any unit -> reading.

    Raises DigitsError as `ink.from_strokes` does, and for more than 60 pieces.
    """
    polylines = ink.parse_strokes(strokes)
    if not polylines:
        return NumberReading("", [])
    height = _height(np.array([_box(points) for points in polylines]))
    pieces = [
        _Piece(_box(part), (number, at), part)
        for number, points in enumerate(polylines)
        if np.ptp(points, axis=0).max() > DOT * height
        for at, part in enumerate(np.split(points, _joints(points, height)))
    ]
    found = _best_groups(read, pieces, height, STROKES, lambda group: ink.from_strokes(_strokes(group)))
    digits = [NumberDigit(reading, tuple(_around(group).tolist()), _strokes(group)) for group, reading in found]
    return NumberReading("".join(str(digit.reading.best) for digit in digits), digits)


def read_image(read: Read, image) -> NumberReading:
    """A picture of a number -> reading. Raises DigitsError as `ink.from_image` does, and for more than 60 pieces."""
    from scipy import ndimage

    found = ink.find(image)
    if found is None:
        return NumberReading("", [])
    blots, _ = ndimage.label(found.strength > 0.5, structure=np.ones((3, 3)))
    places = ndimage.find_objects(blots)
    boxes = np.array([[across.start, down.start, across.stop, down.stop] for down, across in places])
    if not len(boxes):
        return NumberReading("", [])
    height = _height(boxes)
    large = np.flatnonzero((boxes[:, 2:] - boxes[:, :2]).max(axis=1) > SPECK * height)
    _limit(len(large))
    pieces = [
        _Piece(_box(np.argwhere(part)[:, ::-1]), (blot, at), part)
        for blot in large.tolist()
        for at, part in enumerate(_slices(blots == blot + 1, height))
    ]

    def draw(group: list[_Piece]) -> Tensor:
        mask = np.any([piece.content for piece in group], axis=0)
        near = ndimage.binary_dilation(mask, iterations=2) & ((blots == 0) | mask)  # with its soft edges
        left, top, right, bottom = _box(np.argwhere(near)[:, ::-1]).astype(int)
        return ink.from_strength(np.where(near, found.strength, 0)[top : bottom + 1, left : right + 1])

    corner = np.array([found.left, found.top] * 2)
    digits = [
        NumberDigit(reading, tuple(((_around(group) + (0, 0, 1, 1)) * found.pixel + corner).tolist()), None)
        for group, reading in _best_groups(read, pieces, height, BLOTS, draw)
    ]
    return NumberReading("".join(str(digit.reading.best) for digit in digits), digits)


def _box(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float64)


def _around(group: list[_Piece]) -> np.ndarray:
    boxes = np.array([piece.box for piece in group])
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _strokes(group: list[_Piece]) -> list[np.ndarray]:
    """The strokes of a group in the order they were drawn, parts that follow each other in one."""
    strokes: list[list[np.ndarray]] = []
    before = None
    for piece in sorted(group, key=lambda piece: piece.origin):
        stroke, at = piece.origin
        if before == (stroke, at - 1):
            strokes[-1].append(piece.content)
        else:
            strokes.append([piece.content])
        before = piece.origin
    return [np.concatenate(parts) for parts in strokes]


def _height(boxes: np.ndarray) -> float:
    """Boxes (N, 4) of strokes or blots -> the number's height: the median of those that are no bars or dots."""
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    return max(float(np.median(heights[heights >= heights.max() / 2])), widths.max() / 6)  # six digits in one stroke


def _joints(points: np.ndarray, height: float) -> list[int]:
    """Where a stroke (n, 2) may go from one digit to the next -> indices of the next digit's first point.

    There, what is before lies left of what is after, and both are as high as a digit.
    """
    if np.ptp(points[:, 0]) < CUT_WIDTH * height:
        return []
    before, after = (_reach(points), _reach(points[::-1])[::-1])  # each (n, 4)
    overlap = before[:-1, 2] - after[1:, 0]
    heights = np.minimum((before[:, 3] - before[:, 1])[:-1], (after[:, 3] - after[:, 1])[1:])
    possible = np.flatnonzero((overlap <= CUT_OVERLAP * height) & (heights >= CUT_HEIGHT * height))
    joints = [0]
    for run in np.split(possible, np.flatnonzero(np.diff(possible) > 1) + 1):
        middle = int(run[len(run) // 2]) + 1 if len(run) else 0
        if middle and np.ptp(points[joints[-1] : middle, 1]) >= CUT_HEIGHT * height:
            joints.append(middle)
    return joints[1:]


def _reach(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) -> (n, 4), the box around the first, the first two, the first three, ..."""
    return np.hstack([np.minimum.accumulate(points), np.maximum.accumulate(points)])


def _slices(mask: np.ndarray, height: float) -> list[np.ndarray]:
    """A blot (H, W) -> its parts, left to right, cut where two digits may touch.

    A cut is a seam from top to bottom (Avidan and Shamir 2007) that crosses ink once and as little as possible, with a
    part as high as a digit on each side of it.
    """
    left, top, right, bottom = _box(np.argwhere(mask)[:, ::-1]).astype(int)
    if right - left < CUT_WIDTH * height:
        return [mask]
    blot = mask[top : bottom + 1, left : right + 1]
    seams, costs = _seams(blot)
    inked = np.take_along_axis(blot, seams, axis=1)
    crossings = inked[0] + (inked[1:] & ~inked[:-1]).sum(axis=0)
    firsts, lasts = blot.argmax(axis=1)[:, None], blot.shape[1] - 1 - blot[:, ::-1].argmax(axis=1)[:, None]
    some = blot.any(axis=1)[:, None]
    lowest = np.minimum(_extent(some & (firsts < seams)), _extent(some & (lasts >= seams)))
    possible = (crossings <= 1) & (inked.sum(axis=0) <= CUT_INK * height) & (lowest >= CUT_HEIGHT * height)
    middles, cuts = seams.mean(axis=0), []
    for k in np.flatnonzero(possible)[np.argsort(costs[possible], kind="stable")]:
        if all(abs(middles[k] - middles[other]) >= CUT_APART * height for other in cuts):
            cuts.append(k)
    part = (np.arange(blot.shape[1])[:, None] >= seams[:, None, cuts]).sum(axis=2)  # (H, W)
    parts = []
    for number in range(len(cuts) + 1):
        each = np.zeros_like(mask)
        each[top : bottom + 1, left : right + 1] = blot & (part == number)
        parts.append(each)
    return [each for each in parts if each.any()]


def _seams(blot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A blot (H, W) -> for each column of its last row the seam that ends there: columns, int (H, W), and its cost."""
    height, width = blot.shape
    columns = np.arange(width)
    cost, steps = blot[0].astype(float), np.zeros((height, width), int)
    for row in range(1, height):
        wide = np.pad(cost, 1, constant_values=np.inf)
        ways = np.stack([wide[1:-1], wide[:-2] + SEAM_STEP, wide[2:] + SEAM_STEP])
        steps[row] = np.array([0, -1, 1])[ways.argmin(axis=0)]
        cost = ways.min(axis=0) + blot[row]
    seams = np.zeros((height, width), int)
    seams[-1] = columns
    for row in range(height - 1, 0, -1):
        seams[row - 1] = seams[row] + steps[row, seams[row]]
    return seams, cost


def _extent(rows: np.ndarray) -> np.ndarray:
    """Columns (H, K) of bool -> (K,): from the first row that is true to the last, 0 without one."""
    return np.where(rows.any(axis=0), len(rows) - rows.argmax(axis=0) - rows[::-1].argmax(axis=0), 0)


def _best_groups(
    read: Read, pieces: list[_Piece], height: float, weights: _Costs, draw
) -> list[tuple[list[_Piece], Reading]]:
    """Pieces -> those of each digit with its reading, from left to right."""
    _limit(len(pieces))
    if not pieces:
        return []
    pieces = sorted(pieces, key=lambda piece: piece.box[0])
    boxes = np.array([piece.box for piece in pieces]) / height
    groups = _groups(boxes)
    readings = read(torch.stack([draw([pieces[i] for i in group]) for group in groups]))
    at = {piece.origin: i for i, piece in enumerate(pieces)}
    joined = [(i, at[stroke, part + 1]) for (stroke, part), i in at.items() if (stroke, part + 1) in at]
    origins = np.array([piece.origin[0] for piece in pieces])
    costs = [
        _cost(group, reading, boxes, origins, joined, weights) for group, reading in zip(groups, readings, strict=True)
    ]
    found = [([pieces[i] for i in groups[k]], readings[k]) for k in _cheapest(groups, costs, len(pieces))]
    written = [(group, reading) for group, reading in found if not reading.blank]
    return sorted(written, key=lambda digit: _around(digit[0])[[0, 2]].sum())


def _limit(pieces: int) -> None:
    if pieces > PIECES_MAX:
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
    others = boxes[~own]
    shared = np.minimum(others[:, 2], right) - np.maximum(others[:, 0], left)
    narrower = np.minimum(others[:, 2] - others[:, 0], right - left)
    return (
        -np.log(max(reading.probabilities.max(), LEAST))
        - weights.score * np.log(max(reading.digit_score, LEAST))
        + weights.digit
        + weights.wide * max(0, right - left - WIDE_FROM)
        + weights.low * max(0, LOW_FROM - (bottom - top))
        + weights.overlap * (shared.clip(0) / narrower.clip(0.1)).sum()
        + weights.torn * sum(own[i] != own[j] for i, j in joined)
        + weights.several[reading.best] * (len(set(origins[own])) > 1)
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
