"""How far digits may change before a network misreads them: robustness() -> Robustness."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from digits.data.data_set import DataSet
from digits.errors import DigitsError
from digits.evaluation.report import inks_of
from digits.ink.pictures import from_image
from digits.reading.recognizer import Recognizer

ENOUGH = 0.95  # the accuracy that a curve falls under
SHEET, LONG_SIDE = 160, 80  # pixels of a picture's side, and of the long side of the digit in its middle
PAPER, PEN = 245, 40  # grey levels
LINE_SPACING, LINE_WIDTH = 40, 2  # pixels, of ruled paper
PHOTOGRAPH = {"lines": 60, "perspective": 20, "noise": 10, "shadow": 50}  # %, of a bad one
WAYS = [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)]  # to the sides and the corners


@dataclass(frozen=True)
class Curve:
    """Accuracy against one kind of change."""

    axis: str
    unit: str
    start: float
    """The value from which the change goes up and down: no change at all, or for the pen MNIST's own."""
    values: list[float]
    """Rising."""
    accuracies: list[float]
    """One a value, in [0, 1]."""
    n: int

    @property
    def falls_below_95(self) -> tuple[float | None, float | None]:
        """The first values under 95 % on the way down and up from the start; None where there is none."""
        fallen = [value for value, accuracy in zip(self.values, self.accuracies, strict=True) if accuracy < ENOUGH]
        down, up = [v for v in fallen if v <= self.start], [v for v in fallen if v >= self.start]
        return max(down, default=None), min(up, default=None)


@dataclass(frozen=True)
class Robustness:
    """Curves of accuracy, all on the same digits."""

    n: int
    accuracy: float
    """Of the ink as it came, before it was made a picture."""
    curves: dict[str, Curve]
    """By axis."""

    def to_json(self) -> dict:
        curves = {name: {**vars(curve), "falls_below_95": curve.falls_below_95} for name, curve in self.curves.items()}
        return {"n": self.n, "accuracy": self.accuracy, "picture": SHEET, "long_side": LONG_SIDE, "curves": curves}


def subset(data: DataSet, count: int = 500, seed: int = 0) -> tuple[Tensor, Tensor]:
    """`count` examples of the data (all, where it has fewer), chosen by the seed -> ink (N, 1, 28, 28) and labels (N,).

    Raises DigitsError for fewer than 1, and for an example that cannot be read, naming it.
    """
    if count < 1:
        raise DigitsError(f"The number of examples is {count:,}; wanted at least 1.")
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(len(data.labels))[:count])
    return inks_of(data, chosen), data.labels[torch.from_numpy(chosen)]


def robustness(
    recognizer: Recognizer,
    images: Tensor,
    labels: Tensor,
    progress: Callable[[float], None] | None = None,
    seed: int = 0,
) -> Robustness:
    """Ink (N, 1, 28, 28) in [0, 1] and labels (N,) -> accuracy as the digits are turned, resized, moved and so on.

    Every digit is scaled up to a dark one of LONG_SIDE pixels on a light sheet of SHEET, which is changed as `AXES` say
    and read as a visitor's picture would be (`digits.ink.pictures.from_image`). It counts by its likeliest digit; one
    without ink counts as wrong. `progress` is called with the share done, in [0, 1].
    """
    right = [np.zeros(len(axis.values), int) for axis in AXES]
    plain = 0
    for k, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        if image.any():
            example = _Example(image[0].numpy(), np.random.default_rng((seed, k)))
            pictures = [axis.change(example, value) for axis in AXES for value in axis.values]
            read = _digits(recognizer, torch.stack([image, *map(from_image, pictures)])) == label
            plain += int(read[0])
            ends = np.cumsum([len(axis.values) for axis in AXES])
            for counts, some in zip(right, np.split(read[1:], ends[:-1]), strict=True):
                counts += some
        if progress:
            progress((k + 1) / len(labels))
    n = len(labels)
    curves = {
        axis.name: Curve(axis.name, axis.unit, axis.start, list(axis.values), (counts / n).tolist(), n)
        for axis, counts in zip(AXES, right, strict=True)
    }
    return Robustness(n, plain / n, curves)


def _digits(recognizer: Recognizer, inks: Tensor) -> np.ndarray:
    """The likeliest digits, int (N,); -1 for blanks."""
    probabilities, _ = recognizer.scores(inks)
    return np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), -1)


class _Example:
    """What an example's pictures are made of."""

    def __init__(self, ink: np.ndarray, generator: np.random.Generator) -> None:
        """Ink (28, 28) in [0, 1] with some; the generator decides all that is left to chance."""
        from scipy import ndimage

        self.generator = generator
        self.digit = _enlarged(ink)
        self.way = WAYS[generator.integers(len(WAYS))]  # where it moves to, where the shadow is, which side is far
        self.spot = generator.random(2)  # the middle of what is rubbed out, in shares of the digit's width and height
        strength = _on_sheet(self.digit)
        line = skeleton(strength > strength.max() / 2)
        self.centre_line = ndimage.distance_transform_edt(~line)  # each pixel's distance to the middle of the stroke
        self.centre_line_side = max(np.ptp(places) for places in np.nonzero(line)) + 1
        self.first_line = generator.uniform(0, LINE_SPACING)
        light, dark = generator.uniform(0.7, 1, 3), generator.uniform(0, 0.4, 3)  # of a photograph, RGB
        self.paper, self.pen = (light, dark) if generator.random() < 0.7 else (dark, light)


def _enlarged(ink: np.ndarray) -> Image.Image:
    """Ink (28, 28) with some -> its box alone, grey (255 where it is inked), the long side LONG_SIDE pixels."""
    grey = Image.fromarray(np.rint(ink / ink.max() * 255).astype(np.uint8))
    return _scaled(grey.crop(grey.getbbox()), LONG_SIDE)


def _scaled(digit: Image.Image, long_side: float) -> Image.Image:
    scale = long_side / max(digit.size)
    return digit.resize([max(1, round(side * scale)) for side in digit.size], Image.Resampling.BICUBIC)


def _on_sheet(digit: Image.Image, x: float = 0, y: float = 0) -> np.ndarray:
    """The digit's middle at (x, y), in shares of its way from the sheet's middle to the edges -> (SHEET, SHEET)."""
    sheet = Image.new("L", (SHEET, SHEET))
    place = [round((SHEET - size) / 2 * (1 + share)) for size, share in zip(digit.size, (x, y), strict=True)]
    sheet.paste(digit, tuple(place))
    return np.asarray(sheet, dtype=np.float32) / 255


def _painted(strength: np.ndarray, noise: float | np.ndarray = 0) -> np.ndarray:
    """How much each pixel is ink, in [0, 1] -> a picture, uint8 (SHEET, SHEET). Noise is in shares of the contrast."""
    return np.rint(PAPER + (PEN - PAPER) * (strength + noise)).clip(0, 255).astype(np.uint8)


def _turned(example: _Example, degrees: float) -> np.ndarray:
    return _painted(_on_sheet(example.digit.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)))


def _resized(example: _Example, percent: float) -> np.ndarray:
    return _painted(_on_sheet(_scaled(example.digit, SHEET * percent / 100)))


def _moved(example: _Example, percent: float) -> np.ndarray:
    x, y = example.way
    return _painted(_on_sheet(example.digit, x * percent / 100, y * percent / 100))


def _redrawn(example: _Example, percent: float) -> np.ndarray:
    """With a round pen along the middle of its stroke."""
    share = percent / 100
    width = example.centre_line_side * share / (1 - share)  # the pen adds its own width to the digit's height
    return _painted((width / 2 + 0.5 - example.centre_line).clip(0, 1))


def _noisy(example: _Example, percent: float) -> np.ndarray:
    return _painted(_on_sheet(example.digit), percent / 100 * example.generator.standard_normal((SHEET, SHEET)))


def _covered(example: _Example, percent: float) -> np.ndarray:
    digit = example.digit.copy()
    half = LONG_SIDE * percent / 100 / 2
    x, y = example.spot * digit.size
    digit.paste(0, (round(x - half), round(y - half), round(x + half), round(y + half)))
    return _painted(_on_sheet(digit))


def _shaded(example: _Example, percent: float) -> np.ndarray:
    """The light falls off evenly to one side or corner, where `percent` of it is missing."""
    return np.rint(_painted(_on_sheet(example.digit)) * _light(example, percent)).astype(np.uint8)


def _light(example: _Example, percent: float) -> np.ndarray:
    """How much light there is, (SHEET, SHEET): 1 where it is brightest."""
    y, x = np.mgrid[-1 : 1 : SHEET * 1j, -1 : 1 : SHEET * 1j]
    towards = (x * example.way[0] + y * example.way[1]) / np.abs(example.way).sum()  # -1 to 1
    return 1 - percent / 100 * (towards + 1) / 2


def _ruled(example: _Example, percent: float) -> np.ndarray:
    """On paper with lines as dark as `percent` of the pen."""
    return _painted(np.maximum(_on_sheet(example.digit), _lines(example, percent)))


def _lines(example: _Example, percent: float) -> np.ndarray:
    rows = (np.arange(SHEET) - example.first_line) % LINE_SPACING < LINE_WIDTH
    return np.where(rows, percent / 100, 0)[:, None]


def _aslant(example: _Example, percent: float) -> np.ndarray:
    return _painted(_seen_aslant(example, _on_sheet(example.digit), percent))


def _seen_aslant(example: _Example, strength: np.ndarray, percent: float) -> np.ndarray:
    """Strength (SHEET, SHEET) seen from one side or corner: what is far is smaller by up to `percent`."""
    x, y = np.array(example.way) / np.abs(example.way).sum() * percent / 100 / (2 - percent / 100)
    half = SHEET / 2
    # u = half + (u' - half) / w with w = 1 + x (u' - half) / half + y (v' - half) / half, as PIL writes it
    a, b, w = x / half, y / half, 1 - x - y
    scale = np.array([1 + half * a, half * b, half * w - half, half * a, 1 + half * b, half * w - half, a, b]) / w
    sheet = Image.fromarray(np.rint(strength * 255).astype(np.uint8))
    seen = sheet.transform(sheet.size, Image.Transform.PERSPECTIVE, scale.tolist(), Image.Resampling.BICUBIC)
    return np.asarray(seen, dtype=np.float32) / 255


def _photographed(example: _Example, percent: float) -> np.ndarray:
    """In any two colours, and with lines, perspective, shadow and noise, at 100 % as PHOTOGRAPH says:
    (SHEET, SHEET, 3).
    """
    much = {name: value * percent / 100 for name, value in PHOTOGRAPH.items()}
    strength = np.maximum(_on_sheet(example.digit), _lines(example, much["lines"]))
    strength = _seen_aslant(example, strength, much["perspective"])
    strength = strength + much["noise"] / 100 * example.generator.standard_normal(strength.shape)
    picture = example.paper + (example.pen - example.paper) * strength[..., None]
    return np.rint(255 * picture * _light(example, much["shadow"])[..., None]).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Axis:
    """One kind of change: `change` makes a picture, uint8 (SHEET, SHEET) or (SHEET, SHEET, 3), of an example and a
    value."""

    name: str
    unit: str
    start: float
    values: tuple[float, ...]
    change: Callable[[_Example, float], np.ndarray]


ANGLES = (-90, -60, -45, -35, -30, -25, -15, 0, 15, 25, 30, 35, 45, 60, 90)
AXES = (
    Axis("rotation", "degrees clockwise", 0, ANGLES, _turned),
    Axis("size", "% of the picture's side", 50, (2.5, 5, 10, 25, 50, 100), _resized),
    Axis("position", "% of the way to an edge or a corner", 0, (0, 50, 100), _moved),
    Axis("pen", "% of the digit's long side", 12.5, (1.25, 2.5, 5, 12.5, 20, 25, 30), _redrawn),
    Axis("noise", "standard deviation, % of the contrast", 0, (0, 10, 20, 30, 40, 60), _noisy),
    Axis("occlusion", "side of a rubbed-out square, % of the long side", 0, (0, 10, 20, 30, 40, 50), _covered),
    Axis("shadow", "% of the light missing at one side", 0, (0, 20, 40, 60, 80), _shaded),
    Axis("ruled paper", "darkness of its lines, % of the pen's", 0, (0, 20, 40, 60, 80, 100), _ruled),
    Axis("perspective", "how much smaller the far side is, %", 0, (0, 10, 20, 30, 40), _aslant),
    Axis("photograph", "% of a bad one's faults, all together", 0, (0, 25, 50, 75, 100), _photographed),
)


def _thinning_tables() -> list[np.ndarray]:
    """For each half of a step, whether a pixel goes, bool (256,), by its neighbours as bits, clockwise from above."""
    above, right, below, left = 0, 2, 4, 6
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    count = bits.sum(axis=1)
    beginnings = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(axis=1)
    edge = (count >= 2) & (count <= 6) & (beginnings == 1)
    return [
        edge & ~bits[:, [above, right, below]].all(axis=1) & ~bits[:, [right, below, left]].all(axis=1),
        edge & ~bits[:, [above, right, left]].all(axis=1) & ~bits[:, [above, below, left]].all(axis=1),
    ]


THINNING_TABLES = _thinning_tables()
NEIGHBOURS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.uint8)


def skeleton(mask: np.ndarray) -> np.ndarray:
    """The middle of what is true, one pixel wide and as connected (Zhang and Suen 1984): bool (H, W), as it came."""
    from scipy import ndimage

    mask = mask.copy()
    while True:
        before = mask.sum()
        for goes in THINNING_TABLES:
            mask &= ~goes[ndimage.correlate(mask.astype(np.uint8), NEIGHBOURS, mode="constant")]
        if mask.sum() == before:
            return mask
