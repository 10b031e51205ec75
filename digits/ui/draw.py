"""The Draw tab: the pad, the answer, the same strokes on every network, the inside of the one in use, my drawings."""

import random
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.ink.geometry import SIDE
from digits.ink.opening import FILE_MAX, PICTURE_MIN, open_image
from digits.ink.strokes import from_strokes
from digits.reading.explain import explain
from digits.reading.inside import Inside, look_for, look_inside
from digits.reading.reading import NumberReading, Reading
from digits.training.teaching import MOST_DRAWINGS
from digits.ui.answers import (
    LIKELY_ENOUGH,
    SURE,
    answer,
    explanation_answer,
    inside_answer,
    number_answer,
    packed,
    signed,
)
from digits.ui.batches import read_batch
from digits.ui.client import expensive, taking_turns
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import (
    DOT,
    FRAME,
    LARGEST_PICTURE,
    STEPS,
    answer_errors,
    parse_drawings,
    parse_ink,
    parse_picture,
    parse_steps,
    parse_strokes,
)
from digits.ui.shell import LONGEST_LINK, ask_all, read_with_all
from digits.ui.teach import teaching_functions


def draw_tab(page: Page) -> gr.HTML:
    functions = [
        *(read_strokes(page), read_other(page), read_number(page), read_number_picture(page)),
        *(offer_number(page), read_number_with_all(page), read_with_all(page), read_drawings(page), find_test_digit),
        *(explain_reading(page), show_unit(page), show_idle(page)),
        *teaching_functions(page),
    ]
    return part(
        "draw",
        functions,
        unit=FRAME,
        dot=DOT,
        sure=SURE,
        likelyEnough=LIKELY_ENOUGH,
        longestLink=LONGEST_LINK,
        mostDrawings=MOST_DRAWINGS,
        largestFile=FILE_MAX,
        largestPicture=LARGEST_PICTURE,
        smallestSide=PICTURE_MIN,
    )


def one_thread() -> None:
    """One thread for a reading (the setting is this thread's own): two that spin against a training's two take 5.2 to
    5.6 ms (median) instead of 1.6 to 2.0, and slow the training by a quarter. LOG.md has the figures.
    """
    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)


def read(page: Page, payload: dict[str, Any], ink: Tensor) -> dict[str, Any]:
    """Ink (1, 28, 28) read by the network that the payload names, and its inside where that is on the screen."""
    inside = payload.get("inside") is True
    [answered] = read_batch(page.networks.chosen(payload), ink[None], [inside])
    return show(*answered)


def show(reading: Reading, inside: Inside | None) -> dict[str, Any]:
    """A reading as the page shows it; of an empty pad there is no inside."""
    shown = answer(reading)
    return shown if inside is None or reading.blank else shown | {"inside": inside_answer(inside)}


def read_strokes(page: Page) -> Callable[..., Any]:
    @answer_errors
    async def read_strokes(
        payload: dict[str, Any],
    ) -> dict[str, Any]:  # async: runs in the event loop, with whoever else waits, and so needs no thread
        one_thread()
        strokes, steps = parse_strokes(payload), parse_steps(payload)
        ink, inside = from_strokes(strokes, frame=FRAME, **steps), payload.get("inside") is True
        reading = show(*await page.batches.read(page.networks.chosen(payload), ink, inside))
        if payload.get("strip") is True and "ink" in reading:
            stages = [from_strokes(strokes, frame=FRAME, **stage) for stage in stages_of(steps)]
            reading["strip"] = [packed(stage[0].numpy()) for stage in stages] + [reading["ink"]]
        return reading

    return read_strokes


def stages_of(steps: dict[str, bool]) -> list[dict[str, bool]]:
    """The way to the network's input: as drawn, then one more step at a time, up to the one before the last."""
    return [{step: steps[step] and i < stage for i, step in enumerate(STEPS)} for stage in range(len(STEPS))]


def read_other(page: Page) -> Callable[..., Any]:
    @answer_errors
    def read_other(payload: dict[str, Any]) -> dict[str, Any]:
        """A picture or a test digit."""
        return read(page, payload, parse_ink(payload))

    return read_other


def show_idle(page: Page) -> Callable[..., Any]:
    @answer_errors
    def show_idle(payload: dict[str, Any]) -> dict[str, Any]:
        """What the layers of the network in use make of an empty pad."""
        one_thread()
        with torch.inference_mode():
            [inside] = look_inside(page.networks.chosen(payload).model, torch.zeros(1, 1, SIDE, SIDE))
        return inside_answer(inside)

    return show_idle


def parse_drawing(payload: dict[str, Any]) -> Any:
    """What the payload has to be read as a number: strokes, or a picture."""
    return open_image(parse_picture(payload)) if "picture" in payload else parse_strokes(payload)


def offer_number(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def offer_number(payload: dict[str, Any]) -> dict[str, Any]:
        """Of a drawing that is no digit -> what number it is, in words, where it is several digits; else nothing."""
        number = page.networks.chosen(payload).read_number(parse_drawing(payload))
        if len(number.digits) < 2 or any(digit.reading.digit is None for digit in number.digits):
            return {}
        return {"number": number.text, "sentence": "Several digits.", "doubt": f"As a number it reads {number.text}."}

    return offer_number


def read_number(page: Page) -> Callable[..., Any]:
    @answer_errors
    def read_number(payload: dict[str, Any]) -> dict[str, Any]:
        one_thread()
        strokes, recognizer = parse_strokes(payload), page.networks.chosen(payload)
        with taking_turns() if takes_long(strokes) else nullcontext():
            return number_answer(recognizer.read_number(strokes))

    return read_number


def takes_long(strokes: list[list[tuple[float, float]]]) -> bool:
    """Whether to read them as a number takes tenths of a second: longer numbers than a pad has room for."""
    return len(strokes) > 16 or sum(map(len, strokes)) > 2_000


def read_number_picture(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def read_number_picture(payload: dict[str, Any]) -> dict[str, Any]:
        return number_answer(page.networks.chosen(payload).read_number(open_image(parse_picture(payload))))

    return read_number_picture


def read_number_with_all(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def read_number_with_all(payload: dict[str, Any]) -> dict[str, Any]:
        """What each of the visitor's networks reads one number as -> {"answers": {key: {"text", "probability"}}}."""
        drawing = parse_drawing(payload)
        return ask_all(page, payload, lambda recognizer: short_number(recognizer.read_number(drawing)))

    return read_number_with_all


def short_number(number: NumberReading) -> dict[str, Any]:
    """A number's reading in a list of networks; the probability is of the digit that is least certain."""
    probabilities = [float(digit.reading.probabilities.max()) for digit in number.digits]
    return {"text": number.text, "probability": round(min(probabilities, default=0), 4)}


def explain_reading(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def explain_reading(payload: dict[str, Any]) -> dict[str, Any]:
        ink = parse_ink(payload)
        if not ink.any():
            raise DigitsError("There is no ink to explain; draw a digit first.")
        return explanation_answer(explain(page.networks.chosen(payload).model, ink[None]), ink)

    return explain_reading


def show_unit(page: Page) -> Callable[..., Any]:
    @answer_errors
    def show_unit(payload: dict[str, Any]) -> dict[str, Any]:
        """What a hidden unit or map looks for: its weights, and for a unit of the first layer its sum with this ink."""
        model = page.networks.chosen(payload).model
        layer, unit = payload.get("layer"), payload.get("unit")
        if type(layer) is not int or not 0 <= layer < len(model.layers) or type(unit) is not int or unit < 0:
            raise DigitsError("There is no such unit in this network; point at one of those on the page.")
        found = look_for(model, layer, unit)
        if found is None:
            raise DigitsError("There is no such unit in this network; point at one of those on the page.")
        weights, bias = found
        shown = {"shape": weights.shape, "weights": signed(weights[None]), "bias": round(bias, 2), "sum": None}
        if weights.shape == (28, 28):
            normal = (parse_ink(payload)[0] - model.mean) / model.std
            shown["sum"] = round(float((normal.numpy() * weights).sum()), 2)
        return shown

    return show_unit


def read_drawings(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def read_drawings(payload: dict[str, Any]) -> dict[str, Any]:
        inks, _ = parse_drawings(payload)
        return {"digits": [reading.best for reading in page.networks.chosen(payload).read_ink(inks)]}

    return read_drawings


@answer_errors
def find_test_digit(payload: dict[str, Any]) -> dict[str, Any]:
    mnist, digit = load_mnist(), payload.get("digit")
    if digit is not None and (type(digit) is not int or digit not in range(10)):
        raise DigitsError(f"There is no digit {digit!r:.50}; wanted 0 to 9.")
    index = payload.get("index")
    if index is None:
        labels = mnist.test_labels
        index = random.choice(range(len(labels)) if digit is None else (labels == digit).nonzero()[:, 0].tolist())
    if type(index) is not int or not 0 <= index < len(mnist.test_labels):
        raise DigitsError(f"There is no test digit {index!r:.50}; wanted 0 to {len(mnist.test_labels) - 1:,}.")
    return {
        "index": index,
        "label": int(mnist.test_labels[index]),
        "ink": packed(mnist.test_images[index].numpy() / 255),
    }
