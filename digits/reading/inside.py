"""What a network's layers make of one drawing, small enough to be sent at every reading: look_inside() -> Inside."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from digits.model.networks import Network

MOST_MAPS = 16  # of a stage: the strongest
MOST_STAGES = 3  # the first, a middle one, the last


@dataclass(frozen=True)
class Stage:
    """What comes out of one layer."""

    layer: int
    """Its place in `model.layers`."""
    units: np.ndarray
    """int64 (N,): which of its units or maps these are, the strongest first for maps, in their order for units."""
    values: np.ndarray
    """float32 (N,) or (N, H, W) in [0, 1]: activations, 1 the largest of the stage."""
    count: int
    """Of units or maps in the layer."""
    on: int
    """How many of them are above zero anywhere."""


@dataclass(frozen=True)
class Inside:
    logits: Tensor
    """float32 (10,)."""
    stages: list[Stage]


@torch.inference_mode()
def look_inside(model: Network, inks: Tensor) -> list[Inside]:
    """Ink (N, 1, 28, 28) in [0, 1] -> logits and the activations on the way to them, N times, from one pass."""
    value = (inks - model.mean) / model.std
    passed: list[tuple[int, Tensor]] = []
    for place, layer in enumerate(model.layers):
        value = layer(value)
        if _activates(layer):
            passed.append((place, value.float().clone()))  # an in-place ReLU of a later layer must not reach it
    maps = [(place, value) for place, value in passed if value.dim() == 4 and value.shape[-1] > 1]
    chosen = [maps[at] for at in _spread(len(maps))] if maps else passed[-1:]
    stages = [_stages(place, value) for place, value in chosen]
    return [Inside(logits, [of_all[i] for of_all in stages]) for i, logits in enumerate(value.float())]


def look_for(model: Network, layer: int, unit: int) -> tuple[np.ndarray, float] | None:
    """What a unit or map of a layer weighs in the layer before -> (weights, its bias); None where no layer has them.

    Weights of a first layer are (28, 28) or (k, k), of a later convolution (inputs, k, k).
    """
    first = next(part for part in model.layers.modules() if isinstance(part, (nn.Linear, nn.Conv2d)))
    for place in range(layer, -1, -1):
        for part in reversed(list(model.layers[place].modules())):
            if isinstance(part, (nn.Linear, nn.Conv2d)) and unit < len(part.weight):
                weights = part.weight[unit].detach().numpy()
                bias = float(part.bias[unit].detach()) if part.bias is not None else 0.0
                meets_ink = part is first and weights.size == 784
                return (weights.reshape(28, 28) if meets_ink else weights.squeeze()), bias
    return None


def _activates(layer: nn.Module) -> bool:
    return any(isinstance(part, (nn.ReLU, nn.Tanh, nn.GELU)) for part in layer.modules())


def _spread(count: int) -> list[int]:
    """The first, a middle and the last of so many."""
    return sorted({round(share * (count - 1)) for share in np.linspace(0, 1, min(count, MOST_STAGES))})


def _stages(layer: int, values: Tensor) -> list[Stage]:
    """A layer's activations, (N, units) or (N, maps, H, W) -> a stage for each drawing."""
    count = values.shape[1]
    if values.dim() == 2:
        strengths = values.clamp(min=0)
        units = torch.arange(count).expand(len(values), count)
    else:
        strengths = values.clamp(min=0).amax(dim=(2, 3))
        units = strengths.argsort(1, descending=True)[:, :MOST_MAPS]
    shown = values[torch.arange(len(values))[:, None], units].clamp(min=0)
    largest = strengths.amax(1).clamp(min=1e-6).view(-1, *[1] * (values.dim() - 1))
    rows = zip(units.numpy(), (shown / largest).numpy(), (strengths > 0).sum(1).tolist(), strict=True)
    return [Stage(layer, units_of_one, shares, count, on) for units_of_one, shares, on in rows]
