"""A network's weights as a file: taken away, and opened again."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digits.data.mnist import load_mnist
from digits.model.networks import count_parameters
from digits.model.weights import load_weights
from digits.training.calibration import measure
from digits.ui.client import expensive
from digits.ui.evaluation_requests import parse_upload
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_text, parse_visitor

ENDING = ".safetensors"
LONGEST_NAME = 30  # characters


def read_weights(page: Page) -> Callable[..., Any]:
    @answer_errors
    def read_weights(payload: dict[str, Any]) -> dict[str, Any]:
        """The weights of a network by its key, as a file to save."""
        path = page.networks.path(parse_text(payload, "network"))
        return {"name": f"weights{ENDING}", "base64": base64.b64encode(path.read_bytes()).decode()}

    return read_weights


def open_weights(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def open_weights(payload: dict[str, Any]) -> dict[str, Any]:
        """A weights file that the visitor sent, {"path"} -> {"network"}: the key of theirs that it is from now on."""
        path = parse_upload(payload, (ENDING,), "weights that Digits saved")
        model, _ = load_weights(path)
        data = load_mnist()
        accuracy = measure(model, data.test_images, data.test_labels).accuracy
        card = {
            "network": model.name,
            "parameters": count_parameters(model),
            "figures": {"test_accuracy": accuracy, "seconds": None},  # how long it learned is not in the file
        }
        job = page.jobs.adopt(model, card, title_of(path), parse_visitor(payload))
        return {"network": job.id}

    return open_weights


def title_of(path: Path) -> str:
    """A file's name as a network's: weights-3.safetensors -> "weights-3"."""
    name = "".join(letter for letter in path.stem if letter.isprintable())[:LONGEST_NAME].strip()
    return name or "From a file"
