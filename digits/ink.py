"""A drawing (strokes or picture) becomes ink: float32 (1, 28, 28) in [0, 1], ink = 1, paper = 0, in MNIST's geometry.

MNIST's geometry (LeCun et al. 1998, "Gradient-based learning applied to document recognition", section III A): the
digit is scaled, its proportions kept, until its long side is 20 pixels, and centred in 28x28 by its centre of mass.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps

from digits.errors import DigitsError

SIDE = 28  # pixels a side of the ink
LONG_SIDE = 20  # pixels of the digit's long side
# Centre of mass in pixels from the left and top edge. Measured on MNIST's 60,000 training images: 14.51 and 14.50
# (pixel k covers k to k + 1), with the standard deviation of 0.29 that rounding to whole pixels leaves.
CENTRE = 14.5
FINE = 8  # drawn 8 times finer, then averaged
# Fine pixels, odd so that the pen is symmetric: 2.1 pixels of the ink. Accuracy in % of a CNN trained on MNIST with a
# light affine augmentation, mean of 2 seeds, on UNIPEN's 6,985 drawings, by the pen's width and the averaging filter:
#   pixels     1.6    1.9    2.1    2.4    2.6    2.9    3.1    3.4
#   bilinear  97.5   97.5   97.5   97.4   97.3   97.1   96.8   96.6
#   box       97.3   97.3   97.3   97.4   97.2   97.0   96.8   96.3
# 2.1 is the widest of the best; MNIST's own median is 2.5.
PEN = 17

STROKES_MAX, POINTS_MAX, COORDINATE_MAX = 1_000, 20_000, 1e9
PICTURE_MIN, PICTURE_MAX = 8, 8_000  # pixels a side
FILE_MAX = 20_000_000  # bytes
SLOPES = np.arange(-40, 41) / 500  # of ruled lines, up to 4.6 degrees
LINES_MAX = 12  # of different slopes, as lines seen aslant are
FULL_INK = 0.85  # quantile of the inked pixels' contrast that becomes 1
WORKING_SIDE = 640  # pixels of a picture's long side while the digit is looked for
# Pixels of the ink. Median stroke width of MNIST's training images: 2.5, and 1.3 to 4.8 for 98 % of them (n = 1,500).
WIDTH_MIN, WIDTH_MAX = 1.3, 4.8
WIDTH_THIN, WIDTH_THICK = 2.1, 3.5  # what thinner and thicker strokes become


def from_strokes(
    strokes, *, crop: bool = True, scale: bool = True, centre: bool = True, frame: float | None = None
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
        corner, factor, margin, size = np.zeros(2), box / frame, 0, (box, box)
    canvas = Image.new("L", size)
    draw = ImageDraw.Draw(canvas)
    for polyline in polylines:
        fine = np.rint(((polyline - corner) * factor).clip(-SIDE * FINE, 2 * SIDE * FINE)).astype(int) + margin
        moved = (fine[1:] != fine[:-1]).any(axis=1)
        path = [tuple(point) for point in fine[np.r_[True, moved]].tolist()]
        if len(path) > 1:
            draw.line(path, fill=255, width=PEN)
        for x, y in path:  # round joints and ends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return _place(np.asarray(canvas), Image.Resampling.BILINEAR, by_mass=centre)


def parse_strokes(strokes) -> list[np.ndarray]:
    """The strokes that have points, as float64 (n, 2) arrays. Raises DigitsError, see `from_strokes`."""
    wanted = "strokes must be a list of lists of (x, y) numbers"
    if not isinstance(strokes, (list, tuple, np.ndarray)):
        raise DigitsError(f"{wanted}, got {type(strokes).__name__}: pass [[(x, y), ...], ...].")
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


def _place(fine: np.ndarray, softness=Image.Resampling.BOX, step: int = 1, by_mass: bool = True) -> torch.Tensor:
    """Put a fine uint8 drawing with its centre of mass at CENTRE, or its middle in the middle, to `step` fine pixels,
    and average it to the ink.
    """
    mass = fine.sum(dtype=np.int64)
    if mass == 0:
        return torch.zeros(1, SIDE, SIDE)
    height, width = fine.shape
    if by_mass:
        x = fine.sum(axis=0, dtype=np.int64) @ (np.arange(width) + 0.5) / mass
        y = fine.sum(axis=1, dtype=np.int64) @ (np.arange(height) + 0.5) / mass
        place = [round((CENTRE * FINE - middle) / step) * step for middle in (x, y)]
    else:
        place = [(SIDE * FINE - size) // 2 for size in (width, height)]
    canvas = Image.new("L", (SIDE * FINE, SIDE * FINE))
    # A lopsided drawing (all its mass at one end) stays whole rather than exactly centred.
    canvas.paste(
        Image.fromarray(fine),
        tuple(min(max(at, 0), SIDE * FINE - size) for at, size in zip(place, (width, height), strict=True)),
    )
    return torch.from_numpy(np.asarray(canvas.resize((SIDE, SIDE), softness), dtype=np.float32) / 255)[None]


def from_image(image) -> torch.Tensor:
    """Find the one digit in a picture, whatever its colours, paper, light, size and place.

    image: PIL image, or uint8 or float ([0, 1]) array (H, W), (H, W, 3) or (H, W, 4), 8 to 8,000 pixels a side.
    Returns ink, float32 (1, 28, 28) in [0, 1]; all zeros when nothing stands out from the paper.
    Raises DigitsError for other types, shapes and sizes, and values that are NaN or out of range.
    """
    found = find(image)
    return torch.zeros(1, SIDE, SIDE) if found is None else from_strength(found.strength)


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


def find(image) -> Found | None:
    """What is written in a picture, or None when nothing stands out from the paper. See `from_image`."""
    picture = _as_picture(image)
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
        left, top, right, bottom = _bounds(strength > 0.1)
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


def _as_picture(image) -> Image.Image:
    """Check the input and make it a PIL picture in RGB or RGBA."""
    wanted = "an image must be a PIL image, or a uint8 or float array (H, W), (H, W, 3) or (H, W, 4)"
    if isinstance(image, Image.Image):
        _check_size(*image.size)
        image = ImageOps.exif_transpose(image)
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            values = np.asarray(image).astype(np.float32)
            if not np.isfinite(values).all():
                raise DigitsError("A picture's values must be finite, got NaN or infinity: replace them.")
            unit = image.mode == "F" and values.max() <= 1
            white = 1 if unit else max(255, values.max())  # these modes name no white of their own
            image = Image.fromarray((values.clip(0) * (255 / white)).astype(np.uint8))
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not isinstance(image, np.ndarray):
        raise DigitsError(f"{wanted}, got {type(image).__name__}: convert it.")
    if image.ndim not in (2, 3) or image.ndim == 3 and image.shape[2] not in (3, 4):
        raise DigitsError(f"{wanted}, got shape {image.shape}: pass one picture, channels last.")
    _check_size(image.shape[1], image.shape[0])
    if image.dtype.kind == "f":
        if not (image >= 0).all() or not (image <= 1).all():
            raise DigitsError("A float image must lie in [0, 1], got values outside or NaN: divide by 255 or clip.")
        image = np.rint(image * 255).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise DigitsError(f"{wanted}, got {image.dtype}: convert it to uint8.")
    picture = Image.fromarray(np.ascontiguousarray(image))
    return picture if picture.mode == "RGBA" else picture.convert("RGB")


def _check_size(width: int, height: int) -> None:
    if min(width, height) < PICTURE_MIN or max(width, height) > PICTURE_MAX:
        raise DigitsError(
            f"A picture must be {PICTURE_MIN} to {PICTURE_MAX:,} pixels a side, got {width} x {height}: resize it."
        )


def _grey(picture: Image.Image) -> np.ndarray:
    """RGB or RGBA picture -> float32 (H, W): the colours' first principal component, light up, about [0, 1]."""
    pixels = np.asarray(picture, dtype=np.float32) / 255
    colours = pixels[..., :3]
    if picture.mode == "RGBA":
        alpha = pixels[..., 3:]
        if not alpha.any():
            return np.zeros(alpha.shape[:2], np.float32)
        seen = colours[alpha[..., 0] > 0.5] if (alpha > 0.5).any() else colours[alpha[..., 0] > 0]
        left, top, right, bottom = _bounds(alpha[..., 0] > 0)
        fills = alpha[top:bottom, left:right].mean() > 0.6
        if fills and seen.std(axis=0).max() > 0.05:  # a picture with see-through parts: these are paper
            paper = np.median(seen, axis=0)
        else:  # ink on see-through paper
            paper = 0.0 if seen.mean() > 0.5 else 1.0
        colours = colours * alpha + paper * (1 - alpha)
    spread = np.cov(colours.reshape(-1, 3), rowvar=False)
    axis = np.linalg.eigh(spread)[1][:, -1].astype(np.float32)
    axis *= np.sign(axis.sum()) or 1
    return colours @ (axis / np.abs(axis).sum())


def _bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is true (right and bottom exclusive)."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


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
    every, before = np.arange(width), np.count_nonzero(mask)
    for first, last in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        if last - first > height // 20:
            continue
        above, below = first - 1, last  # the line's soft edges go with it
        inked = [mask[(row + offsets[slope]).clip(0, height - 1), every] for row in (above - 1, below + 1)]
        crossed = inked[0] & inked[1]
        for row in range(above, below + 1):
            where = (row + offsets[slope]).clip(0, height - 1)
            mask[where, every] &= crossed
    return np.count_nonzero(mask) < before


def _largest_group(mask: np.ndarray) -> np.ndarray:
    """The digit among the connected pieces of the mask: the largest piece and its neighbours, without specks."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inside = sizes.copy()
    inside[border] = 0
    if inside.max() > 0.1 * sizes.max():
        sizes = inside
    keep = sizes >= max(1, 0.02 * sizes.max())
    return keep[labels]


def from_strength(strength: np.ndarray) -> torch.Tensor:
    """One digit's strength, float32 (H, W) in [0, 1], cropped -> ink (1, 28, 28).

    Its long side becomes 20 pixels, its stroke's width one that MNIST has, and it is centred.
    """
    from scipy import ndimage

    height, width = strength.shape
    grey = Image.fromarray(np.rint(strength * 255).astype(np.uint8))
    scale = LONG_SIDE * FINE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fine = np.asarray(grey.resize(size, Image.Resampling.BICUBIC))
    if not fine.any():
        return torch.zeros(1, SIDE, SIDE)
    padded = np.pad(fine > fine.max() / 2, FINE * 4)  # a hairline is grey at this size
    inside = ndimage.distance_transform_edt(padded)
    ridge = padded & (inside == ndimage.maximum_filter(inside, size=5))
    stroke_width = 2 * np.median(inside[ridge]) / FINE
    if WIDTH_MIN <= stroke_width <= WIDTH_MAX:
        if abs(max(height, width) - LONG_SIDE) <= 2:  # already MNIST's size: keep its pixels
            return _place(np.kron(np.asarray(grey), np.ones((FINE, FINE), np.uint8)), step=FINE)
        return _place(fine)
    # Move the edges so that, scaled to 20 pixels again, the stroke has the wanted width. Where that would leave
    # nothing of a stroke that is thinner than the others, its ridge stays.
    wanted = min(max(stroke_width, WIDTH_THIN), WIDTH_THICK)
    move = (wanted - stroke_width) / 2 / (1 - wanted / LONG_SIDE) * FINE
    if move > 0:
        drawn = ndimage.distance_transform_edt(~padded) < move
    else:
        drawn = (inside > -move) | (ndimage.distance_transform_edt(~ridge) < wanted / 2 * FINE)
    left, top, right, bottom = _bounds(drawn)
    drawn = Image.fromarray(drawn[top:bottom, left:right].astype(np.uint8) * 255)
    scale = LONG_SIDE * FINE / max(drawn.size)
    drawn = drawn.resize([max(1, round(side * scale)) for side in drawn.size])
    return _place(np.asarray(drawn), Image.Resampling.BILINEAR)


def open_image(source) -> Image.Image:
    """Open a picture file that nobody vouches for.

    source: path or binary file; PNG, JPEG, WEBP, GIF, BMP or TIFF, at most 20 MB and 8 to 8,000 pixels a side.
    Returns the first frame, decoded and upright. Raises DigitsError when there is no such file or picture.
    """
    is_path = isinstance(source, (str, Path))
    if not is_path and not hasattr(source, "seek"):
        raise DigitsError(f"A picture is opened from a path or a binary file, got {type(source).__name__}: pass one.")
    name = Path(source).name if is_path else "the file"
    try:
        if is_path:
            size = Path(source).stat().st_size
        else:
            size = source.seek(0, 2)
            source.seek(0)
        if size > FILE_MAX:
            raise DigitsError(f"A picture file may have at most 20 MB, {name} has {size / 1e6:.0f}: make it smaller.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked here
            with Image.open(source, formats=["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]) as image:
                _check_size(*image.size)  # from the header: nothing is decoded yet
                return ImageOps.exif_transpose(image).copy()
    except DigitsError:
        raise
    except FileNotFoundError:
        raise DigitsError(f"There is no file {name}: check the path.") from None
    except Image.DecompressionBombError:
        raise DigitsError(
            f"A picture must be {PICTURE_MIN} to {PICTURE_MAX:,} pixels a side, {name} is far larger: resize it."
        ) from None
    except Exception as error:  # Pillow's decoders raise many kinds on broken files
        raise DigitsError(f"{name} is no picture that can be read: use PNG or JPEG.") from error
