"""Show me the PyTorch: a plain script, torch and torchvision alone, that trains the same network the same way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import nn

from digits.data.augment import ROTATION, SCALE, SHEAR, SHIFT
from digits.errors import DigitsError
from digits.files import write_atomically
from digits.model.builder import Dropout, Skip, create_network
from digits.model.networks import MNIST_MEAN, MNIST_STD, _ChannelsLastFlatten
from digits.training.config import TrainConfig, command

HELPERS = {
    _ChannelsLastFlatten: """
class FlattenChannelsLast(nn.Module):
    def forward(self, maps):
        return maps.permute(0, 2, 3, 1).flatten(1)
""",
    Skip: """
class Skip(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, value):
        return value + self.inner(value)
""",
    Dropout: """
class Dropout(nn.Module):
    generator = torch.Generator().manual_seed(SEED)

    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, value):
        kept = torch.rand(value.shape, generator=self.generator) >= self.share
        return value * kept.to(value.device) / (1 - self.share) if self.training else value
""",
}
AFFINE = f"""
def augment(ink):  # each image turned, resized, slanted and moved a little
    angle, size, slant, dx, dy = torch.rand(5, len(ink), generator=chance, device=device) * 2 - 1
    angle, size, slant = angle * math.radians({ROTATION}), 1 + size * {SCALE}, slant * {SHEAR}
    cos, sin, shift = torch.cos(angle) / size, torch.sin(angle) / size, {SHIFT} * 2 / 28
    rows = [cos, cos * slant - sin, dx * shift, sin, sin * slant + cos, dy * shift]
    grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(ink.shape), align_corners=False)
    return F.grid_sample(ink, grid, align_corners=False)
"""


def _refuse(config: TrainConfig) -> None:
    """Raises DigitsError for what a plain script cannot do."""
    if config.handwriting or config.outliers or config.augment == "elastic":
        what = "bends its digits" if config.augment == "elastic" else "learns from drawings that Digits makes"
        raise DigitsError(f"This training {what}, which a short script cannot; choose one without for its PyTorch.")
    if config.optimizer == "muon":
        raise DigitsError("There is no script for Muon yet; choose AdamW, Adam or SGD for its PyTorch.")


def make_script(config: TrainConfig) -> str:
    """A config -> the Python source, under 80 lines. On the CPU, with the same number of threads, its losses are those
    of `digits.training.loop.train` to the bit.

    Raises DigitsError for a config that cannot be used, and for what a plain script cannot do.
    """
    config.check()
    _refuse(config)
    lines = (_data(config) + _network(config) + _prepare(config) + _training(config)).splitlines()
    return "\n".join(line for line in lines if line.strip()) + "\n"


def _data(config: TrainConfig) -> str:
    """The script's first lines: what it imports, its settings and the digits."""
    return f'''"""Trains a network to read digits. The same in Digits: {command(config)}"""
{"import math" if config.augment == "affine" else ""}
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.datasets import MNIST

SEED, EPOCHS, BATCH = {config.seed}, {config.epochs}, {config.batch_size}
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(SEED)
order, chance = torch.Generator(device).manual_seed(SEED), torch.Generator(device).manual_seed(SEED + 1)

data = MNIST("mnist", download=True)
inks, labels = data.data.to(device), data.targets.to(device)
held_out, held_out_labels = inks[55_000:], labels[55_000:]
inks, labels = inks[:{config.examples or 55_000}], labels[:{config.examples or 55_000}]
'''


def _network(config: TrainConfig) -> str:
    """The network with the modules that PyTorch lacks, its optimizer and schedule."""
    network = create_network(config.model, config.layers, config.seed)
    helpers = "".join(text for kind, text in HELPERS.items() if any(type(part) is kind for part in network.modules()))
    rate = config.peak_learning_rate()
    schedule = f"schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, {rate}, total_steps=steps)"
    return f"""{helpers}
network = nn.Sequential(
{_source(network.layers)})
network = network.to(device, memory_format=torch.channels_last)
steps = EPOCHS * -(-len(inks) // BATCH)
optimizer = {_optimizer(config)}
{schedule if config.one_cycle() else ""}
"""


def _prepare(config: TrainConfig) -> str:
    """What comes between an image and the network."""
    affine = config.augment == "affine"
    return f"""{AFFINE if affine else ""}
def prepare(images, change=False):
    ink = images.unsqueeze(1).float() / 255
    ink = {"augment(ink)" if affine else "ink"} if change else ink
    return (ink.contiguous(memory_format=torch.channels_last) - torch.tensor({MNIST_MEAN})) / torch.tensor({MNIST_STD})
"""


def _training(config: TrainConfig) -> str:
    """The loop, its validation, and the weights' file."""
    return f"""
for epoch in range(EPOCHS):
    network.train()
    for batch in torch.randperm(len(inks), generator=order, device=device).split(BATCH):
        with torch.autocast(device, torch.bfloat16, enabled={config.precision == "bfloat16"}):
            logits = network(prepare(inks[batch], change=True)).float()
        loss = F.cross_entropy(logits, labels[batch], label_smoothing={config.smoothing()})
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
{"        schedule.step()" if config.one_cycle() else ""}
    network.eval()
    with torch.no_grad():
        right = sum((network(prepare(part)).argmax(1) == answers).sum().item()
                    for part, answers in zip(held_out.split(250), held_out_labels.split(250)))
    print(f"epoch {{epoch + 1}}: {{right / len(held_out):.2%}} of the held-out digits read right")
torch.save(network.state_dict(), "weights.pt")
"""


def write_script(config: TrainConfig, path: Path) -> None:
    """Write the script to a .py or the notebook to a .ipynb. Raises DigitsError where that cannot be."""
    makers = {".py": make_script, ".ipynb": make_notebook}
    if path.suffix not in makers:
        raise DigitsError(f"The script's name is {path.name!r}; wanted one that ends in .py or .ipynb.")
    try:
        write_atomically(path, makers[path.suffix](config).encode())
    except OSError as error:
        raise DigitsError(f"{path} cannot be written ({error.strerror}); choose another place.") from None


def make_notebook(config: TrainConfig) -> str:
    """The same as a Jupyter notebook, JSON (nbformat 4)."""
    source = make_script(config).splitlines(keepends=True)
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "train",
        "metadata": {},
        "outputs": [],
        "source": source,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def _source(layers: nn.Module, indent: str = "    ") -> str:
    """The layers' constructor calls in order, so that the same seed gives the same weights."""
    return "".join(f"{indent}{_call(layer)},\n" for layer in _flat(layers))


def _flat(layers: nn.Module) -> Iterator[nn.Module]:
    for layer in layers.children():
        if isinstance(layer, nn.Sequential):
            yield from _flat(layer)
        else:
            yield layer


def _call(layer: nn.Module) -> str:
    if isinstance(layer, _ChannelsLastFlatten):
        return "FlattenChannelsLast()"
    if isinstance(layer, Skip):
        return f"Skip(nn.Sequential({', '.join(map(_call, _flat(layer.inner)))}))"
    if isinstance(layer, Dropout):
        return f"Dropout({layer.share})"
    bias = "" if getattr(layer, "bias", True) is not None else ", bias=False"
    if isinstance(layer, nn.Conv2d):
        stride = f", stride={layer.stride[0]}" if layer.stride[0] > 1 else ""
        margin = f", padding={layer.padding[0]}" if layer.padding[0] else ""
        return f"nn.Conv2d({layer.in_channels}, {layer.out_channels}, {layer.kernel_size[0]}{stride}{margin}{bias})"
    if isinstance(layer, nn.Linear):
        return f"nn.Linear({layer.in_features}, {layer.out_features}{bias})"
    if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
        return f"nn.{type(layer).__name__}({layer.num_features})"
    if isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)):
        return f"nn.{type(layer).__name__}({layer.kernel_size})"
    if isinstance(layer, nn.AdaptiveMaxPool2d):
        return "nn.AdaptiveMaxPool2d(1)"
    return f"nn.{type(layer).__name__}({'inplace=True' if getattr(layer, 'inplace', False) else ''})"


def _optimizer(config: TrainConfig) -> str:
    rate = config.peak_learning_rate()
    if config.optimizer == "sgd":
        return f"torch.optim.SGD(network.parameters(), {rate}, momentum=0.9, nesterov=True)"
    kind = {"adam": "Adam", "adamw": "AdamW"}[config.optimizer]
    return f"torch.optim.{kind}(network.parameters(), {rate}, fused=True)"
