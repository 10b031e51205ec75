"""What is written in a picture: paper, shadow, ruled lines and specks are taken away, and the ink is left."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from digits.ink.geometry import bounds
from digits.ink.opening import PICTURE_MIN, as_picture

SLOPES = np.arange(-40, 41) / 500  # of ruled lines, up to 4.6 degrees

LINES_MAX = 12  # of different slopes, as lines seen aslant are

FULL_INK = 0.85  # quantile of the inked pixels' contrast that becomes 1

ENDS = 0.03  # of the picture's width, from either edge, in which a ruled line has ink

# Of a piece's long side, how much may lie on the picture's edge before the piece is taken for cut off: a solid one (a
# table, a shadow), and another (a frame, which lies along more than one edge).
CONTACT, AROUND = 0.45, 1.2

SOLID = 0.5  # of its box that a solid piece fills

LOW = 0.5  # of the highest piece's height: a lower one at the edge is no digit

WORKING_SIDE = 640  # pixels of a picture's long side while the digit is looked for


@dataclass(frozen=True)
class Found:
    """What stands out from the paper of a picture, cropped."""

    strength: np.ndarray
    """float32 (H, W): how much each pixel is ink, in [0, 1]."""
    left: int
    """Where it lies in the upright picture, in the picture's pixels."""
    top: int
    pixel: int
    """The picture's pixels a side that became one of these."""


def find(image: object) -> Found | None:
    """What is written in a picture, or None when nothing stands out from the paper. See `from_image`."""
    picture = as_picture(image)
    width, height = picture.size
    box = (0, 0, width, height)
    found = None
    for _ in range(3):
        sides = box[2] - box[0], box[3] - box[1]
        if min(sides) < PICTURE_MIN:
            break
        factor = max(1, min(-(-max(sides) // WORKING_SIDE), min(sides) // PICTURE_MIN))
        strength = _strength(_grey(picture.reduce(factor, box)))
        if not strength.any():
            break
        left, top, right, bottom = bounds(strength > 0.1)
        inked = strength[top:bottom, left:right]
        found = Found(inked, box[0] + left * factor, box[1] + top * factor, factor)
        long_side, short_side = max(inked.shape), min(inked.shape)
        if (inked > 0.5).mean() > 0.75 and short_side > max(strength.shape) // 4:
            margin = -long_side // 25  # a sheet of paper on a table: look at what is on it
        elif factor > 1 and long_side < WORKING_SIDE // 4:
            margin = long_side  # a small digit on a large sheet: look at it again, closer, with some paper around it
        else:
            break
        x, y = box[:2]
        box = (
            max(0, x + (left - margin) * factor),
            max(0, y + (top - margin) * factor),
            min(width, x + (right + margin) * factor),
            min(height, y + (bottom + margin) * factor),
        )
    return found


def _grey(picture: Image.Image) -> np.ndarray:
    """RGB or RGBA picture -> float32 (H, W): the colours' first principal component, light up, about [0, 1]."""
    pixels = np.asarray(picture, dtype=np.float32) / 255
    colours = pixels[..., :3]
    if picture.mode == "RGBA":
        alpha = pixels[..., 3:]
        if not alpha.any():
            return np.zeros(alpha.shape[:2], np.float32)
        seen = colours[alpha[..., 0] > 0.5] if (alpha > 0.5).any() else colours[alpha[..., 0] > 0]
        left, top, right, bottom = bounds(alpha[..., 0] > 0)
        fills = alpha[top:bottom, left:right].mean() > 0.6
        if fills and seen.std(axis=0).max() > 0.05:  # a picture with see-through parts: these are paper
            paper = np.median(seen, axis=0)
        else:  # ink on see-through paper
            paper = np.array(0.0 if seen.mean() > 0.5 else 1.0)
        colours = colours * alpha + paper * (1 - alpha)
    spread = np.cov(colours.reshape(-1, 3), rowvar=False)
    axis = np.linalg.eigh(spread)[1][:, -1].astype(np.float32)
    axis *= np.sign(axis.sum()) or 1
    return colours @ (axis / np.abs(axis).sum())


def _strength(grey: np.ndarray) -> np.ndarray:
    """How much each pixel is ink, float32 (H, W) in [0, 1]: paper, shadow, ruled lines and specks taken away."""
    from scipy import ndimage

    noise = np.median(np.abs(np.diff(grey, axis=1))) * 1.05  # standard deviation of Gaussian noise: 1.4826 / sqrt(2)
    if noise > 0.01:
        grey = ndimage.gaussian_filter(grey, 1)
    contrast = _contrast(grey)
    threshold = _otsu(contrast)
    mask = contrast > threshold
    if not mask.any() or mask.all():
        return np.zeros_like(contrast)
    low, high = np.median(contrast[~mask]), np.quantile(contrast[mask], FULL_INK)
    second = _otsu(contrast[mask])  # the first may have parted paper from lines and shadows
    strong = contrast > second
    if 0 < strong.sum() < mask.sum() and contrast[strong].mean() - low > 2 * (contrast[mask & ~strong].mean() - low):
        mask, high = strong, np.quantile(contrast[strong], FULL_INK)
    # Ink has edges: a step over a thirtieth of the picture. Soft shadows have none.
    reach = min(max(2, max(contrast.shape) // 30), min(contrast.shape) // 2)
    edge = max(np.abs(turned[reach:] - turned[:-reach]).max() for turned in (contrast, contrast.T))
    if high - low < max(0.08, 4 * noise) or edge < (high - low) / 3:
        return np.zeros_like(contrast)

    for _ in range(LINES_MAX):
        if not _rub_out_lines(mask) | _rub_out_lines(mask.T):
            break
    digit = _largest_group(mask)
    if not digit.any():
        return np.zeros_like(contrast)
    near = ndimage.binary_dilation(digit, iterations=2, structure=np.ones((3, 3), bool))
    return np.where(near, ((contrast - low) / (high - low)).clip(0, 1), 0).astype(np.float32)


def _contrast(grey: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper towards the ink, whichever of the two is the lighter."""
    from scipy import ndimage

    # Ink is the minority wherever it is, so the skewness about the local mean tells its side; shadows, soft or hard,
    # have next to none. Right for 40 of 40 MNIST training images in 28 of 29 guises (not on a sheet on a
    # dark table, which from_image treats in a second step).
    window = max(grey.shape) // 3
    deviation = grey - ndimage.uniform_filter(grey, window, mode="nearest")
    dark = (deviation**3).sum() < 0
    if not dark:
        grey = -grey
    ring = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(ring)
    contrast = (paper - grey).clip(0)
    reach = contrast.max()
    between = (contrast > 0.1 * reach) & (contrast < 0.4 * reach)
    if between.mean() < 0.1 and (np.abs(ring - paper) > 0.1 * reach).mean() < 0.15:  # even paper
        return contrast
    # Otherwise the paper is the picture without anything that is darker and narrower than the window.
    paper = ndimage.grey_closing(grey, size=(window, window), mode="nearest")
    return (paper - grey) / (paper.clip(0.2) if dark else 1)  # a shadow dims paper and ink by the same factor


def _otsu(values: np.ndarray) -> float:
    """The threshold with the largest variance between the two classes (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=256)
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = counts.cumsum(), counts.sum() - counts.cumsum()
    sums = (counts * middles).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.nan_to_num(between).argmax()])


def _rub_out_lines(mask: np.ndarray) -> bool:
    """Take straight lines that cross the picture from left to right out of the mask, in place -> whether it had any.

    Lines are rows that are mostly ink once the mask is sheared by the lines' common slope (a Hough transform of few
    slopes). What crosses a line, with ink above and below it, is kept.
    """
    height, width = mask.shape
    if width < 64:  # too small to tell a line from a digit's bar
        return False
    rows, columns = np.nonzero(mask)
    offsets = {slope: np.rint(slope * (np.arange(width) - width / 2)).astype(int) for slope in SLOPES}
    counts = {
        slope: np.bincount((rows - offset[columns]).clip(0, height - 1), minlength=height)
        for slope, offset in offsets.items()
    }
    slope = max(SLOPES, key=lambda slope: (counts[slope] ** 2).sum())
    edges = np.diff(np.r_[0, (counts[slope] > 0.7 * width).astype(int), 0])
    if not edges.any():
        return False
    positions, before = np.arange(width), np.count_nonzero(mask)
    for first, last in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        if last - first > height // 20:
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


def _largest_group(mask: np.ndarray) -> np.ndarray:
    """The digit among the connected pieces of the mask: the largest piece and its neighbours, without specks."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    inside = sizes.copy()
    for piece in _cut_off(labels):
        inside[piece] = 0
    if inside.max() > 0.1 * sizes.max():
        sizes = inside
    keep = sizes >= max(1, 0.02 * sizes.max())
    return keep[labels]


def _cut_off(labels: np.ndarray) -> list[int]:
    """Pieces that the picture's edge cuts off: a table, a shadow, a neighbour's line.

    A digit may touch the edge too, with an end or a bow: then little of it does, and it is as high as its neighbours.
    """
    from scipy import ndimage

    edges = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    touching = [np.bincount(edge, minlength=labels.max() + 1) for edge in edges]
    contact = np.sum(touching, axis=0)
    places = ndimage.find_objects(labels)
    whole = [max(place[0].stop - place[0].start, place[1].stop - place[1].start) for place in places]
    tallest = max((place[0].stop - place[0].start for place in places), default=1)
    found = []
    for piece in np.flatnonzero(contact):
        if piece == 0:
            continue
        place, length = places[piece - 1], whole[piece - 1]
        solid = (labels[place] == piece).mean() > SOLID
        along = contact[piece] > (CONTACT if solid else AROUND) * length
        if along or place[0].stop - place[0].start < LOW * tallest:
            found.append(int(piece))
    return found
