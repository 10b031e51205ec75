"""What the network looked at in a drawing, and what its layers made of it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from digits.model.networks import Network

PATCH = 5  # pixels a side of what is covered: two pens wide
INKED = 0.1  # a pixel with less ink than this is paper


@dataclass(frozen=True)
class Explanation:
    """Why a network reads a drawing as it does."""

    digit: int
    """The likeliest digit."""
    runner_up: int
    """The digit that it comes nearest to when a part is covered."""
    logits: np.ndarray
    """float32 (10,): what the network says before softmax."""
    importance: np.ndarray
    """float32 (28, 28) in [-1, 1]: how much covering the ink here takes from `digit`'s lead over all others
    (positive) or adds to it (negative), relative to the strongest; 0 where there is no ink."""
    decisive: tuple[int, int]
    """Top and left of the PATCH whose covering takes most from the lead."""
    becomes: int
    """What the network reads without that patch."""
    layers: list["Layer"]


@dataclass(frozen=True)
class Layer:
    """What comes out of one layer that still gives images, and how to find its inputs."""

    name: str
    maps: np.ndarray
    """float32 (channels, height, width), scaled to [0, 1] over the layer."""
    filters: np.ndarray | None
    """float32 (channels, inputs, k, k): the layer's convolution, if it has one."""
    sees: int
    """Pixels a side of the drawing that one unit sees (its receptive field)."""
    step: int
    """Pixels of the drawing between two neighbouring units."""
    start: float
    """The middle of the first unit's field, in pixels from the drawing's edge."""


@torch.inference_mode()
def explain(model: Network, ink: Tensor) -> Explanation:
    """Cover each patch of the ink in turn and read it again: occlusion, exact and model-free (Zeiler and Fergus 2014).

    ink: float32 (1, 1, 28, 28) in [0, 1], not blank. 577 readings in one batch.
    """
    side = ink.shape[-1]
    places = [(y, x) for y in range(side - PATCH + 1) for x in range(side - PATCH + 1)]  # 576
    covered = ink.repeat(len(places) + 1, 1, 1, 1)  # (577, 1, 28, 28), the last one whole
    for i, (y, x) in enumerate(places):
        covered[i, :, y : y + PATCH, x : x + PATCH] = 0
    logits = model(covered).float()  # (577, 10)
    digit = int(logits[-1].argmax())
    rivals = logits.clone()
    rivals[:, digit] = -torch.inf
    lead = logits[:, digit] - rivals.amax(1)  # (577,)
    weaker = (lead[-1] - lead[:-1]).view(side - PATCH + 1, -1)  # (24, 24)
    covers = nn.functional.max_pool2d(ink, PATCH, stride=1)[0, 0] > INKED  # a patch of bare paper decides nothing
    decisive = int(weaker.masked_fill(~covers, -torch.inf).argmax())
    # Each pixel gets the mean of the patches over it.
    ones = torch.ones(1, 1, PATCH, PATCH)
    total = nn.functional.conv_transpose2d(weaker[None, None], ones)[0, 0]  # (28, 28)
    count = nn.functional.conv_transpose2d(torch.ones_like(weaker)[None, None], ones)[0, 0]
    importance = total / count * (ink[0, 0] > INKED)
    strongest = importance.abs().max().clamp(min=1e-6)
    return Explanation(
        digit=digit,
        runner_up=int(rivals[decisive].argmax()),
        logits=logits[-1].numpy(),
        importance=(importance / strongest).numpy(),
        decisive=places[decisive],
        becomes=int(logits[decisive].argmax()),
        layers=_layers(model, ink),
    )


def _layers(model: Network, ink: Tensor) -> list[Layer]:
    found = []
    value = (ink - model.mean) / model.std
    sees, step, start, filters = 1, 1, 0.5, None
    for layer in model.layers:
        value = layer(value)
        for part in layer.modules():
            if isinstance(part, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
                size, stride, padding = (
                    _first(n) for n in (part.kernel_size, part.stride, part.padding) if not isinstance(n, str)
                )
                start += ((size - 1) / 2 - padding) * step
                sees += (size - 1) * step
                step *= stride
            if isinstance(part, nn.Conv2d):
                filters = part.weight.numpy()
        if value.dim() == 4 and value.shape[-1] > 1 and not isinstance(layer, nn.Conv2d):
            maps = value[0] - value.amin()
            maps = (maps / maps.amax().clamp(min=1e-6)).numpy()
            found.append(Layer(_name(layer, filters is not None), maps, filters, sees, step, start))
            filters = None
    return found


def _first(number: int | tuple[int, ...]) -> int:
    return number if isinstance(number, int) else number[0]


def _name(layer: nn.Module, convolution: bool) -> str:
    """A layer in words, from the convolution that comes before its maps, if any, to them."""
    names = {
        nn.Conv2d: "",
        nn.MaxPool2d: "max-pooling",
        nn.AvgPool2d: "average pooling",
        nn.BatchNorm2d: "batch norm",
        nn.ReLU: "ReLU",
        nn.Tanh: "tanh",
    }
    parts = [
        names.get(type(part), type(part).__name__) for part in layer.modules() if not isinstance(part, nn.Sequential)
    ]
    return ", ".join(filter(None, ["convolution" if convolution else "", *parts]))
