"""What the browser sends becomes our own types here and nowhere else.

The parts' server functions are not behind Gradio's queue and nothing limits what a visitor sends to them, so each
payload is checked for type, size and range. They answer a plain dict and never raise: {"error": sentence}.
"""

import base64
import functools
import inspect
import io
import itertools
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.ink.geometry import SIDE, to_ink
from digits.ink.opening import open_image
from digits.ink.pictures import from_image
from digits.ink.strokes import from_strokes
from digits.model.builder import LayersError
from digits.training.teaching import MOST_DRAWINGS
from digits.ui.client import name_visitor, taking_turns

log = logging.getLogger(__name__)

MOST_NUMBERS = 40_000  # in the strokes of one request, twice the points that `ink.strokes.from_strokes` takes
LARGEST_PICTURE = 3_000_000  # characters of base64
DOT = 40  # thousandths of the pad: a drawing smaller than the pen is wide is a tap, not a digit
FRAME = 1_000  # units of the pad's side
STEPS = ("crop", "scale", "centre")  # in their order
FAULT = "The server failed at this by a fault of its own; its log says more."
VISITOR = re.compile(r"[\w-]{20,64}")


def answer_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a server function: a payload that is no object, every DigitsError and every bug of ours, which goes to the
    log too, becomes {"error": sentence}.
    """

    def enter(payload: object) -> None:
        if not isinstance(payload, dict):
            raise DigitsError(f"The request is a {type(payload).__name__}; wanted an object.")
        name_visitor(known_visitor(payload))

    def explain(error: Exception) -> dict[str, Any]:
        if not isinstance(error, DigitsError):
            log.error("A question failed by a fault of our own.", exc_info=error)
            return {"error": FAULT}
        if isinstance(error, LayersError):
            return {"error": str(error), "layer": error.number}  # the page says it there
        return {"error": str(error)}

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapped(payload: Any) -> dict[str, Any]:
            try:
                enter(payload)
                return await function(payload)
            except Exception as error:
                return explain(error)
    else:

        @functools.wraps(function)
        def wrapped(payload: Any) -> dict[str, Any]:
            try:
                enter(payload)
                return function(payload)
            except Exception as error:
                return explain(error)

    return wrapped


def parse_visitor(payload: dict[str, Any]) -> str:
    """{"visitor"} -> the id that the page keeps, or a new one: 128 random bits, the key to a visitor's networks."""
    return known_visitor(payload) or secrets.token_urlsafe(16)


def known_visitor(payload: dict[str, Any]) -> str:
    """{"visitor"} -> the id that the page keeps, "" where it has none yet."""
    visitor = payload.get("visitor")
    return visitor if isinstance(visitor, str) and VISITOR.fullmatch(visitor) else ""


def parse_text(payload: dict[str, Any], name: str, most: int = 100) -> str:
    """{name: a short text} -> it. Raises DigitsError for anything else."""
    text = payload.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= most:
        raise DigitsError(f"The {name} is not a text of 1 to {most:,} characters.")
    return text


def parse_strokes(payload: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """{"strokes": [[x, y, x, y, ...], ...]} in thousandths of the pad -> polylines, none for a dot.

    Raises DigitsError for any other shape or size.
    """
    strokes = payload.get("strokes")
    wanted = "wanted a list of strokes, each a list of numbers x, y, x, y, ..."
    if not isinstance(strokes, list):
        raise DigitsError(f"The strokes are a {type(strokes).__name__}; {wanted}.")
    if not all(isinstance(numbers, list) and len(numbers) % 2 == 0 for numbers in strokes):
        raise DigitsError(f"A stroke is not a list of an even count; {wanted}.")
    if sum(len(numbers) for numbers in strokes) > MOST_NUMBERS:
        raise DigitsError(f"The drawing has more than {MOST_NUMBERS // 2:,} points; clear the pad and draw one digit.")
    if not all(type(number) in (int, float) for numbers in strokes for number in numbers):
        raise DigitsError(f"A stroke has something that is no number; {wanted}.")
    polylines = [list(zip(numbers[::2], numbers[1::2], strict=True)) for numbers in strokes]
    points = list(itertools.chain(*polylines))
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if xs and max(xs) - min(xs) < DOT and max(ys) - min(ys) < DOT:
        return []
    return polylines


def parse_test_digit(payload: dict[str, Any]) -> Tensor:
    """{"index"} -> that test digit's ink (1, 28, 28). Raises DigitsError for another index than 0 to 9,999."""
    index, images = payload.get("index"), load_mnist().test_images
    if type(index) is not int or not 0 <= index < len(images):
        raise DigitsError(f"There is no test digit {index!r:.50}; wanted 0 to {len(images) - 1:,}.")
    return to_ink(images[index][None])[0]


def parse_pixels(payload: dict[str, Any]) -> Tensor:
    """{"pixels": base64 of 784 bytes, row by row, 255 for ink} -> ink (1, 28, 28). Raises DigitsError for others."""
    pixels = payload.get("pixels")
    try:
        data = base64.b64decode(pixels, validate=True) if isinstance(pixels, str) and len(pixels) < 2_000 else b""
    except ValueError:  # binascii.Error is one
        data = b""
    if len(data) != SIDE * SIDE:
        raise DigitsError(f"The example did not arrive as {SIDE} x {SIDE} pixels; choose it again.")
    return to_ink(torch.frombuffer(bytearray(data), dtype=torch.uint8).view(1, SIDE, SIDE))[0]


def parse_steps(payload: dict[str, Any]) -> dict[str, bool]:
    """{"steps": {"crop", "scale", "centre"}}, all on where not given -> arguments of `ink.strokes.from_strokes`."""
    steps = payload.get("steps", {})
    if not isinstance(steps, dict) or not all(steps.get(step, True) in (True, False) for step in STEPS):
        raise DigitsError(f"The steps are not switches; wanted true or false for {', '.join(STEPS)}.")
    return {step: bool(steps.get(step, True)) for step in STEPS}


def parse_picture(payload: dict[str, Any]) -> io.BytesIO:
    """{"picture": "data:image/...;base64,..."} -> the file's bytes. Raises DigitsError for anything else."""
    picture = payload.get("picture")
    if not isinstance(picture, str) or not picture.startswith("data:image/") or ";base64," not in picture[:64]:
        raise DigitsError("The picture did not arrive as a picture; open a PNG or JPEG file.")
    if len(picture) > LARGEST_PICTURE:
        raise DigitsError(f"The picture has {len(picture):,} characters; wanted at most {LARGEST_PICTURE:,}.")
    try:
        return io.BytesIO(base64.b64decode(picture.split(",", 1)[1], validate=True))
    except ValueError:  # binascii.Error is one
        raise DigitsError("The picture was damaged on its way; open it again.") from None


def parse_ink(payload: dict[str, Any]) -> Tensor:
    """One digit, as {"strokes"} (with {"steps"}), {"picture"} or a test digit's {"index"} -> ink (1, 28, 28)."""
    if "strokes" in payload:
        return from_strokes(parse_strokes(payload), frame=FRAME, **parse_steps(payload))
    if "picture" in payload:
        with taking_turns():  # seconds and hundreds of megabytes, where it has 64 million pixels
            return from_image(open_image(parse_picture(payload)))
    return parse_test_digit(payload)


def parse_drawings(payload: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """{"drawings": [{"label", "strokes": as the pad's}, ...]} -> inks float32 (N, 1, 28, 28) in [0, 1], int64 labels.

    Raises DigitsError for any other shape or size, naming the drawing where it is one.
    """
    drawings = payload.get("drawings")
    if not isinstance(drawings, list) or not 1 <= len(drawings) <= MOST_DRAWINGS:
        count = f"{len(drawings):,} drawings" if isinstance(drawings, list) else "no list of drawings"
        raise DigitsError(f"There came {count}; wanted 1 to {MOST_DRAWINGS}.")
    inks, labels = [], []
    for number, drawing in enumerate(drawings, start=1):
        label = drawing.get("label") if isinstance(drawing, dict) else None
        if type(label) is not int or label not in range(10):
            raise DigitsError(f"Drawing {number} has no label; wanted 0 to 9.")
        try:
            inks.append(from_strokes(parse_strokes(drawing)))
        except DigitsError as error:
            raise DigitsError(f"Drawing {number} cannot be read: {error}") from None
        labels.append(label)
    return torch.stack(inks), torch.tensor(labels)
