"""What all steps share: a turn of the client's, a copy to experiment on, checked values, small answers."""

import base64
import contextlib
import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.model.networks import Network
from digits.ui.client import taking_turns
from digits.ui.requests import parse_ink

Answer = dict[str, Any]
"""What goes to the browser, or came from it: plain values by name."""

ServerFunction = Callable[[Any], Answer]


@contextlib.contextmanager
def own_turn() -> Iterator[None]:
    """A turn of the client's, see `digits.ui.client`, in which gradients can be had."""
    with taking_turns(), torch.inference_mode(False), torch.enable_grad():
        yield


def copy_network(network: Network) -> Network:
    """A copy on the CPU whose weights can be changed and want gradients, in evaluation mode."""
    return copy.deepcopy(network).cpu().float().eval().requires_grad_()


def parse_whole(payload: Answer, name: str, low: int, high: int, default: int) -> int:
    """{name: a whole number} -> it, or the default where there is none. Raises DigitsError for anything else."""
    value = payload.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise DigitsError(f"The {name} is {value!r:.40}; wanted a whole number from {low:,} to {high:,}.")
    return value


def parse_number(payload: Answer, name: str, low: float, high: float, default: float) -> float:
    """{name: a number} -> it, or the default where there is none. Raises DigitsError for anything else."""
    value = payload.get(name, default)
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        raise DigitsError(f"The {name} is {value!r:.40}; wanted a number from {low:g} to {high:g}.")
    return float(value)


def parse_choice(payload: Answer, name: str, choices: Sequence[str]) -> str:
    """{name: one of the choices} -> it, or the first where there is none. Raises DigitsError for anything else."""
    value = payload.get(name, choices[0])
    if value not in choices:
        raise DigitsError(f"The {name} is {value!r:.40}; wanted one of {', '.join(choices)}.")
    return str(value)


def parse_switch(payload: Answer, name: str, default: bool = False) -> bool:
    """{name: true or false} -> it, or the default where there is none. Raises DigitsError for anything else."""
    value = payload.get(name, default)
    if type(value) is not bool:
        raise DigitsError(f"The switch {name} is {value!r:.40}; wanted true or false.")
    return value


def parse_label(payload: Answer) -> int | None:
    """{"label"}: 0 to 9, or none -> it; a test digit knows its own."""
    label = payload.get("label")
    if label is None and "strokes" not in payload and "picture" not in payload:
        return int(load_mnist().test_labels[payload["index"]])  # `parse_ink` has checked the index
    if label is not None and (type(label) is not int or not 0 <= label <= 9):
        raise DigitsError("The true digit is none of 0 to 9; choose one.")
    return label


def parse_ink_to_learn(payload: Answer) -> Tensor:
    """The request's digit -> ink (1, 1, 28, 28). Raises DigitsError where it has no ink."""
    ink = parse_ink(payload)[None]
    if not ink.any():
        raise DigitsError("The pad is empty; draw a digit first.")
    return ink


def pack_shares(values: Tensor) -> str:
    """Any shape, [0, 1] -> base64 of a byte each, 255 is 1."""
    return _base64(values.detach().clamp(0, 1) * 255)


def pack_signed(values: Tensor) -> str:
    """Any shape and size -> base64 of a byte each: 128 is zero, 255 the largest size, 1 the same below zero."""
    values = values.detach()
    return _base64(128 + 127 * values / values.abs().max().clamp(min=1e-12))


def _base64(values: Tensor) -> str:
    return base64.b64encode(np.rint(values.numpy()).astype(np.uint8).tobytes()).decode()
