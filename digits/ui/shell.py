"""The shell: tabs, your drawing, the network in use, Share. It stands above every tab."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import torch
from gradio.utils import get_space

from digits.errors import DigitsError
from digits.reading.reading import Reading
from digits.reading.recognizer import Recognizer
from digits.training.config import TrainConfig
from digits.ui.networks import DEFAULT
from digits.ui.page_state import Page
from digits.ui.parts import WEB, part
from digits.ui.requests import FRAME, answer_errors, parse_ink, parse_visitor
from digits.ui.weights import ENDING, export_network, open_weights, read_weights

LONGEST_LINK = 1_500  # characters; a QR code of this size can still be photographed
TAB = "<!-- the class's tab -->\n"
MOST_READERS = 8  # networks that read one drawing at once


def shell(page: Page) -> gr.HTML:
    """The part. It knows first who the visitor is, and tells the others."""
    constants = {"network": DEFAULT, "longestLink": LONGEST_LINK, "unit": FRAME, "weightsEnding": ENDING}
    weights = [read_weights(page), export_network(page), open_weights(page)]
    functions = [identify(page), read_with_all(page), *weights, draw_qr]
    made = part("shell", functions, **constants)
    tab = (WEB / "class" / "tab.html").read_text(encoding="utf-8") if page.classroom else ""
    made.html_template = made.html_template.replace(TAB, tab)
    return made


def identify(page: Page) -> Callable[..., Any]:
    @answer_errors
    def identify(payload: dict[str, Any]) -> dict[str, Any]:
        """Who the visitor is, which networks they have, what they are training: asked at start and after changes."""
        visitor = parse_visitor(payload)
        trainings = page.jobs.of_visitor(visitor, TrainConfig)
        return {
            "visitor": visitor,
            "networks": page.networks.listed(visitor),
            "training": trainings[0].id if trainings and trainings[0].active else None,
            "addresses": page.addresses,
            "sentence": share_sentence(page),
        }

    return identify


def read_with_all(page: Page) -> Callable[..., Any]:
    @answer_errors
    def read_with_all(payload: dict[str, Any]) -> dict[str, Any]:
        """What each of the visitor's networks reads one drawing as -> {"answers": {key: {...}}}."""
        if torch.get_num_threads() > 1:  # this thread's own, as in draw.py
            torch.set_num_threads(1)
        ink = parse_ink(payload)
        return ask_all(page, payload, lambda recognizer: short(recognizer.read_ink(ink[None])[0]))

    return read_with_all


def ask_all(page: Page, payload: dict[str, Any], read: Callable[[Recognizer], dict[str, Any]]) -> dict[str, Any]:
    """What `read` makes of each of the visitor's networks, the first ones -> {"answers": {key: {...}}}."""
    answers = {}
    for network in page.networks.listed(parse_visitor(payload))[:MOST_READERS]:
        try:
            answers[network["key"]] = read(page.networks.get(network["key"]))
        except DigitsError:  # forgotten between the list and the reading, or weights too large to compute with
            continue
    return {"answers": answers}


def short(reading: Reading) -> dict[str, Any]:
    """A reading in a list of networks."""
    if reading.blank:
        return {"digit": None, "best": None, "probability": 0}
    probability = round(float(reading.probabilities.max()), 4)
    return {"digit": reading.digit, "best": reading.best, "probability": probability}


@answer_errors
def draw_qr(payload: dict[str, Any]) -> dict[str, Any]:
    import segno

    text = payload.get("text")
    refusal = f"A QR code can hold a link of 1 to {LONGEST_LINK:,} characters; draw a simpler digit."
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_LINK:
        raise DigitsError(refusal)
    try:
        return {"svg": segno.make_qr(text, error="l").svg_inline(border=0, omitsize=True)}
    except ValueError:  # too many bytes, or no Unicode
        raise DigitsError(refusal) from None


def share_sentence(page: Page) -> str:
    """Where this page can be reached by others."""
    if get_space():
        return "Share this page by its address."
    if page.addresses:
        return "Others reach this page at:"
    if page.share_failed:
        return "No public link could be made. In the same Wi-Fi: python app.py --host 0.0.0.0"
    return "This page is only on this computer. python app.py --share makes a public link for it."
