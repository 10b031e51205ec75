"""A digit as pictures that are turned, resized, moved, redrawn, speckled, hidden, shaded, ruled and seen aslant."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from digits.evaluation.skeleton import skeleton

SHEET, LONG_SIDE = 160, 80  # pixels of a picture's side, and of the long side of the digit in its middle
PAPER, PEN = 245, 40  # grey levels
LINE_SPACING, LINE_WIDTH = 40, 2  # pixels, of ruled paper
PHOTOGRAPH = {"lines": 60, "perspective": 20, "noise": 10, "shadow": 50}  # %, of a bad one
WAYS = [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)]  # to the sides and the corners


class Example:
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
    left, top = (round((SHEET - size) / 2 * (1 + share)) for size, share in zip(digit.size, (x, y), strict=True))
    sheet.paste(digit, (left, top))
    return np.asarray(sheet, dtype=np.float32) / 255


def _painted(strength: np.ndarray, noise: float | np.ndarray = 0) -> np.ndarray:
    """How much each pixel is ink, in [0, 1] -> a picture, uint8 (SHEET, SHEET). Noise is in shares of the contrast."""
    return np.rint(PAPER + (PEN - PAPER) * (strength + noise)).clip(0, 255).astype(np.uint8)


def _turned(example: Example, degrees: float) -> np.ndarray:
    return _painted(_on_sheet(example.digit.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)))


def _resized(example: Example, percent: float) -> np.ndarray:
    return _painted(_on_sheet(_scaled(example.digit, SHEET * percent / 100)))


def _moved(example: Example, percent: float) -> np.ndarray:
    x, y = example.way
    return _painted(_on_sheet(example.digit, x * percent / 100, y * percent / 100))


def _redrawn(example: Example, percent: float) -> np.ndarray:
    """With a round pen along the middle of its stroke."""
    share = percent / 100
    width = example.centre_line_side * share / (1 - share)  # the pen adds its own width to the digit's height
    return _painted((width / 2 + 0.5 - example.centre_line).clip(0, 1))


def _noisy(example: Example, percent: float) -> np.ndarray:
    return _painted(_on_sheet(example.digit), percent / 100 * example.generator.standard_normal((SHEET, SHEET)))


def _covered(example: Example, percent: float) -> np.ndarray:
    digit = example.digit.copy()
    half = LONG_SIDE * percent / 100 / 2
    x, y = example.spot * digit.size
    digit.paste(0, (round(x - half), round(y - half), round(x + half), round(y + half)))
    return _painted(_on_sheet(digit))


def _shaded(example: Example, percent: float) -> np.ndarray:
    """The light falls off evenly to one side or corner, where `percent` of it is missing."""
    return np.rint(_painted(_on_sheet(example.digit)) * _light(example, percent)).astype(np.uint8)


def _light(example: Example, percent: float) -> np.ndarray:
    """How much light there is, (SHEET, SHEET): 1 where it is brightest."""
    y, x = np.mgrid[-1 : 1 : SHEET * 1j, -1 : 1 : SHEET * 1j]
    towards = (x * example.way[0] + y * example.way[1]) / np.abs(example.way).sum()  # -1 to 1
    return 1 - percent / 100 * (towards + 1) / 2


def _ruled(example: Example, percent: float) -> np.ndarray:
    """On paper with lines as dark as `percent` of the pen."""
    return _painted(np.maximum(_on_sheet(example.digit), _lines(example, percent)))


def _lines(example: Example, percent: float) -> np.ndarray:
    rows = (np.arange(SHEET) - example.first_line) % LINE_SPACING < LINE_WIDTH
    return np.where(rows, percent / 100, 0)[:, None]


def _aslant(example: Example, percent: float) -> np.ndarray:
    return _painted(_seen_aslant(example, _on_sheet(example.digit), percent))


def _seen_aslant(example: Example, strength: np.ndarray, percent: float) -> np.ndarray:
    """Strength (SHEET, SHEET) seen from one side or corner: what is far is smaller by up to `percent`."""
    x, y = np.array(example.way) / np.abs(example.way).sum() * percent / 100 / (2 - percent / 100)
    half = SHEET / 2
    # u = half + (u' - half) / w with w = 1 + x (u' - half) / half + y (v' - half) / half, as PIL writes it
    a, b, w = x / half, y / half, 1 - x - y
    scale = np.array([1 + half * a, half * b, half * w - half, half * a, 1 + half * b, half * w - half, a, b]) / w
    sheet = Image.fromarray(np.rint(strength * 255).astype(np.uint8))
    seen = sheet.transform(sheet.size, Image.Transform.PERSPECTIVE, scale.tolist(), Image.Resampling.BICUBIC)
    return np.asarray(seen, dtype=np.float32) / 255


def _photographed(example: Example, percent: float) -> np.ndarray:
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
    change: Callable[[Example, float], np.ndarray]


ANGLES = (-90, -60, -45, -35, -30, -25, -15, 0, 15, 25, 30, 35, 45, 60, 90)
AXES = (
    Axis("rotation", "degrees clockwise", 0, ANGLES, _turned),
    Axis("size", "% of the picture's side", 50, (2.5, 5, 10, 25, 50, 100), _resized),
    Axis("position", "% of the way to an edge or a corner", 0, (0, 50, 100), _moved),
    Axis("pen", "% of the digit's long side", 12.5, (1.25, 2.5, 5, 12.5, 20, 25, 30), _redrawn),
    Axis("noise", "standard deviation, % of the contrast", 0, (0, 10, 20, 30, 40, 50, 60), _noisy),
    Axis("occlusion", "side of a rubbed-out square, % of the long side", 0, (0, 10, 20, 30, 40, 50), _covered),
    Axis("shadow", "% of the light missing at one side", 0, (0, 20, 40, 60, 80), _shaded),
    Axis("ruled paper", "darkness of its lines, % of the pen's", 0, (0, 20, 40, 60, 80, 100), _ruled),
    Axis("perspective", "how much smaller the far side is, %", 0, (0, 10, 20, 30, 40), _aslant),
    Axis("photograph", "% of a bad one's faults, all together", 0, (0, 25, 50, 75, 100), _photographed),
)
