"""A network's weights as a file: taken away, and opened again."""

import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.model.networks import count_parameters
from digits.model.weights import load_weights
from digits.training.calibration import measure
from digits.ui.client import expensive, work
from digits.ui.evaluation_requests import parse_upload
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_text, parse_visitor

ENDING = ".safetensors"
LONGEST_NAME = 30  # characters
EXPORT_SECONDS = 60  # most of them are imports: about 10 on a busy machine

ROOT = Path(__file__).parents[2]  # where `python -m digits` finds the package


def read_weights(page: Page) -> Callable[..., Any]:
    @answer_errors
    def read_weights(payload: dict[str, Any]) -> dict[str, Any]:
        """The weights of a network by its key, as a file to save."""
        path = page.networks.path(parse_text(payload, "network"))
        return _as_file(f"weights{ENDING}", path.read_bytes())

    return read_weights


def export_network(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def export_network(payload: dict[str, Any]) -> dict[str, Any]:
        """A network by its key as ONNX, as a file to save."""
        return _as_file("network.onnx", _export(page.networks.path(parse_text(payload, "network"))))

    return export_network


def _export(weights: Path) -> bytes:
    """Weights -> the content of an ONNX file, made by the command line in a process of its own, see `to_onnx`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        settings = os.environ | {"OMP_NUM_THREADS": "1"}
        before = os.times()
        command = [sys.executable, "-m", "digits", "export", "--weights", str(weights), "--out", str(path)]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=settings, capture_output=True, encoding="utf-8", timeout=EXPORT_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise DigitsError(f"The export took longer than {EXPORT_SECONDS} seconds; try again later.") from None
        finally:
            work.charge(computed_since(before))
        if done.returncode:
            *_, last = done.stderr.splitlines() or [""]
            raise DigitsError(
                last.removeprefix("digits: ") if done.returncode == 2 else "The export failed; try another network."
            )
        return path.read_bytes()


def computed_since(before: os.times_result) -> float:
    """Processor seconds of processes that ended here since; where the system does not count those, seconds."""
    now = os.times()
    computed = now.children_user + now.children_system - before.children_user - before.children_system
    return computed or now.elapsed - before.elapsed


def _as_file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "base64": base64.b64encode(content).decode()}


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
