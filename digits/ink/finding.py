"""What is written in a picture: paper, shadow, ruled lines and specks are taken away, and the ink is left."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from digits.ink.choosing import EIGHT, choose_writing, drop_frames, find_things_at_the_edge
from digits.ink.geometry import bounds
from digits.ink.lines import rub_out_lines
from digits.ink.opening import PICTURE_MIN, as_picture

FULL_INK = 0.85  # quantile of the inked pixels' contrast that becomes 1

# Parts of a stroke may have as little as FAINT of its contrast, and be AS_THIN times as thick at most.
FAINT, AS_THIN = 0.25, 2.0

ALIKE = 1e-4  # of grey values: a fortieth of a step of 8 bits
NOISY = 0.01  # the standard deviation of a picture's noise from which it is smoothed first

VERY_NOISY = 0.15  # and from which it is smoothed twice as far

THINGS_MAX = 2  # at the picture's edge, one darker than the other

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
        left, top, right, bottom = bounds(_largest(alpha[..., 0] > 0))
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


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected piece of what is true, bool (H, W), of which something is."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask)
    return np.asarray(labels == np.bincount(labels[mask]).argmax())


def _strength(grey: np.ndarray) -> np.ndarray:
    """How much each pixel is ink, float32 (H, W) in [0, 1]: paper, shadow, ruled lines and specks taken away."""
    from scipy import ndimage

    noise = np.median(np.abs(np.diff(grey, axis=1))) * 1.05  # standard deviation of Gaussian noise: 1.4826 / sqrt(2)
    if noisy := noise > NOISY:
        sigma = 1 if noise < VERY_NOISY else 2
        grey = ndimage.gaussian_filter(grey, sigma)
        noise /= 2 * np.sqrt(np.pi) * sigma  # what is left of it
    contrast = _contrast(grey)
    ink = _separate(contrast, noise)
    if ink is None:
        return np.zeros_like(contrast)
    for _ in range(THINGS_MAX):  # a phone or a table is darker than ink, so that the ink is found without it
        things = find_things_at_the_edge(ink.mask)
        if not things.any():
            break
        things = ndimage.binary_dilation(things, iterations=max(2, max(contrast.shape) // 100))
        without = np.where(things, np.median(contrast[~ink.mask]), contrast)
        next_ink = _separate(without, noise)
        if next_ink is None:
            break
        contrast, ink = without, next_ink
    if not noisy:  # else lines and shadows are as faint as the ink's faint parts
        ink = _with_faint_parts(ink, contrast, noise)
    mask = drop_frames(ink.mask)  # before a cell's lines go, which would leave its sides
    rub_out_lines(mask)
    digit = choose_writing(mask)
    if not digit.any():
        return np.zeros_like(contrast)
    near = ndimage.binary_dilation(digit, iterations=2, structure=EIGHT)
    return np.where(near, ((contrast - ink.low) / (ink.high - ink.low)).clip(0, 1), 0).astype(np.float32)


class _Ink(NamedTuple):
    mask: np.ndarray  # bool (H, W)
    low: float  # the contrast of paper
    high: float | np.ndarray  # the contrast of full ink, everywhere or (H, W)


def _separate(contrast: np.ndarray, noise: float) -> _Ink | None:
    """Contrast (H, W) and the standard deviation of its noise -> what is ink; None where nothing stands out."""
    threshold = _otsu(contrast)
    mask = contrast > threshold
    if not mask.any() or mask.all():
        return None
    low, high = np.median(contrast[~mask]), np.quantile(contrast[mask], FULL_INK)
    second = _otsu(contrast[mask])  # the first may have parted paper from lines and shadows
    strong = contrast > second
    if 0 < strong.sum() < mask.sum() and contrast[strong].mean() - low > 2 * (contrast[mask & ~strong].mean() - low):
        mask, high = strong, np.quantile(contrast[strong], FULL_INK)
    # Ink has edges: a step over a thirtieth of the picture. Soft shadows have none.
    reach = min(max(2, max(contrast.shape) // 30), min(contrast.shape) // 2)
    edge = max(np.abs(turned[reach:] - turned[:-reach]).max() for turned in (contrast, contrast.T))
    if high - low < max(0.04, 6 * noise) or edge < (high - low) / 3:
        return None
    return _Ink(mask, low, high)


def _with_faint_parts(ink: _Ink, contrast: np.ndarray, noise: float) -> _Ink:
    """The ink with the faint parts of its strokes, and full ink then what is darkest near by.

    They belong to pieces as thin as strokes are, which the picture's edge does not cut off as it does lines and
    shadows.
    """
    from scipy import ndimage

    texture = np.quantile(contrast[~ink.mask], 0.8) - ink.low  # of the paper: folds, stains, what shows through
    least = max(FAINT * (ink.high - ink.low), 4 * noise, 3 * texture)
    labels, count = ndimage.label(contrast > ink.low + least, structure=EIGHT)
    beyond = ~ndimage.binary_dilation(ink.mask, iterations=2, structure=EIGHT)
    wanted = np.zeros(count + 1, bool)
    wanted[np.intersect1d(labels[ink.mask], labels[beyond])] = True
    wanted[0] = False
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        wanted[edge] = False
    if not wanted.any():
        return ink
    thickness = ndimage.distance_transform_edt(wanted[labels])
    wanted &= ndimage.maximum(thickness, labels, np.arange(count + 1)) <= AS_THIN * _thickness(ink.mask)
    if not wanted.any():
        return ink
    whole = ink.mask | wanted[labels]
    around = 1 + 4 * round(_thickness(whole))  # pixels a side, in which a stroke is as dark as it gets
    darkest = ndimage.maximum_filter(np.where(whole, contrast, ink.low), size=around)
    return _Ink(whole, ink.low, darkest.clip(ink.low + FAINT * (ink.high - ink.low)))


def _thickness(mask: np.ndarray) -> float:
    """Half the width of the thickest stroke, in pixels."""
    from scipy import ndimage

    return float(ndimage.distance_transform_edt(mask).max())


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
    """The threshold with the largest variance between the two classes (Otsu 1979); below all where they are alike."""
    if np.ptp(values) < ALIKE:  # but for rounding, which no histogram can part
        return float(values.min()) - ALIKE
    counts, edges = np.histogram(values, bins=256)
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = counts.cumsum(), counts.sum() - counts.cumsum()
    sums = (counts * middles).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][np.nan_to_num(between).argmax()])
