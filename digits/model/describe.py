"""A network's layers in words and numbers: describe_layers()."""

from dataclasses import dataclass

import torch
from torch import nn

from digits.model.networks import Network, count_parameters


@dataclass(frozen=True)
class LayerDescription:
    name: str
    """Such as `conv 5×5` or `linear`."""
    shape: tuple[int, ...]
    """Of what comes out, for one image."""
    parameters: int


@torch.no_grad()
def describe_layers(model: Network) -> list[LayerDescription]:
    """The layers that have weights, in order, with what comes out of the block that each stands in."""
    rows, value = [], torch.zeros(1, 1, 28, 28, device=model.mean.device)
    training = model.training
    model.eval()
    for layer in model.layers:
        value = layer(value)
        weighted = [part for part in layer.modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
        if weighted:
            rows.append(LayerDescription(_name(weighted[0]), tuple(value.shape[1:]), count_parameters(layer)))
        elif rows and value.dim() == 4:  # pooling: the block before it gets smaller
            rows[-1] = LayerDescription(rows[-1].name, tuple(value.shape[1:]), rows[-1].parameters)
    model.train(training)
    return rows


def _name(layer: nn.Conv2d | nn.Linear) -> str:
    if isinstance(layer, nn.Linear):
        return "linear"
    side = layer.kernel_size[0]
    return f"conv {side}×{side}"
