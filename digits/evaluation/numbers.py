"""How well a network reads whole numbers, composed of one hand's drawings: evaluate_numbers() -> NumberReport."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from digits.data.data_set import DataSet
from digits.errors import DigitsError
from digits.evaluation.report import Score
from digits.evaluation.statistics import wilson_interval
from digits.ink.strokes import parse_strokes
from digits.reading.recognizer import Recognizer

LENGTHS = range(1, 7)  # digits of a number
# A writer's drawings have lost their sizes and places to each other. What is put in their stead, in shares of the
# digits' height: a height with a standard deviation of 8 %, a baseline with one of 5 %, and between the boxes of two
# digits a gap of 22 +- 15 %, at least -15 %: 7 % of neighbours overlap in x, and in a picture 19 % are nearer to each
# other than the pen is wide.
HEIGHT_SPREAD, BASELINE_SPREAD = 0.08, 0.05
GAP, GAP_SPREAD, GAP_MIN = 0.22, 0.15, -0.15
HEIGHT = 100  # pixels of a digit in a picture
PEN, MARGIN = 9, 30


@dataclass(frozen=True)
class NumberReport:
    """An evaluation on whole numbers. A number is right when all its digits are, no more and no fewer."""

    data: str
    pictures: bool
    """Whether the numbers were read from pictures, not from strokes."""
    n: int
    accuracy: float
    interval: tuple[float, float]
    """The accuracy's 95 % interval (Wilson 1927)."""
    right_length: float
    """The share that was read as many digits as it has."""
    by_length: dict[int, Score]
    mistakes: list[tuple[str, str]]
    """What it was and what was read."""

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "by_length": {str(length): vars(score) for length, score in self.by_length.items()}}


@dataclass(frozen=True)
class NumberUpdate:
    """Where an evaluation on numbers stands."""

    share: float
    """Of the numbers read, in [0, 1]."""
    report: NumberReport | None = None
    """In the last update only."""


def evaluate_numbers(
    recognizer: Recognizer, data: DataSet, count: int = 1_200, pictures: bool = False, seed: int = 0
) -> NumberReport:
    """Compose `count` numbers of 1 to 6 digits, as many of each length, from `data`'s stroke drawings, and read them.

    All digits of a number are different drawings by one writer; writers take part as often as each other if they have
    six drawings or more. Raises DigitsError for data without strokes, or without such a writer.
    """
    *_, last = evaluate_numbers_step_by_step(recognizer, data, count, pictures, seed)
    assert last.report is not None  # the last update has it
    return last.report


def evaluate_numbers_step_by_step(
    recognizer: Recognizer, data: DataSet, count: int = 1_200, pictures: bool = False, seed: int = 0
) -> Generator[NumberUpdate, None, None]:
    """The same as a generator of updates, one a number."""
    hands = _hands(data)
    generator = np.random.default_rng(seed)
    answers = []
    for i in range(count):
        hand = hands[generator.integers(len(hands))]
        chosen = generator.choice(hand, LENGTHS[i % len(LENGTHS)], replace=False)
        text = "".join(str(int(data.labels[k])) for k in chosen)
        strokes = compose([_drawing(data, int(k)) for k in chosen], generator)
        answers.append((text, recognizer.read_number(paint(strokes) if pictures else strokes).text))
        yield NumberUpdate((i + 1) / count)
    yield NumberUpdate(1.0, _summarize(data.name, pictures, answers))


def _summarize(name: str, pictures: bool, answers: list[tuple[str, str]]) -> NumberReport:
    by_length = {}
    for length in LENGTHS:
        if right := [text == read for text, read in answers if len(text) == length]:
            by_length[length] = _score(right)
    whole = _score([text == read for text, read in answers])
    return NumberReport(
        data=name,
        pictures=pictures,
        n=len(answers),
        accuracy=whole.accuracy,
        interval=whole.interval,
        right_length=float(np.mean([len(text) == len(read) for text, read in answers])),
        by_length=by_length,
        mistakes=[(text, read) for text, read in answers if text != read],
    )


def _score(right: list[bool]) -> Score:
    return Score(sum(right) / len(right), wilson_interval(sum(right), len(right)), len(right))


def _hands(data: DataSet) -> list[list[int]]:
    """The places of each writer's drawings in the data, for writers with enough of them."""
    if data.writers is None:
        raise DigitsError(f"{data.name} has no strokes to compose numbers of; wanted a .jsonl or .jsonl.gz file.")
    sets = data.sets or [""] * len(data.writers)
    hands: dict[tuple[str, str], list[int]] = {}
    for k, hand in enumerate(zip(sets, data.writers, strict=True)):
        hands.setdefault(hand, []).append(k)
    enough = [hand for hand in hands.values() if len(hand) >= LENGTHS[-1]]
    if not enough:
        raise DigitsError(f"{data.name} has no writer with {LENGTHS[-1]} drawings or more; wanted at least one.")
    return enough


def _drawing(data: DataSet, place: int) -> list[np.ndarray]:
    """A drawing's strokes. Raises DigitsError for what is none, or has no extent."""
    assert data.drawings is not None  # `_hands` has looked
    try:
        strokes = parse_strokes(data.drawings[place])
    except DigitsError as error:
        raise DigitsError(f"Example {place + 1} of {data.name} cannot be read: {error}") from None
    if not strokes or not np.ptp(np.concatenate(strokes), axis=0).any():
        raise DigitsError(f"Example {place + 1} of {data.name} is blank or a single point; leave it out.")
    return strokes


def compose(drawings: list[Any], generator: np.random.Generator) -> list[np.ndarray]:
    """Strokes of single digits -> the strokes of a number, side by side as a hand would write them, 100 units high."""
    strokes, right = [], 0.0
    for number, drawing in enumerate(drawings):
        polylines = [np.asarray(stroke, np.float64) for stroke in drawing if len(stroke)]
        points = np.concatenate(polylines)
        corner, (width, height) = points.min(axis=0), np.ptp(points, axis=0)
        scale = HEIGHT * np.exp(generator.normal(0, HEIGHT_SPREAD)) / max(height, width / 2)
        gap = HEIGHT * max(GAP_MIN, generator.normal(GAP, GAP_SPREAD)) if number else 0
        baseline = HEIGHT + HEIGHT * generator.normal(0, BASELINE_SPREAD)
        strokes += [(line - corner) * scale + (right + gap, baseline - height * scale) for line in polylines]
        right += gap + width * scale
    return strokes


def paint(strokes: list[np.ndarray]) -> Image.Image:
    """A number's strokes, 100 units high, with a dark pen on light paper: a picture in grey, one pixel a unit."""
    points = np.concatenate(strokes)
    corner = points.min(axis=0) - MARGIN
    fine = 2  # drawn finer, then averaged
    size = (points.max(axis=0) + MARGIN - corner).astype(int)
    picture = Image.new("L", tuple((size * fine).tolist()), 245)
    draw = ImageDraw.Draw(picture)
    radius = PEN * fine / 2
    for stroke in strokes:
        path = [tuple(point) for point in ((stroke - corner) * fine).tolist()]
        draw.line(path, fill=40, width=PEN * fine, joint="curve")
        for x, y in path:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=40)
    return picture.reduce(fine)
