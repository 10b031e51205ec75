"""Step 2, define the model: its layers with shapes and weights, and one unit's sum with all its numbers."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.model.builder import Dropout
from digits.model.describe import describe_layers
from digits.model.networks import MNIST_MEAN, MNIST_STD, Network, random_numbers_of
from digits.training.script import HELPERS, write_layers
from digits.ui.lesson.turns import (
    Answer,
    ServerFunction,
    copy_network,
    own_turn,
    pack_signed,
    parse_choice,
    parse_switch,
    parse_whole,
)
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_ink

WIDTHS = 8, 512  # of a new network's hidden layer
ACTIVATIONS = {"ReLU": nn.ReLU, "Tanh": nn.Tanh, "GELU": nn.GELU, "Identity": nn.Identity}
Steps = list[list[str | float]]  # name and value of each

LARGEST = 5  # terms of the sum that are shown as numbers


class NewMLP(Network):
    """The beginners' network with another width and activation, and new random weights."""

    name = "mlp"

    def __init__(self, width: int, activation: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, width), ACTIVATIONS[activation](), nn.Linear(width, 10)
        )


def look_at_model(page: Page) -> ServerFunction:
    @answer_errors
    def look_at_model(payload: Answer) -> Answer:
        """A digit through the network in use, or through a {"new"} one of a "width" and "activation" -> its layers,
        the ten outputs and, of "layer" and "unit", the whole sum.
        """
        ink = parse_ink(payload)[None]
        used = page.networks.chosen(payload).model
        network = new_mlp(payload) if parse_switch(payload, "new") else copy_network(used)
        parts = weighted(network)
        layer = parse_whole(payload, "layer", 0, len(parts) - 1, 0)
        unit = parse_whole(payload, "unit", 0, 10**6, 0) % len(parts[layer].weight)
        with own_turn(), torch.no_grad():
            return {
                "code": write_code(network),
                "layers": [
                    {"name": row.name, "shape": row.shape, "parameters": row.parameters}
                    for row in describe_layers(network)
                ],
                "units": len(parts[layer].weight),
                "probabilities": network(ink).softmax(1)[0].tolist(),
                "opened": open_unit(network, ink, layer, unit),
            }

    return look_at_model


def new_mlp(payload: Answer) -> Network:
    """{"width", "activation", "seed"} -> a new network. Raises DigitsError for values out of range."""
    width = parse_whole(payload, "width", *WIDTHS, 512)
    activation = parse_choice(payload, "activation", tuple(ACTIVATIONS))
    with random_numbers_of(parse_whole(payload, "seed", 0, 10_000, 0)):
        return NewMLP(width, activation).eval()


def weighted(network: Network) -> list[nn.Conv2d | nn.Linear]:
    """The parts with weights, in order."""
    return [part for part in network.modules() if isinstance(part, (nn.Conv2d, nn.Linear))]


def open_unit(network: Network, ink: Tensor, layer: int, unit: int) -> Answer:
    """What one unit adds up for one ink (1, 1, 28, 28): inputs x weights, sum, bias, and what follows it.

    Of a map it is the place where it is largest. The numbers add up: sum + bias = before.
    """
    parts = list(network.modules())
    part = weighted(network)[layer]
    seen: list[tuple[nn.Module, Tensor, Tensor]] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen.append((module, inputs[0].clone(), output.clone()))

    leaves = [module for module in parts if not list(module.children())]
    hooks = [module.register_forward_hook(note) for module in leaves]
    try:
        network(ink)
    finally:
        for hook in hooks:
            hook.remove()
    at = next(place for place, (module, _, _) in enumerate(seen) if module is part)
    _, value, output = seen[at]
    weights, place = part.weight[unit], 0
    if isinstance(part, nn.Conv2d):
        place = int(output[0, unit].argmax())
        padding = part.padding if isinstance(part.padding, tuple) else 0  # none of ours is a word
        patches = F.unfold(value, part.kernel_size, padding=padding, stride=part.stride)
        inputs = patches[0, :, place]
    else:
        inputs = value[0]
    products = (inputs * weights.flatten()).double()
    bias = 0.0 if part.bias is None else float(part.bias[unit])
    largest = products.abs().argsort(descending=True)[:LARGEST]
    return {
        "layer": layer,
        "unit": unit,
        "shape": _picture_shape(part),
        "inputs": pack_signed(inputs),
        "weights": pack_signed(weights),
        "products": pack_signed(products.float()),
        "terms": len(products),
        "largest": [[float(inputs[i]), float(weights.flatten()[i]), float(products[i])] for i in largest],
        "sum": float(products.sum()),
        "bias": bias,
        "before": float(products.sum()) + bias,
        "after": _what_follows(seen[at + 1 :], output, unit, place),
        "place": list(divmod(place, output.shape[-1])) if isinstance(part, nn.Conv2d) else None,
    }


def _what_follows(seen: list[tuple[nn.Module, Tensor, Tensor]], output: Tensor, unit: int, place: int) -> Steps:
    """The steps up to the next weights, as [name, value]; a pooling ends it, since its places are others."""
    steps: Steps = []
    for module, _, value in seen:
        if isinstance(module, (nn.Conv2d, nn.Linear)) or value.shape != output.shape:
            break
        steps.append([type(module).__name__, float(value[0, unit].flatten()[place])])
    return steps


def _picture_shape(part: nn.Conv2d | nn.Linear) -> list[int]:
    """Rows and columns in which the weights of one unit are shown."""
    if isinstance(part, nn.Conv2d):
        high, wide = part.kernel_size
        return [part.in_channels * high, wide] if part.in_channels > 1 else [high, wide]
    if part.in_features == 784:
        return [28, 28]
    columns = next(n for n in (32, 24, 16, 12, 8, 7, 5, 4, 3, 2, 1) if part.in_features % n == 0)
    return [part.in_features // columns, columns]


def write_code(network: Network) -> list[str]:
    """The network as the lines of plain PyTorch that make it, after the classes that PyTorch lacks."""
    kinds = {type(module) for module in network.modules()} - {Dropout}  # ours differs in its random numbers alone
    helpers = "".join(text for kind, text in HELPERS.items() if kind in kinds)
    layers = write_layers(network.layers).replace("Dropout(", "nn.Dropout(")
    use = f"logits = model((ink - {MNIST_MEAN}) / {MNIST_STD})"
    return [line for line in f"{helpers}model = nn.Sequential(\n{layers})\n{use}".splitlines() if line]
