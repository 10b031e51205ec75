"""A look inside at every update of a training: what it reads, what its first layer looks for, how hard it is pulled."""

import base64
import functools
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from digits.data.mnist import Mnist
from digits.ink.geometry import SIDE, to_ink
from digits.model.networks import Network
from digits.model.weights import load_weights
from digits.reading.recognizer import WEIGHTS

MOST_FILTERS = 12
SHARE = 0.02  # of a training's time that looking at it may take
HARDNESS = 12  # of a kind's held-out digits, the one that the shipped MLP doubts most but for so many


@dataclass(frozen=True, eq=False)
class Watch:
    """What a training is to look at beside its ten hard digits."""

    ink: Tensor | None = None
    """The visitor's drawing, float32 (1, 28, 28) in [0, 1]."""

    def to_text(self) -> str | None:
        """The drawing in 256 shades, as base64; None without one."""
        return (
            None if self.ink is None else base64.b64encode((self.ink * 255).round().byte().numpy().tobytes()).decode()
        )

    @classmethod
    def from_text(cls, text: str | None) -> "Watch":
        """The opposite. Raises ValueError or TypeError for anything else."""
        if text is None:
            return cls()
        shades = np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIDE, SIDE)
        return cls(to_ink(torch.tensor(shades)[None])[0])


@dataclass(frozen=True, eq=False)
class Look:
    """One moment of a network in training. Probabilities are raw softmax, as bytes: 255 is 1."""

    drawing: np.ndarray | None
    """uint8 (10,): what it reads the visitor's drawing as; None without one."""
    ten: np.ndarray
    """uint8 (10, 10): what it reads the ten hard digits as, a row each."""
    filters: np.ndarray
    """int8 (N, k, k): first-layer weights, 127 the largest of all; N at most MOST_FILTERS."""
    units: list[int]
    """Which filters or hidden units these are."""
    gradients: list[float]
    """Length of the gradient of each layer's weights in the last step, from the first layer on."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, of which the weights take the most: their bytes as base64."""
        return {
            "drawing": None if self.drawing is None else self.drawing.tolist(),
            "ten": self.ten.tolist(),
            "shape": self.filters.shape,
            "filters": base64.b64encode(self.filters.tobytes()).decode(),
            "units": self.units,
            "gradients": self.gradients,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Look":
        """The opposite. Raises ValueError, TypeError or KeyError for anything else."""
        drawing, filters = values["drawing"], base64.b64decode(values["filters"])
        return cls(
            None if drawing is None else np.array(drawing, np.uint8).reshape(10),
            np.array(values["ten"], np.uint8).reshape(10, 10),
            np.frombuffer(filters, np.int8).reshape(values["shape"]),
            [int(unit) for unit in values["units"]],
            [float(length) for length in values["gradients"]],
        )


class Looker:
    """Looks at one network. It changes nothing of the training: no random number, no weight, no statistic."""

    def __init__(self, model: Network, data: Mnist, ink: Tensor | None) -> None:
        """`ink` is the visitor's drawing, (1, 28, 28) in [0, 1], or None."""
        self.layers = [part for part in model.layers.modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
        device = self.layers[0].weight.device
        ten = to_ink(data.validation[0][hard_digits(data)])
        self.inks = ten if ink is None else torch.cat([ten, ink[None].to(ten.device)])
        self.inks = self.inks.to(device).contiguous(memory_format=torch.channels_last)
        self.before = self.layers[0].weight.detach().clone()
        self.spent = 0.0  # seconds
        self.latest: Look | None = None

    def look(self, model: Network, elapsed: float = math.inf) -> Look:
        """What the network is at this moment, after a step; or at the latest look, where looking has taken more than
        SHARE of the `elapsed` seconds: a training of two seconds is not held up by what shows it.
        """
        if self.latest is None or self.spent <= SHARE * elapsed:
            began = time.perf_counter()
            self.latest = self._look(model)
            self.spent += time.perf_counter() - began
        return self.latest

    @torch.no_grad()
    def _look(self, model: Network) -> Look:
        training = model.training
        model.eval()
        shares = (model(self.inks).float().softmax(1) * 255).round().to(torch.uint8).cpu().numpy()
        model.train(training)
        filters, units = self._filters()
        gradients = [float(layer.weight.grad.norm()) if layer.weight.grad is not None else 0.0 for layer in self.layers]
        return Look(shares[10] if len(shares) > 10 else None, shares[:10], filters, units, gradients)

    def _filters(self) -> tuple[np.ndarray, list[int]]:
        """First-layer weights: a convolution's filters, or those hidden units' whose weights moved most."""
        weight = self.layers[0].weight.detach()
        if weight.dim() == 4:
            chosen = torch.arange(min(len(weight), MOST_FILTERS))
            pictures = weight[chosen, 0]
        else:
            moved = (weight - self.before).flatten(1).norm(dim=1)
            chosen = moved.argsort(descending=True)[:MOST_FILTERS].sort().values
            pictures = weight[chosen].view(-1, 28, 28)
        scale = 127 / pictures.abs().amax().clamp(min=1e-6)
        return (pictures * scale).round().to(torch.int8).cpu().numpy(), chosen.tolist()


def hard_digits(data: Mnist) -> list[int]:
    """Ten held-out digits, one a kind: places in `data.validation`. They are looked for once."""
    return list(_find_hard_digits(data))


@functools.lru_cache(maxsize=2)  # MNIST's, and a caller's own; a Mnist is known by its tensors
def _find_hard_digits(data: Mnist) -> tuple[int, ...]:
    images, labels = (part.cpu() for part in data.validation)
    model = _doubter()
    with torch.inference_mode():
        shares = torch.cat([model(to_ink(part)).softmax(1) for part in images.split(500)])
    truth = shares[torch.arange(len(labels)), labels]
    places = []
    for digit in range(10):
        own = (labels == digit).nonzero()[:, 0]
        order = own[truth[own].argsort()]
        places.append(int(order[min(HARDNESS, len(order) - 1)]))
    return tuple(places)


@functools.cache
def _doubter() -> Network:
    return load_weights(WEIGHTS / "mlp.safetensors")[0]
