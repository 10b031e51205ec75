"""The drawing pad: a gr.HTML with its own canvas, and the functions that it calls on the server.

The browser's payloads become our own types here and nowhere else. These functions are not behind Gradio's queue and
nothing limits what a visitor sends to them, so each checks type, size and range itself. They answer a plain dict and
never raise: {"error": sentence} for input that cannot be used.
"""

import base64
import functools
import inspect
import io
import itertools
import random

import gradio as gr
import numpy as np
import torch

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.ink.opening import open_image
from digits.ink.pictures import from_image
from digits.ink.strokes import from_strokes
from digits.reading.explain import PATCH, Explanation, explain
from digits.reading.reading import NumberReading, Reading
from digits.ui.html import html_component
from digits.ui.networks import DEFAULT, Networks

MOST_NUMBERS = 40_000  # in the strokes of one request, twice the points that `ink.strokes.from_strokes` takes
LARGEST_PICTURE = 3_000_000  # characters of base64; the pad sends pictures of at most 640 px a side
DOT = 40  # thousandths of the pad: a drawing smaller than the pen is wide is a tap, not a digit
LONGEST_LINK = 1_500  # characters, as in pad.js; a QR code of this size can still be photographed
FRAME = 1_000  # units of the pad's side, as in pad.js
STEPS = ("crop", "scale", "centre")  # in their order
TOSS_UP = 0.2  # a second digit above this probability is named in the answer


def pad(networks: Networks) -> gr.HTML:
    """The pad. Its value is {"network": key, "second": key or None}: set it, and the drawing is read again."""

    def read(payload: dict, drawn: torch.Tensor) -> dict:
        """Ink (1, 28, 28) read by the network that the payload names, and by its `second` one, if it names any."""
        reading = answer(networks.get(payload.get("network") or DEFAULT).read_ink(drawn[None])[0])
        if payload.get("second") and not reading.get("blank"):
            reading["second"] = answer(networks.get(payload["second"]).read_ink(drawn[None])[0])
            del reading["second"]["ink"]
        return reading

    @answer_errors
    async def read_strokes(payload):  # async: runs in the event loop, 2 ms, and so needs no thread of its own
        # One thread for a reading (the setting is this thread's own): two that spin against a training's two take
        # 5.2 to 5.6 ms (median) in place of 1.6 to 2.0, and slow the training by a quarter. LOG.md has the figures.
        if torch.get_num_threads() > 1:
            torch.set_num_threads(1)
        strokes, steps = parse_strokes(payload), parse_steps(payload)
        drawn = from_strokes(strokes, frame=FRAME, **steps)
        reading = read(payload, drawn)
        if payload.get("strip") is True and "ink" in reading:
            stages = [from_strokes(strokes, frame=FRAME, **stage) for stage in stages_of(steps)]
            reading["strip"] = [packed(stage[0].numpy()) for stage in stages] + [reading["ink"]]
        return reading

    @answer_errors
    def read_picture(payload):
        return read(payload, from_image(open_image(parse_picture(payload))))

    def read_digits(payload: dict, drawing) -> dict:
        """A whole number read by the network that the payload names, and by its `second` one, if it names any."""
        number = number_answer(networks.get(payload.get("network") or DEFAULT).read_number(drawing))
        if payload.get("second") and not number.get("blank"):
            second = networks.get(payload["second"]).read_number(drawing)
            number["second"] = {"sentence": number_sentence(second)}
        return number

    @answer_errors
    def read_number(payload):
        if torch.get_num_threads() > 1:  # this thread's own, as above
            torch.set_num_threads(1)
        return read_digits(payload, parse_strokes(payload))

    @answer_errors
    def read_number_picture(payload):
        return read_digits(payload, open_image(parse_picture(payload)))

    @answer_errors
    def read_test_digit(payload):
        return read(payload, test_digit(payload))

    @answer_errors
    def explain_reading(payload):
        if "strokes" in payload:
            drawn = from_strokes(parse_strokes(payload), frame=FRAME, **parse_steps(payload))
        elif "picture" in payload:
            drawn = from_image(open_image(parse_picture(payload)))
        else:
            drawn = test_digit(payload)
        if not drawn.any():
            raise DigitsError("There is no ink to explain; draw a digit first.")
        model = networks.get(payload.get("network") or DEFAULT).model
        return shown(explain(model, drawn[None]), drawn)

    @answer_errors
    def find_test_digit(payload):
        mnist, digit = load_mnist(), payload.get("digit")
        if digit is not None and (type(digit) is not int or digit not in range(10)):
            raise DigitsError(f"There is no digit {digit!r}; wanted 0 to 9.")
        candidates = (
            range(len(mnist.test_labels)) if digit is None else (mnist.test_labels == digit).nonzero()[:, 0].tolist()
        )
        index = random.choice(candidates)
        picture = packed(mnist.test_images[index].numpy() / 255)
        return {"index": index, "label": int(mnist.test_labels[index]), "ink": picture}

    @answer_errors
    def draw_qr(payload):
        text = payload.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_LINK:
            raise DigitsError(f"A QR code can hold a link of 1 to {LONGEST_LINK:,} characters; draw a simpler digit.")
        import segno

        return {"svg": segno.make_qr(text, error="l").svg_inline(border=0, omitsize=True)}

    functions = [
        *(read_strokes, read_picture, read_number, read_number_picture),
        *(read_test_digit, find_test_digit, explain_reading, draw_qr),
    ]
    return html_component("pad", {"network": DEFAULT, "second": None}, server_functions=functions)


def answer_errors(function):
    """Wrap a server function: a payload that is no object, and every DigitsError, becomes {"error": sentence}."""

    def refuse(payload):
        if not isinstance(payload, dict):
            raise DigitsError(f"The request is a {type(payload).__name__}; wanted an object.")

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapped(payload):
            try:
                refuse(payload)
                return await function(payload)
            except DigitsError as error:
                return {"error": str(error)}
    else:

        @functools.wraps(function)
        def wrapped(payload):
            try:
                refuse(payload)
                return function(payload)
            except DigitsError as error:
                return {"error": str(error)}

    return wrapped


def parse_strokes(payload: dict) -> list[list[tuple[float, float]]]:
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
    xs, ys = [x for x, _ in itertools.chain(*polylines)], [y for _, y in itertools.chain(*polylines)]
    if xs and max(xs) - min(xs) < DOT and max(ys) - min(ys) < DOT:
        return []
    return polylines


def test_digit(payload: dict) -> torch.Tensor:
    """{"index"} -> that test digit's ink (1, 28, 28). Raises DigitsError for another index than 0 to 9,999."""
    index, images = payload.get("index"), load_mnist().test_images
    if type(index) is not int or not 0 <= index < len(images):
        raise DigitsError(f"There is no test digit {index!r}; wanted 0 to {len(images) - 1:,}.")
    return images[index][None].float() / 255


def parse_steps(payload: dict) -> dict[str, bool]:
    """{"steps": {"crop", "scale", "centre"}}, all on where not given -> arguments of `ink.strokes.from_strokes`."""
    steps = payload.get("steps", {})
    if not isinstance(steps, dict) or not all(steps.get(step, True) in (True, False) for step in STEPS):
        raise DigitsError(f"The steps are not switches; wanted true or false for {', '.join(STEPS)}.")
    return {step: bool(steps.get(step, True)) for step in STEPS}


def stages_of(steps: dict[str, bool]) -> list[dict[str, bool]]:
    """The way to the network's input: as drawn, then one more step at a time, up to the one before the last."""
    return [{step: steps[step] and i < stage for i, step in enumerate(STEPS)} for stage in range(len(STEPS))]


def parse_picture(payload: dict) -> io.BytesIO:
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


def answer(reading: Reading) -> dict:
    """A reading as the pad shows it."""
    if reading.blank:
        return {"blank": True, "sentence": "No digit yet: draw one, larger than a dot."}
    return {
        "digit": reading.digit,
        "best": reading.best,
        "sentence": sentence(reading),
        "probabilities": [round(float(probability), 4) for probability in reading.probabilities],
        "digit_score": round(reading.digit_score, 4),
        "ink": packed(reading.ink),
    }


def packed(picture: np.ndarray) -> str:
    """Ink (28, 28), or other pictures in [0, 1] -> base64 of their bytes, 255 for 1."""
    return base64.b64encode((picture * 255).round().astype("uint8").tobytes()).decode()


def shown(explanation: Explanation, drawn: torch.Tensor) -> dict:
    """An explanation of ink (1, 28, 28) as the pad shows it; pictures are base64 of bytes."""
    if explanation.becomes != explanation.digit:
        words = f"Without the framed part I would read {explanation.becomes}."
    else:
        words = (
            f"The framed part counts most, but without it I would still read {explanation.digit}; "
            f"the nearest other digit is {explanation.other}."
        )
    return {
        "sentence": words,
        "ink": packed(drawn[0].numpy()),
        "importance": [round(float(value), 2) for value in explanation.importance.ravel()],
        "decisive": [*explanation.decisive, PATCH],
        "logits": [round(float(value), 2) for value in explanation.logits],
        "layers": [
            {
                "name": layer.name,
                "shape": layer.maps.shape,
                "maps": packed(layer.maps),
                "filters": None if layer.filters is None else [layer.filters.shape[1:], _signed(layer.filters)],
                "field": [layer.sees, layer.step, layer.start],
            }
            for layer in explanation.layers
        ],
    }


def _signed(filters: np.ndarray) -> str:
    """Filters (n, inputs, k, k) -> base64 of bytes: 128 is zero, 1 or 255 the largest weight of each filter."""
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True).clip(min=1e-6)
    return base64.b64encode((128 + filters / largest * 127).round().astype("uint8").tobytes()).decode()


def sentence(reading: Reading) -> str:
    """The answer in words, for one that is not blank."""
    second = int(reading.probabilities.argsort()[-2])
    if reading.digit is None:
        return f"This does not look like a digit; the nearest is {reading.best}."
    if reading.probabilities[second] > TOSS_UP:
        return f"I read {reading.digit}, or perhaps {second}."
    return f"I read {reading.digit}."


def number_answer(number: NumberReading) -> dict:
    """A number's reading as the pad shows it; boxes are left, top, right, bottom in the drawing's unit."""
    if not number.digits:
        return {"blank": True, "sentence": "No number yet: write one, larger than a dot."}
    return {
        "text": number.text,
        "sentence": number_sentence(number),
        "digits": [
            {
                "digit": digit.reading.digit,
                "best": digit.reading.best,
                "probability": round(float(digit.reading.probabilities.max()), 4),
                "box": [round(edge) for edge in digit.box],
            }
            for digit in number.digits
        ],
    }


def number_sentence(number: NumberReading) -> str:
    """A number's answer in words, with the digit that is least certain where one is a toss-up or is refused."""
    refused = next((digit.reading for digit in number.digits if digit.reading.digit is None), None)
    if refused is not None:
        return f"I read {number.text}, but the {refused.best} does not look like a digit."
    readings = [digit.reading for digit in number.digits]
    doubtful = max(readings, key=lambda reading: np.sort(reading.probabilities)[-2], default=None)
    if doubtful is not None and np.sort(doubtful.probabilities)[-2] > TOSS_UP:
        return f"I read {number.text}; the {doubtful.best} is perhaps a {int(doubtful.probabilities.argsort()[-2])}."
    return f"I read {number.text}."
