"""Ruled lines go from a picture's ink, so that what is written on them is left."""

import numpy as np

SLOPES = np.arange(-40, 41) / 500  # of ruled lines, up to 4.6 degrees

LINES_MAX = 12  # of different slopes, as lines seen aslant are

LONG = 0.7  # of the picture's width that is ink in a ruled line

ENDS = 0.03  # of the picture's width, from either edge, in which a ruled line has ink

SMALLEST = 32  # pixels of a picture's width; in a smaller one a ruled line is as thick as a digit's bar

THICK = 1 / 20  # of the picture's height


def rub_out_lines(mask: np.ndarray) -> None:
    """Take the straight lines that cross the picture from edge to edge out of the mask (H, W), in place."""
    for _ in range(LINES_MAX):
        if not _rub_out(mask) | _rub_out(mask.T):
            break


def _rub_out(mask: np.ndarray) -> bool:
    """Take lines of one slope from left to right out of the mask, in place -> whether it had any.

    Lines are rows that are mostly ink once the mask is sheared by the lines' common slope (a Hough transform of few
    slopes). What crosses a line, with ink above and below it, is kept.
    """
    height, width = mask.shape
    if width < SMALLEST:
        return False
    rows, columns = np.nonzero(mask)
    offsets = {slope: np.rint(slope * (np.arange(width) - width / 2)).astype(int) for slope in SLOPES}
    counts = {
        slope: np.bincount((rows - offset[columns]).clip(0, height - 1), minlength=height)
        for slope, offset in offsets.items()
    }
    slope = max(SLOPES, key=lambda slope: (counts[slope] ** 2).sum())
    edges = np.diff(np.r_[0, (counts[slope] > LONG * width).astype(int), 0])
    if not edges.any():
        return False
    positions, before = np.arange(width), np.count_nonzero(mask)
    for first, last in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        if last - first > max(2, height * THICK):
            continue
        rows_of_line = [(row + offsets[slope]).clip(0, height - 1) for row in range(first, last)]
        inked = np.any([mask[where, positions] for where in rows_of_line], axis=0)
        ends = max(1, round(ENDS * width))
        if not (inked[:ends].any() and inked[-ends:].any()):  # an upright stem, which ends before the picture does
            continue
        above, below = first - 1, last  # the line's soft edges go with it
        inked = [mask[(row + offsets[slope]).clip(0, height - 1), positions] for row in (above - 1, below + 1)]
        crossed = inked[0] & inked[1]
        for row in range(above, below + 1):
            where = (row + offsets[slope]).clip(0, height - 1)
            mask[where, positions] &= crossed
    return bool(np.count_nonzero(mask) < before)
