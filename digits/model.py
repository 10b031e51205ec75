"""The networks by name, and the only pair of functions that saves and loads their weights.

Every network takes ink, float32 (N, 1, 28, 28) in [0, 1], and returns logits (N, 10). What belongs to reading them,
such as the mean and standard deviation of its input, are buffers inside it, so nobody outside needs to know.
"""

import json
import os
import secrets
import threading
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor, nn

from digits.errors import DigitsError

# Mean and standard deviation of the 60,000 training images' pixels in [0, 1] (tests/test_data.py recomputes them).
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081

LARGEST_WEIGHTS_FILE = 100_000_000  # bytes; the largest network here takes 1.7 MB

_random_numbers = threading.Lock()  # torch's global generator serves all threads


class Network(nn.Module):
    """What all networks share: ink in, logits out, and the buffers below. Subclasses set `layers` and `name`."""

    name: str
    layers: nn.Module
    mean: Tensor
    std: Tensor
    temperature: Tensor
    """Divides the logits before softmax, so that probabilities are honest (Guo et al. 2017); chosen after training."""
    knows_outliers: Tensor
    """Whether it was trained with drawings that are no digits: then all logits are low for such."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MNIST_MEAN))
        self.register_buffer("std", torch.tensor(MNIST_STD))
        self.register_buffer("temperature", torch.tensor(1.0))
        self.register_buffer("knows_outliers", torch.tensor(False))

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) in [0, 1] -> logits (N, 10)."""
        return self.layers((ink - self.mean) / self.std)


class MLP(Network):
    """The beginners' network: 784 inputs, 512 hidden units, 10 outputs. 407,050 parameters."""

    name = "mlp"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),  # (N, 784)
            nn.Linear(784, 512),
            nn.ReLU(),
            nn.Linear(512, 10),
        )


class LeNet(Network):
    """LeNet-5 (LeCun et al. 1998, "Gradient-based learning applied to document recognition"). 61,706 parameters.

    As it is taught today: plain average pooling in place of trainable subsampling, full connections in the second
    convolution, and a linear output layer in place of radial basis functions.
    """

    name = "lenet"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),  # (N, 6, 28, 28)
            nn.Tanh(),
            nn.AvgPool2d(2),  # (N, 6, 14, 14)
            nn.Conv2d(6, 16, 5),  # (N, 16, 10, 10)
            nn.Tanh(),
            nn.AvgPool2d(2),  # (N, 16, 5, 5)
            nn.Conv2d(16, 120, 5),  # (N, 120, 1, 1)
            nn.Tanh(),
            nn.Flatten(),  # (N, 120)
            nn.Linear(120, 84),
            nn.Tanh(),
            nn.Linear(84, 10),
        )


def _convolution(
    inputs: int, outputs: int, pool: bool = False, size: int = 3, stride: int = 1, pad: bool = True, norm: bool = True
) -> nn.Sequential:
    """Convolution, batch norm, ReLU; a max-pool before the norm, where asked, saves three quarters of it."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2 if pad else 0, bias=not norm),
        *([nn.MaxPool2d(2)] if pool else []),
        *([nn.BatchNorm2d(outputs)] if norm else []),
        nn.ReLU(inplace=True),
    )


class CNN(Network):
    """Ours: five 3x3 convolutions and a global maximum. 70,330 parameters."""

    name = "cnn"
    channels = (16, 32, 32, 64, 64)

    def __init__(self) -> None:
        super().__init__()
        one, two, three, four, five = self.channels
        self.layers = nn.Sequential(
            _convolution(1, one, pool=True),  # (N, one, 14, 14)
            _convolution(one, two),  # (N, two, 14, 14)
            _convolution(two, three, pool=True),  # (N, three, 7, 7)
            _convolution(three, four),  # (N, four, 7, 7)
            _convolution(four, five),  # (N, five, 7, 7)
            nn.AdaptiveMaxPool2d(1),  # (N, five, 1, 1)
            nn.Flatten(),  # (N, five)
            nn.Linear(five, 10),
        )


class LargeCNN(CNN):
    """The same, two and a half times as wide. 435,010 parameters."""

    name = "cnn-large"
    channels = (40, 80, 80, 160, 160)


class _ChannelsLastFlatten(nn.Module):
    """(N, C, H, W) -> (N, H * W * C): in channels last nothing is copied, neither values nor their gradients."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1).flatten(1)


class FastCNN(Network):
    """The one that learns in the least time: three convolutions, without margins. 135,106 parameters."""

    name = "cnn-fast"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _convolution(1, 12, size=5, stride=2, pad=False, norm=False),  # (N, 12, 12, 12)
            _convolution(12, 32, pool=True, pad=False),  # (N, 32, 5, 5)
            _convolution(32, 64, pad=False),  # (N, 64, 3, 3)
            _ChannelsLastFlatten(),  # (N, 576)
            nn.Linear(576, 192),
            nn.ReLU(),
            nn.Linear(192, 10),
        )


NETWORKS: dict[str, type[Network]] = {network.name: network for network in (FastCNN, CNN, LargeCNN, LeNet, MLP)}


def create_model(name: str, seed: int = 0) -> Network:
    """A new network with the random weights that `seed` decides. Raises DigitsError for an unknown name.

    Nobody else's random numbers change.
    """
    if name not in NETWORKS:
        raise DigitsError(f"There is no network called {name!r}; choose one of {', '.join(NETWORKS)}.")
    with _random_numbers, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return NETWORKS[name]()


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def select_device(name: str) -> torch.device:
    """`auto` (the best there is), `cpu`, `cuda`, `cuda:N` or `mps` -> device. Raises DigitsError for others."""
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here[:0] = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name == "auto":
        return torch.device(here[0])
    if name not in here:
        raise DigitsError(f"Device {name!r} is not available; this machine has {', '.join(here)} (or say auto).")
    return torch.device(name)


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it; without, it would be slower than float32."""
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, then rename: a reader never sees half a file."""
    _write_together({path: content})


def _write_together(contents: dict[Path, bytes]) -> None:
    """Like write_atomically; none of the files changes before all of them are on the disk."""
    suffix = f".{secrets.token_hex(4)}.tmp"
    temporaries = {path: path.with_name(f".{path.name}{suffix}") for path in contents}
    try:
        for path, content in contents.items():
            temporaries[path].write_bytes(content)
        for path, temporary in temporaries.items():
            os.replace(temporary, path)
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def save_weights(model: Network, path: str | Path, card: dict) -> None:
    """Write `path` (safetensors) and, beside it, the card: the same name with .json.

    The weights alone are enough to load the network: its name travels in the file's metadata. Raises DigitsError for
    weights that are not finite and where the files cannot be written; what was there before stays then.
    """
    path = Path(path)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if not _finite(tensors):
        raise DigitsError(f"The network has weights that are not finite, so {path} is not written; train it again.")
    weights = serialize(tensors, metadata={"network": model.name})
    text = json.dumps(card, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_together({path: weights, path.with_suffix(".json"): text.encode()})
    except OSError as error:
        raise DigitsError(
            f"The weights cannot be written to {path} ({error.strerror}); choose another folder."
        ) from None


def load_weights(path: str | Path, device: str | torch.device = "cpu") -> tuple[Network, dict]:
    """Weights file -> (network in evaluation mode, its card; empty without one).

    Raises DigitsError for a missing, truncated, pickled or foreign file, for one whose tensors do not fit the network
    that it names, and for weights that are not finite.
    """
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, also says no to a name that is too long
        raise DigitsError(f"There is no weights file at {path}; train one with: python -m digits train --out RUN.")
    if path.stat().st_size > LARGEST_WEIGHTS_FILE:
        raise DigitsError(f"{path.name} is too large for a network of Digits ({path.stat().st_size:,} bytes).")
    try:
        with safe_open(path, framework="pt") as file:
            name = (file.metadata() or {}).get("network")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise DigitsError(
            f"{path.name} is not a whole safetensors file ({error}); use one that Digits saved, and copy it again "
            "if it was cut short (pickled .pt and .pth files are not opened, for safety)."
        ) from None
    if name not in NETWORKS:
        raise DigitsError(
            f"{path.name} holds weights of {name or 'an unnamed network'}, but Digits knows {', '.join(NETWORKS)}; "
            "use a file that Digits saved."
        )
    model = create_model(name)
    wanted, came = _shapes(model.state_dict()), _shapes(tensors)
    if wanted != came:
        key = next(key for key in [*wanted, *came] if wanted.get(key) != came.get(key))
        raise DigitsError(
            f"{path.name} does not fit the network {name!r}: {key} is {came.get(key, 'missing')} "
            f"where {wanted.get(key, 'nothing')} is wanted; use a file that this version of Digits saved."
        )
    if not _finite(tensors):
        raise DigitsError(f"{path.name} holds numbers that are not finite; train the network again.")
    model.load_state_dict(tensors)
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8")) if card_path.is_file() else {}
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict):
        raise DigitsError(f"The card {card_path.name} is not a JSON object; restore it or delete it.")
    return model.to(device).eval(), card


def _shapes(tensors: dict[str, Tensor]) -> dict[str, str]:
    return {key: f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}" for key, tensor in tensors.items()}


def _finite(tensors: dict[str, Tensor]) -> bool:
    return all(torch.isfinite(tensor).all() for tensor in tensors.values())
