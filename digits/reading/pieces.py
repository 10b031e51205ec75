"""A number in pieces: strokes and blots, cut wherever two digits may be joined, so that no piece belongs to two."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# What may be one digit, and where it may be cut, in shares of the number's height.
DOT, SPECK = 0.06, 0.15  # a smaller stroke is a slip of the pen; a smaller blot, which is as wide as the pen, too

CUT_WIDTH = 0.5  # of a stroke in which two digits may be joined

CUT_HEIGHT = 0.4  # of each of the two

CUT_OVERLAP = 0.15  # in x, of the two ends of a stroke

SEAM_STEP = 8.0  # pixels of ink that a seam's step to the side costs: digits touch where a straight cut is right

VALLEY = 0.02  # so much less ink, in heights, a seam crosses than those on both sides of it


class Cuts(NamedTuple):
    """Where a blot may be cut."""

    width: float  # of the narrowest blot
    ink: float  # on a seam
    crossings: int  # of a seam: how often it meets ink
    apart: float  # of two seams
    valleys: bool  # only where less ink is crossed than on both sides: between two walls, or through a neck


LIKELY = Cuts(width=0.5, ink=0.45, crossings=1, apart=0.25, valleys=False)  # where the blot reads as a digit

# Elsewhere: two digits may touch more than once, and closer to a digit's wall than two cheap cuts are apart.
UNLIKELY = Cuts(width=0.4, ink=0.8, crossings=4, apart=0.05, valleys=True)


@dataclass(frozen=True)
class Piece:
    box: np.ndarray
    """float64 (4,): left, top, right, bottom."""
    origin: tuple[int, int]
    """(index of the stroke or blot, index of the part within it)."""
    content: np.ndarray
    """A stroke's points, float64 (n, 2), or a blot's pixels, bool (H, W) of the whole picture."""


def box_of(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float64)


def box_around(group: list[Piece]) -> np.ndarray:
    boxes = np.array([piece.box for piece in group])
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def strokes_of(group: list[Piece]) -> list[np.ndarray]:
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


def height_of(boxes: np.ndarray) -> float:
    """Boxes (N, 4) of strokes or blots -> the number's height: the median of those that are no bars or dots."""
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    return max(float(np.median(heights[heights >= heights.max() / 2])), widths.max() / 6)  # six digits in one stroke


def find_joints(points: np.ndarray, height: float) -> list[int]:
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


def slice_blot(mask: np.ndarray, height: float, cuts: Cuts) -> list[np.ndarray]:
    """A blot (H, W) -> its parts, left to right, cut where two digits may touch.

    A cut is a seam from top to bottom (Avidan and Shamir 2007) that crosses as little ink as possible, with a part as
    high as a digit on each side of it.
    """
    left, top, right, bottom = box_of(np.argwhere(mask)[:, ::-1]).astype(int)
    if right - left < cuts.width * height:
        return [mask]
    blot = mask[top : bottom + 1, left : right + 1]
    seams, costs = _seams(blot)
    inked = np.take_along_axis(blot, seams, axis=1)
    crossings = inked[0] + (inked[1:] & ~inked[:-1]).sum(axis=0)
    firsts, lasts = blot.argmax(axis=1)[:, None], blot.shape[1] - 1 - blot[:, ::-1].argmax(axis=1)[:, None]
    inked_rows = np.asarray(blot.any(axis=1))[:, None]
    lowest = np.minimum(_extent(inked_rows & (firsts < seams)), _extent(inked_rows & (lasts >= seams)))
    possible = (
        (crossings <= cuts.crossings) & (inked.sum(axis=0) <= cuts.ink * height) & (lowest >= CUT_HEIGHT * height)
    )
    if cuts.valleys:
        possible &= np.isin(np.arange(len(costs)), _find_valleys(costs, VALLEY * height))
    middles = seams.mean(axis=0)
    chosen: list[int] = []
    for k in np.flatnonzero(possible)[np.argsort(costs[possible], kind="stable")]:
        if all(abs(middles[k] - middles[cut]) >= cuts.apart * height for cut in chosen):
            chosen.append(k)
    part = (np.arange(blot.shape[1])[:, None] >= seams[:, None, chosen]).sum(axis=2)  # (H, W)
    parts = []
    for number in range(len(chosen) + 1):
        piece = np.zeros_like(mask)
        piece[top : bottom + 1, left : right + 1] = blot & (part == number)
        parts.append(piece)
    return [piece for piece in parts if piece.any()]


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


def _find_valleys(costs: np.ndarray, depth: float) -> list[int]:
    """Costs (W,) -> columns whose cost is the least between two that cost more by `depth`; of several alike in a row
    the middle one.
    """
    valleys: list[int] = []
    rising, end = True, 0  # where the slope that is followed has come furthest
    for column, cost in enumerate(costs):
        if (cost > costs[end]) if rising else (cost < costs[end]):
            end = column
        elif abs(cost - costs[end]) >= depth:
            if not rising:
                alike = int(np.argmin(np.append(costs[end:] == costs[end], False)))
                valleys.append(end + (alike - 1) // 2)
            rising, end = not rising, column
    return valleys


def _extent(rows: np.ndarray) -> np.ndarray:
    """Columns (H, K) of bool -> (K,): from the first row that is true to the last, 0 without one."""
    return np.where(rows.any(axis=0), len(rows) - rows.argmax(axis=0) - rows[::-1].argmax(axis=0), 0)
