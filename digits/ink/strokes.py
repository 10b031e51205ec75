"""Strokes become ink: float32 (1, 28, 28) in [0, 1], ink = 1, paper = 0, drawn with MNIST's pen."""

import itertools
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from digits.errors import DigitsError
from digits.ink.geometry import FINE, LONG_SIDE, SIDE, place

# Fine pixels, odd so that the pen is symmetric: 2.1 pixels of the ink. Accuracy in % of a CNN trained on MNIST with a
# light affine augmentation, mean of 2 seeds, on UNIPEN's 6,985 drawings, by the pen's width and the averaging filter:
#   pixels     1.6    1.9    2.1    2.4    2.6    2.9    3.1    3.4
#   bilinear  97.5   97.5   97.5   97.4   97.3   97.1   96.8   96.6
#   box       97.3   97.3   97.3   97.4   97.2   97.0   96.8   96.3
# 2.1 is the widest of the best; MNIST's own median is 2.5.
PEN = 17

STROKES_MAX, POINTS_MAX, COORDINATE_MAX = 1_000, 20_000, 1e9


def from_strokes(
    strokes: Any, *, crop: bool = True, scale: bool = True, centre: bool = True, frame: float | None = None
) -> torch.Tensor:
    """Draw one digit's strokes with MNIST's pen.

    strokes: list of polylines, each a list of (x, y) or an (n, 2) array; y down, any unit.
    Returns ink, float32 (1, 28, 28) in [0, 1]. Blank (no points) or a dot (all points at one place) is all zeros.
    A stroke of one point beside other strokes is a dot of the pen.
    The three steps of MNIST's geometry can be left out, to see what they are good for: without `crop` the box is the
    whole `frame` (the side of the square that was drawn in, from 0; points outside are cut off), without `scale` the
    box's long side is 28 pixels, not 20, and without `centre` the middle of the box is centred, not its mass.
    Raises DigitsError for anything else, coordinates that are not finite or beyond +-1e9, more than 1,000 strokes or
    20,000 points.
    """
    polylines = parse_strokes(strokes)
    if not polylines:
        return torch.zeros(1, SIDE, SIDE)
    points = np.concatenate(polylines)
    corner = points.min(axis=0)
    extents = points.max(axis=0) - corner
    extent = extents.max()
    if extent <= max(1e-12 * np.abs(points).max(), 1e-300):  # nothing but rounding
        return torch.zeros(1, SIDE, SIDE)

    radius = PEN // 2
    box = (LONG_SIDE if scale else SIDE) * FINE
    if crop:
        factor, margin = (box - PEN) / extent, radius
        size = tuple(np.rint(extents * factor).astype(int) + PEN)
    else:
        assert frame is not None, "without crop the frame is wanted"
        corner, factor, margin, size = np.zeros(2), box / frame, 0, (box, box)
    canvas = Image.new("L", size)
    draw = ImageDraw.Draw(canvas)
    fine = np.rint(((points - corner) * factor).clip(-SIDE * FINE, 2 * SIDE * FINE)).astype(int) + margin
    remaining = map(tuple, fine.tolist())
    for polyline in polylines:
        path = [point for point, _ in itertools.groupby(itertools.islice(remaining, len(polyline)))]
        if len(path) > 1:
            draw.line(path, fill=255, width=PEN)
        for x, y in path:  # round joints and ends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return place(np.asarray(canvas), Image.Resampling.BILINEAR, by_mass=centre)


def parse_strokes(strokes: Any) -> list[np.ndarray]:
    """The strokes that have points, as float64 (n, 2) arrays. Raises DigitsError, see `from_strokes`."""
    wanted = "strokes must be a list of lists of (x, y) numbers"
    if not isinstance(strokes, (list, tuple, np.ndarray)):
        raise DigitsError(f"{wanted}, got {type(strokes).__name__}: pass [[(x, y), ...], ...].")
    strokes = np.atleast_1d(strokes) if isinstance(strokes, np.ndarray) else strokes
    if len(strokes) > STROKES_MAX:
        raise DigitsError(f"A drawing may have at most {STROKES_MAX:,} strokes, got {len(strokes):,}: pass one digit.")
    polylines, total = [], 0
    for number, stroke in enumerate(strokes):
        if not isinstance(stroke, (list, tuple, np.ndarray)):
            raise DigitsError(f"{wanted}, but stroke {number} is a {type(stroke).__name__}: pass [[(x, y), ...], ...].")
        stroke = np.atleast_1d(stroke) if isinstance(stroke, np.ndarray) else stroke
        total += len(stroke)
        if total > POINTS_MAX:
            raise DigitsError(f"A drawing may have at most {POINTS_MAX:,} points, got more: leave some out.")
        if len(stroke) == 0:
            continue
        try:
            polyline = np.asarray(stroke)
        except (ValueError, TypeError, OverflowError):  # points of different lengths, or no numbers
            polyline = np.empty(0)
        if polyline.ndim != 2 or polyline.shape[1] != 2 or polyline.dtype.kind not in "iuf":
            raise DigitsError(f"{wanted}, but stroke {number} holds something else: pass two numbers a point.")
        polyline = polyline.astype(np.float64)
        if not (np.abs(polyline) <= COORDINATE_MAX).all():
            raise DigitsError(
                f"Coordinates must be finite and within +-1e9, but stroke {number} has others: scale them."
            )
        polylines.append(polyline)
    return polylines
