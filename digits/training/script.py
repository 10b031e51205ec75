"""Show me the PyTorch: a plain script, torch and torchvision alone, that trains the same network the same way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import nn

from digits.data.augment import ROTATION, SCALE, SHEAR, SHIFT
from digits.device import computes_in_bfloat16, select_device
from digits.errors import DigitsError
from digits.files import write_atomically
from digits.model.builder import Dropout, Skip, create_network
from digits.model.networks import MNIST_MEAN, MNIST_STD, _ChannelsLastFlatten
from digits.training.config import TrainConfig, command
from digits.training.optimizer import MUON_DECAY
from digits.training.plan import make_plan

MOST_LINES = 80  # with more, it goes without empty ones
OWN_LINE = (nn.Conv2d, nn.Linear, nn.Flatten, _ChannelsLastFlatten, Skip)  # what begins a line of the script
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
    if config.fine_tuning:
        raise DigitsError("This training is fine-tuned, which a short script has no room for; choose one without.")


def make_script(config: TrainConfig) -> str:
    """A config -> the Python source, under 80 lines. On the CPU, with the same number of threads, its losses are those
    of `digits.training.loop.train` on this machine to the bit: bfloat16 only where the device has it.

    Raises DigitsError for a config that cannot be used, and for what a plain script cannot do.
    """
    config.check()
    _refuse(config)
    sections = (_data(config), *_network(config), *_prepare(config), _training(config))
    source = "\n\n".join(section.strip("\n") for section in sections) + "\n"
    return source if source.count("\n") < MOST_LINES else source.replace("\n\n", "\n")


def _data(config: TrainConfig) -> str:
    """The script's first lines: what it imports, its settings and the digits."""
    return f'''
"""Trains a network to read digits. The same in Digits:
{command(config)}
"""
{_line("import math", config.augment == "affine")}\
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.datasets import MNIST

SEED, EPOCHS, BATCH = {config.seed}, {config.epochs}, {config.batch_size}
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(SEED)
order = torch.Generator(device).manual_seed(SEED)
{_line("chance = torch.Generator(device).manual_seed(SEED + 1)", config.augment == "affine")}
data = MNIST("mnist", download=True)
inks, labels = data.data.to(device), data.targets.to(device)
held_out, held_out_labels = inks[55_000:], labels[55_000:]
inks, labels = inks[:{config.examples or 55_000:_}], labels[:{config.examples or 55_000:_}]
'''


def _network(config: TrainConfig) -> list[str]:
    """The modules that PyTorch lacks, the network, and its optimizer and schedule."""
    network = create_network(config.model, config.layers, config.seed)
    helpers = [text for kind, text in HELPERS.items() if any(type(part) is kind for part in network.modules())]
    layers = f"""
network = nn.Sequential(
{write_layers(network.layers)})
network = network.to(device, memory_format=torch.channels_last)
steps = EPOCHS * -(-len(inks) // BATCH)
{_optimizer(config)}"""
    return [*helpers, layers]


def _prepare(config: TrainConfig) -> list[str]:
    """What comes between an image and the network."""
    prepare = f"""
def to_ink(images):
    return images.unsqueeze(1).float() / 255

def prepare(ink):
    return (ink.contiguous(memory_format=torch.channels_last) - torch.tensor({MNIST_MEAN})) / torch.tensor({MNIST_STD})
"""
    return [AFFINE, prepare] if config.augment == "affine" else [prepare]


def _one_cycle(config: TrainConfig) -> bool:
    return make_plan(config, config.examples or 55_000).one_cycle


def _low_precision(config: TrainConfig) -> bool:
    return config.precision == "bfloat16" and computes_in_bfloat16(select_device(config.device))


def _training(config: TrainConfig) -> str:
    """The loop, its validation, and the weights' file."""
    ink = "augment(to_ink(inks[batch]))" if config.augment == "affine" else "to_ink(inks[batch])"
    return f"""
for epoch in range(EPOCHS):
    network.train()
    for batch in torch.randperm(len(inks), generator=order, device=device).split(BATCH):
        with torch.autocast(device, torch.bfloat16, enabled={_low_precision(config)}):
            logits = network(prepare({ink})).float()
        loss = F.cross_entropy(logits, labels[batch], label_smoothing={config.smoothing()})
{_each(config, "optimizer", "zero_grad(set_to_none=True)")}\
        loss.backward()
{_each(config, "optimizer", "step()")}\
{_each(config, "schedule", "step()") if _one_cycle(config) else ""}\

    network.eval()
    with torch.no_grad():
        right = sum((network(prepare(to_ink(part))).argmax(1) == answers).sum().item()
                    for part, answers in zip(held_out.split(250), held_out_labels.split(250)))
    print(f"epoch {{epoch + 1}}: {{right / len(held_out):.2%}} of the held-out digits read right")

torch.save(network.state_dict(), "weights.pt")
"""


def _line(text: str, wanted: bool = True) -> str:
    return f"{text}\n" if wanted else ""


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


def write_layers(layers: nn.Module, indent: str = "    ") -> str:
    """The layers' constructor calls in order, so that the same seed gives the same weights: a line for each layer with
    weights, what pools, normalizes and activates beside it.
    """
    lines: list[str] = []
    for layer in _flat(layers):
        call = f"{_call(layer)}, "
        if lines and not isinstance(layer, OWN_LINE) and len(indent + lines[-1] + call) < 120:
            lines[-1] += call
        else:
            lines.append(call)
    return "".join(f"{indent}{line.rstrip()}\n" for line in lines)


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
    """The lines of the optimizer and its schedule, or with Muon of two of each."""
    rate = config.peak_learning_rate()
    kinds = {
        "adam": f"Adam(network.parameters(), {rate}, fused=True)",
        "adamw": f"AdamW(network.parameters(), {rate}, fused=True)",
        "sgd": f"SGD(network.parameters(), {rate}, momentum=0.9, nesterov=True)",
    }
    schedule = f"torch.optim.lr_scheduler.OneCycleLR(optimizer, {rate}, total_steps=steps)"
    if config.optimizer != "muon":
        optimizer = _line(f"optimizer = torch.optim.{kinds[config.optimizer]}")
        return optimizer + _line(f"schedule = {schedule}", _one_cycle(config))
    schedules = _line(f"schedules = [{schedule} for optimizer in optimizers]", _one_cycle(config))
    return f"""\
hidden = [layer.weight for layer in network.modules() if isinstance(layer, nn.Linear)][:-1]
rest = [weight for weight in network.parameters() if not any(weight is matrix for matrix in hidden)]
optimizers = [torch.optim.Muon(hidden, {rate}, weight_decay={MUON_DECAY}, adjust_lr_fn="match_rms_adamw"),
              torch.optim.AdamW(rest, {rate}, fused=True)]
{schedules}"""


def _each(config: TrainConfig, name: str, call: str) -> str:
    """The loop's lines that call a method of the optimizer or the schedule; with Muon, of each of two."""
    if config.optimizer == "muon":
        return f"        for {name} in {name}s:\n            {name}.{call}\n"
    return f"        {name}.{call}\n"
