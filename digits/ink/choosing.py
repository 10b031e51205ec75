"""Which of the things that stand out from the paper are written: tables, frames, captions and specks are not."""

from typing import NamedTuple

import numpy as np

# Of a piece's long side, how much may lie on the picture's edge before the piece is taken for cut off: a solid one (a
# table, a shadow) on one edge, less where it is HUGE times as large as any that is whole, and another (a frame) on all
# of them together.
CONTACT, CONTACT_OF_HUGE, AROUND, HUGE = 0.45, 0.3, 1.2, 3

MOST, WRITTEN = 0.7, 0.03  # of an edge that a thing lies along, and of the picture's long side that writing is long

SOLID = 0.5  # of its box that a solid piece fills

LOW = 0.5  # of the highest piece's height: a lower one at the edge is no digit

SPECK = 0.02  # of the largest piece's pixels

# A piece is a frame or a ring around a digit, open no farther than OPEN, when what it encloses is at least so high and
# so far from it, in shares of its height, and it is a rectangle or as wide as it is high: a slashed or dotted zero is
# not.
OPEN, ENCLOSED, GAP, RECTANGLE, ROUND = 0.1, 0.3, 0.025, 0.85, 0.85

FRAMES_MAX = 20  # pieces looked at, the highest: a picture full of rings must not take long

# In shares of the highest group's height: pieces nearer than this are one group; a group that is lower and farther than
# that from the high ones, or that has so many pieces, as a caption has, is no digit's.
NEAR, LOW_GROUP, FAR, CAPTION = 0.12, 0.4, 0.45, 3

# An underline is so flat, and so far under what it underlines, in shares of that one's height.
FLAT, UNDER = 0.25, 0.06

EIGHT = np.ones((3, 3), bool)  # pixels that touch at a corner belong together


class _Pieces(NamedTuple):
    """The connected pieces of a mask, counted from 1."""

    labels: np.ndarray  # int (H, W)
    boxes: np.ndarray  # int (N + 1, 4): left, top, right, bottom (exclusive)
    sizes: np.ndarray  # int (N + 1,): pixels

    @property
    def heights(self) -> np.ndarray:
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def widths(self) -> np.ndarray:
        return self.boxes[:, 2] - self.boxes[:, 0]


def choose_writing(mask: np.ndarray) -> np.ndarray:
    """What stands out, bool (H, W) -> what of it is written; empty only where the mask is."""
    pieces = _find_pieces(mask)
    if len(pieces.sizes) == 1:
        return mask
    kept = pieces.sizes > 0
    for unwanted in (_cut_off, _captions, _underlines, _specks):
        left = kept & ~unwanted(pieces, kept)
        if left.any():
            kept = left
    return kept[pieces.labels]


def drop_frames(mask: np.ndarray) -> np.ndarray:
    """What stands out, bool (H, W) -> the same without frames and rings around a digit."""
    pieces = _find_pieces(mask)
    kept = pieces.sizes > 0
    return (kept & ~_frames(pieces, kept))[pieces.labels] if kept.any() else mask


def find_things_at_the_edge(mask: np.ndarray) -> np.ndarray:
    """What stands out, bool (H, W) -> the tables, phones and shadows among it, which the picture's edge cuts off.

    They lie along most of an edge, or something else stands out that may be written: a thick digit may be alone, and
    touch the edge.
    """
    pieces = _find_pieces(mask)
    things = _along_the_edge(pieces)
    height, width = mask.shape
    along_most = (_contacts(pieces) > MOST * np.array([[width], [width], [height], [height]])).any(axis=0)
    lengths = np.maximum(pieces.widths, pieces.heights)
    if not (lengths[~things] > WRITTEN * max(height, width)).any():
        things &= along_most
    return things[pieces.labels]


def _find_pieces(mask: np.ndarray) -> _Pieces:
    from scipy import ndimage

    labels, _ = ndimage.label(mask, structure=EIGHT)
    boxes = [(0, 0, 0, 0)]
    boxes += [(across.start, down.start, across.stop, down.stop) for down, across in ndimage.find_objects(labels)]
    sizes = np.bincount(labels.ravel(), minlength=len(boxes))
    sizes[0] = 0  # the paper
    return _Pieces(labels, np.array(boxes), sizes)


def _contacts(pieces: _Pieces) -> np.ndarray:
    """Pixels of each piece on the upper, lower, left and right edge of the picture, int (4, N + 1)."""
    labels = pieces.labels
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return np.array([np.bincount(edge, minlength=len(pieces.sizes)) for edge in edges])


def _along_the_edge(pieces: _Pieces) -> np.ndarray:
    contacts = _contacts(pieces)
    lengths = np.maximum(pieces.widths, pieces.heights)
    solid = pieces.sizes > SOLID * pieces.widths * pieces.heights
    huge = pieces.sizes > HUGE * pieces.sizes[contacts.sum(axis=0) == 0].max(initial=0)
    least = np.where(solid, np.where(huge, CONTACT_OF_HUGE, CONTACT), AROUND) * lengths
    return (np.where(solid, contacts.max(axis=0), contacts.sum(axis=0)) > least) & (pieces.sizes > 0)


def _cut_off(pieces: _Pieces, kept: np.ndarray) -> np.ndarray:
    """Pieces that the picture's edge cuts off: a table, a shadow, a neighbour's line.

    A digit may touch the edge too, with an end or a bow: then little of it does, and it is as high as its neighbours.
    """
    height, width = pieces.labels.shape
    left, top, right, bottom = pieces.boxes.T
    touching = (left == 0) | (top == 0) | (right == width) | (bottom == height)
    low = touching & (pieces.heights < LOW * pieces.heights.max())
    unwanted = _along_the_edge(pieces) | low
    largest_left = pieces.sizes[kept & ~unwanted].max(initial=0)
    return unwanted & (largest_left > 0.1 * pieces.sizes.max())


def _frames(pieces: _Pieces, kept: np.ndarray) -> np.ndarray:
    """Pieces that go around a digit."""
    unwanted = np.zeros_like(kept)
    tallest = pieces.heights[kept].max()
    high = np.flatnonzero(kept & (pieces.heights >= tallest / 2))
    for piece in high[np.argsort(-pieces.heights[high])][:FRAMES_MAX]:
        left, top, right, bottom = pieces.boxes[piece]
        beyond = (pieces.boxes[:, :2] > (left, top)) & (pieces.boxes[:, 2:] < (right, bottom))
        within = kept & beyond.all(axis=1)
        if (pieces.heights[within] >= ENCLOSED * (bottom - top)).any():
            part = pieces.labels[top:bottom, left:right]
            unwanted[piece] = _is_frame(part == piece, within[part])
    return unwanted


def _is_frame(piece: np.ndarray, within: np.ndarray) -> bool:
    """Whether a piece, bool (H, W), goes around what lies within its box."""
    from scipy import ndimage

    height, width = piece.shape
    reach = OPEN / 2 * height
    margin = round(reach) + 1
    away = ndimage.distance_transform_edt(~np.pad(piece, margin))
    filled = ndimage.binary_fill_holes(away <= reach)  # closes the gap of a ring
    filled = (ndimage.distance_transform_edt(filled) > reach)[margin:-margin, margin:-margin]
    enclosed = within & filled
    rows = np.flatnonzero(enclosed.any(axis=1))
    if not len(rows) or rows[-1] - rows[0] < ENCLOSED * height:
        return False
    apart = away[margin:-margin, margin:-margin][enclosed].min() >= GAP * height
    return bool(apart and (filled.mean() >= RECTANGLE or width >= ROUND * height))


def _captions(pieces: _Pieces, kept: np.ndarray) -> np.ndarray:
    """Pieces of groups that are much lower than the others: lettering, a line's rest, a mark on the paper."""
    from scipy import ndimage

    tallest = pieces.heights[kept].max()
    if pieces.heights[kept].min() >= LOW_GROUP * tallest:
        return np.zeros_like(kept)
    written = kept[pieces.labels]
    away = ndimage.distance_transform_edt(~written)
    groups, count = ndimage.label(away <= NEAR * tallest / 2, structure=EIGHT)
    group_of = np.zeros(len(kept), int)
    group_of[pieces.labels[written]] = groups[written]
    tops, bottoms = np.full(count + 1, np.inf), np.full(count + 1, -np.inf)
    np.minimum.at(tops, group_of[kept], pieces.boxes[kept, 1])
    np.maximum.at(bottoms, group_of[kept], pieces.boxes[kept, 3])
    heights = bottoms - tops
    low = heights < LOW_GROUP * heights.max()
    if not low.any():
        return np.zeros_like(kept)
    high = ~low[group_of] & kept
    from_high = ndimage.distance_transform_edt(~high[pieces.labels])
    nearest = ndimage.minimum(from_high, groups, np.arange(count + 1))
    members = np.bincount(group_of[kept], minlength=count + 1)
    return kept & (low & ((nearest > FAR * heights.max()) | (members >= CAPTION)))[group_of]


def _underlines(pieces: _Pieces, kept: np.ndarray) -> np.ndarray:
    """Flat pieces under all others, apart from them and as wide: a 2 stands on its foot, a display's bars are short."""
    flat = kept & (pieces.heights < FLAT * pieces.widths)
    upright = kept & ~flat
    if not upright.any():
        return np.zeros_like(kept)
    width = np.ptp(pieces.boxes[upright][:, [0, 2]])
    bottom = pieces.boxes[upright, 3].max()
    apart = pieces.boxes[:, 1] - bottom > UNDER * pieces.heights[upright].max()
    return flat & apart & (pieces.widths >= width)


def _specks(pieces: _Pieces, kept: np.ndarray) -> np.ndarray:
    return pieces.sizes < max(1, SPECK * pieces.sizes[kept].max())
