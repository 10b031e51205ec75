"""Ten digits the way the world writes them, by a hand that never draws the same digit twice.

MNIST was written in the United States. Flags and feet on the 1, slashes through the 0, bars through the 7, open and
one-stroke 4s, straight-legged and hooked 9s are rare or missing there, and common elsewhere. `handwriting` draws them,
with the plain ways too, through `digits.ink.strokes`: the pen that draws a visitor's strokes.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from digits.data.templates import OFTENER, RARE, TEMPLATES
from digits.errors import DigitsError
from digits.ink.geometry import SIDE
from digits.ink.pictures import from_strength
from digits.ink.strokes import from_strokes

PICTURE = 96  # pixels of the long side of a drawing that goes through `digits.ink.pictures`

SMALL = 11, 40  # pixels of the long side of one that is shrunk then, as canvases and thumbnails are

STEP = 0.03  # between the points of a line, in digit heights, before it is sampled as a screen would


class Variety(NamedTuple):
    """What hands and pens there are. Shares are of 1."""

    rare: bool
    """Whether people write the ways of RARE too, and those of OFTENER oftener."""
    as_pictures: float
    """Share that goes through `digits.ink.pictures`, where thick pens close holes and swallow flags."""
    pens: tuple[float, float]
    """Widths of the pens that drew these, in long sides, from and to."""
    small: float = 0
    """Share of the pictures that are shrunk to SMALL, and blur."""
    dotted: float = 0
    """Share of the pictures in which a fast mouse left dots, not a line."""


USUAL = Variety(rare=False, as_pictures=0.25, pens=(0.04, 0.2))
WIDE = Variety(rare=True, as_pictures=0.33, pens=(0.04, 0.22), small=0.3, dotted=0.04)


class Stroke(NamedTuple):
    """One stroke of a template."""

    points: np.ndarray  # float64 (K, 2), in digit heights about the digit's middle, y down
    corners: tuple[bool, ...]  # K
    ring: bool


@cache
def templates(digit: int) -> dict[str, tuple[Stroke, ...]]:
    """Name -> strokes, the ways of TEMPLATES[digit] and then those of RARE."""
    return {name: parse(texts) for name, (_, texts) in (TEMPLATES[digit] | RARE[digit]).items()}


def parse(texts: str) -> tuple[Stroke, ...]:
    """A template as TEMPLATES writes it -> its strokes."""
    return tuple(_stroke(text) for text in texts.split("|"))


def _stroke(text: str) -> Stroke:
    words = text.strip().removeprefix("@").split()
    points = np.array([word.rstrip("!").split(",") for word in words], dtype=np.float64) / 100 - 0.5
    return Stroke(points, tuple(word.endswith("!") for word in words), text.strip().startswith("@"))


@cache
def _shares(digit: int, rare: bool) -> np.ndarray:
    """Cumulative shares of the digit's templates, up to 1."""
    ways = TEMPLATES[digit] | (RARE[digit] if rare else {})
    weights = {name: weight for name, (weight, _) in ways.items()} | (OFTENER.get(digit, {}) if rare else {})
    sums = np.cumsum(list(weights.values()))
    return sums / sums[-1]


def handwriting(n: int, seed: int, variety: Variety = USUAL) -> tuple[Tensor, Tensor]:
    """Draw n digits, 0 to 9 in turn -> ink, uint8 (n, 28, 28), paper 0 and ink 255, and labels, int64 (n,).

    The first drawings of a seed are the same whatever n. About a minute for 100,000.
    """
    generator = np.random.default_rng(seed)
    ink = np.empty((n, SIDE, SIDE), np.uint8)
    labels = torch.arange(n) % 10
    for i in range(n):
        ink[i] = ink_of(draw(i % 10, generator, variety=variety), generator, variety)
    return torch.from_numpy(ink), labels


def ink_of(strokes: list[np.ndarray], generator: np.random.Generator, variety: Variety = USUAL) -> np.ndarray:
    """Strokes, as the pad gives them or, some of them, as a picture of them does -> ink, uint8 (28, 28)."""
    as_picture = generator.random() < variety.as_pictures
    drawn = _photographed(strokes, generator, variety) if as_picture else from_strokes(strokes)
    return np.rint(drawn[0].numpy() * 255).astype(np.uint8)


def _photographed(strokes: list[np.ndarray], generator: np.random.Generator, variety: Variety) -> Tensor:
    """Strokes drawn with a pen of any width, and found again in that picture -> ink (1, 28, 28)."""
    pen = round(PICTURE * generator.uniform(*variety.pens))
    points = np.concatenate(strokes)
    corner, extent = points.min(axis=0), max(np.ptp(points, axis=0).max(), 1e-6)
    size = np.rint(np.ptp(points, axis=0) / extent * PICTURE).astype(int) + pen + 1
    canvas = Image.new("L", tuple(size.tolist()))
    brush = ImageDraw.Draw(canvas)
    dotted = _happens(variety.dotted, generator)
    for stroke in strokes:
        line = (stroke - corner) / extent * PICTURE + pen / 2
        if dotted:
            line = _resampled(line, pen * generator.uniform(0.8, 1.4))
        path = [tuple(point) for point in line.tolist()]
        if not dotted:
            brush.line(path, fill=255, width=pen)
        for x, y in path:  # round joints and ends
            brush.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    if _happens(variety.small, generator):
        shrink = generator.uniform(*SMALL) / max(canvas.size)
        width, height = (max(1, round(side * shrink)) for side in canvas.size)
        canvas = canvas.resize((width, height), Image.Resampling.BOX)
    return from_strength(np.asarray(canvas, dtype=np.float32) / 255)


def _happens(share: float, generator: np.random.Generator) -> bool:
    """What never happens takes no random number: the drawings of a seed stay."""
    return share > 0 and generator.random() < share


def draw(
    digit: int, generator: np.random.Generator, template: str | None = None, variety: Variety = USUAL
) -> list[np.ndarray]:
    """Write a digit once -> strokes, float64 (n, 2) each, in digit heights, y down.

    `template` is a name in TEMPLATES[digit] or RARE; by default one is chosen, the common ones more often.
    Raises DigitsError if there is no such digit or template.
    """
    if digit not in TEMPLATES:
        raise DigitsError(f"There is no digit {digit!r} to draw; choose 0 to 9.")
    choices = templates(digit)
    if template is None:
        template = list(choices)[np.searchsorted(_shares(digit, variety.rare), generator.random(), side="right")]
    if template not in choices:
        raise DigitsError(
            f"There is no way of writing {digit} called {template!r}; choose one of {', '.join(choices)}."
        )
    return write(choices[template], generator)


def write(strokes: Sequence[Stroke], generator: np.random.Generator) -> list[np.ndarray]:
    """Write what a template says, as a hand would -> strokes, float64 (n, 2) each, in digit heights, y down."""
    strokes = [_begun(stroke, generator) for stroke in strokes]
    shape = _deformed(strokes, generator)
    lines = list(_lines(shape, [stroke.corners for stroke in strokes], generator))
    return _sampled(_lifted(lines, generator), generator)


def _begun(stroke: Stroke, generator: np.random.Generator) -> Stroke:
    """A ring gets its beginning, direction and end; other strokes stay."""
    if not stroke.ring:
        return stroke
    count = len(stroke.points)
    turn = 1 if generator.random() < 0.3 else -1  # most people go anticlockwise
    further = generator.choice([0, 1, 2, 3], p=[0.15, 0.6, 0.15, 0.1])  # points beyond all of them; 1 closes the ring
    order = (generator.integers(count) + turn * np.arange(count + further)) % count
    return Stroke(stroke.points[order], (False,) * len(order), True)


def _deformed(strokes: list[Stroke], generator: np.random.Generator) -> list[np.ndarray]:
    """The strokes' points with a writer's proportions, slant and carelessness."""
    normal = generator.standard_normal
    shape = np.concatenate([stroke.points for stroke in strokes])
    # Each point misses its place by a share of the distance to the next, so that small loops survive.
    near = np.concatenate([_spacing(stroke.points) for stroke in strokes])
    careless = min(0.08 * np.exp(0.5 * normal()), 0.2)
    shape = shape + careless * near.clip(max=0.4)[:, None] * normal(shape.shape)
    # Two slow waves move what is near each other together.
    for _ in range(2):
        wave = normal(2) * 4
        shape = shape + 0.03 * normal(2) * np.sin(shape @ wave + 2 * np.pi * generator.random())[:, None]
    x, y = shape.T
    waist, taper, bow, slant, tilt, width = normal(6) * [0.2, 0.2, 0.12, 0.22, 0.1, 0.22]
    x = x * (1 + taper.clip(-0.5, 0.5) * 2 * y) + bow * (0.25 - y**2)
    y = y + waist.clip(-0.6, 0.6) * (0.25 - y**2) + (tilt - 0.04) * x
    x = x * np.exp(width) - (slant + 0.12) * y
    return np.split(np.column_stack([x, y]), np.cumsum([len(stroke.points) for stroke in strokes])[:-1])


def _spacing(points: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearer of its neighbours, (K, 2) -> (K,)."""
    gaps = np.hypot(*(points[1:] - points[:-1]).T)
    return np.minimum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0]))


@cache
def _curve(corners: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices (S, K): their sum, the second times a roundness of about 1, takes K points to S along a curve.

    Cubic Hermite segments with Catmull-Rom tangents; at corners and ends each segment heads for its other end.
    """
    count = len(corners)
    straight, bent = [], []
    t = np.linspace(0, 1, 9)[:, None]
    unit = np.eye(count)
    for i in range(count - 1):
        heading = unit[i + 1] - unit[i]
        leaving = heading if i == 0 or corners[i] else (unit[i + 1] - unit[i - 1]) / 2
        arriving = heading if i == count - 2 or corners[i + 1] else (unit[i + 2] - unit[i]) / 2
        line = unit[i] + t * heading
        curve = (
            unit[i] * (2 * t**3 - 3 * t**2 + 1)
            + unit[i + 1] * (3 * t**2 - 2 * t**3)
            + leaving * (t**3 - 2 * t**2 + t)
            + arriving * (t**3 - t**2)
        )
        last = len(t) if i == count - 2 else -1
        straight.append(line[:last])
        bent.append((curve - line)[:last])
    return np.concatenate(straight), np.concatenate(bent)


def _lines(
    shape: list[np.ndarray], corners: list[tuple[bool, ...]], generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Points and corners -> lines (S, 2), a point every STEP, rounded and shaken by the hand that draws them."""
    roundness = np.clip(1 + 0.25 * generator.standard_normal(), 0.2, 1.3)
    haste = generator.choice([0, 0, 1, 2, 3])  # points either side over which a hand in a hurry smooths its corners
    tremor = 0.008 * np.exp(0.7 * generator.standard_normal())
    for points, corner in zip(shape, corners, strict=True):
        straight, bent = _curve(corner)
        line = straight @ points + roundness * (bent @ points)
        line = line + 0.02 * generator.standard_normal(2) * (len(shape) > 1)  # strokes meet where they can
        if generator.random() < 0.3:
            line = _longer(line, generator)
        line = _resampled(line, STEP)
        if haste:
            line = _smoothed(line, haste)
        knots = max(2, len(line) // 3)
        at, where = np.linspace(0, knots - 1, len(line)), np.arange(knots)
        shake = tremor * generator.standard_normal((2, knots))
        yield line + np.column_stack([np.interp(at, where, shake[0]), np.interp(at, where, shake[1])])


def _smoothed(line: np.ndarray, reach: int) -> np.ndarray:
    """A line (S, 2) whose points are means of up to `reach` neighbours either side, fewer near the ends, which stay."""
    at = np.arange(len(line))
    sides = np.minimum(reach, np.minimum(at, at[::-1]))
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(line, axis=0)])
    return (sums[at + sides + 1] - sums[at - sides]) / (2 * sides + 1)[:, None]


def _longer(line: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A line (S, 2) whose pen touched the paper a little too early or left it too late, straight on or in a hook."""
    for _ in range(2):
        line = line[::-1]
        if generator.random() < 0.25:
            continue
        if generator.random() < 0.4:
            heading = 0.7 * generator.standard_normal(2)
        else:
            heading = line[-1] - line[-3]
            heading = heading / max(np.hypot(*heading), 1e-9)
        line = np.concatenate([line, line[-1:] + heading * generator.uniform(0.02, 0.12)])
    return line


def _resampled(line: np.ndarray, step: float) -> np.ndarray:
    """A line (S, 2) with points about `step` apart, both ends kept."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*(line[1:] - line[:-1]).T))])
    at = np.linspace(0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])


def _lifted(lines: list[np.ndarray], generator: np.random.Generator) -> list[np.ndarray]:
    """Lines -> lines: some run into the next without lifting the pen, some break where the pen skips."""
    if len(lines) > 1 and generator.random() < 0.05:
        lines = [np.concatenate(lines[:2]), *lines[2:]]
    if len(lines) > 1 and generator.random() < 0.25:
        lines = [lines[i] for i in generator.permutation(len(lines))]
    if generator.random() < 0.15:
        lines = [line[::-1] for line in lines]
    whole, lines = lines, []
    for line in whole:
        if generator.random() < 0.04 and len(line) > 12:
            at, gap = generator.integers(5, len(line) - 5), generator.integers(1, 4)
            lines += [line[: at - gap], line[at + gap :]]
        else:
            lines.append(line)
    return lines


def _sampled(lines: list[np.ndarray], generator: np.random.Generator) -> list[np.ndarray]:
    """What a device makes of lines: a point now and then (few where the hand is fast), on a grid of pixels."""
    interval = generator.choice([1, 2, 3, 6], p=[0.5, 0.25, 0.15, 0.1])
    strokes = [np.concatenate([line[:-1:interval], line[-1:]]) for line in lines]
    if generator.random() < 0.2:  # a small drawing on a coarse screen
        pixel = generator.uniform(0.02, 0.06)
        strokes = [np.rint(stroke / pixel) * pixel for stroke in strokes]
    return strokes
