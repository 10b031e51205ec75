"""The networks by name.

Every network takes ink, float32 (N, 1, 28, 28) in [0, 1], and returns logits (N, 10). What belongs to reading them,
such as the mean and standard deviation of its input, are buffers inside it, so nobody outside needs to know.
"""

import contextlib
import threading
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from digits.errors import DigitsError

# Mean and standard deviation of the 60,000 training images' pixels in [0, 1] (tests/test_data.py recomputes them).
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081

_random_numbers = threading.Lock()  # torch's global generator serves all threads


class Network(nn.Module):
    """What all networks share: ink in, logits out, and the buffers below. Subclasses set `layers` and `name`."""

    name: str
    layers: nn.Sequential
    mean: Tensor
    std: Tensor
    temperature: Tensor
    """Divides the logits before softmax, so that probabilities are honest (Guo et al. 2017); chosen after training."""
    knows_outliers: Tensor
    """Whether it was trained with drawings that are no digits: then all logits are low for such."""

    generator: torch.Generator | None = None
    """Of the random numbers that it draws in training, where it draws any."""

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

    As it is taught today: plain average pooling instead of trainable subsampling, full connections in the second
    convolution, and a linear output layer instead of radial basis functions.
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
    """Convolution, batch norm, ReLU; pooling first, where asked, leaves the norm a quarter of the pixels."""
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
        c1, c2, c3, c4, c5 = self.channels
        self.layers = nn.Sequential(
            _convolution(1, c1, pool=True),  # (N, c1, 14, 14)
            _convolution(c1, c2),  # (N, c2, 14, 14)
            _convolution(c2, c3, pool=True),  # (N, c3, 7, 7)
            _convolution(c3, c4),  # (N, c4, 7, 7)
            _convolution(c4, c5),  # (N, c5, 7, 7)
            nn.AdaptiveMaxPool2d(1),  # (N, c5, 1, 1)
            nn.Flatten(),  # (N, c5)
            nn.Linear(c5, 10),
        )


class LargeCNN(CNN):
    """The same, two and a half times as wide. 435,010 parameters."""

    name = "cnn-large"
    channels = (40, 80, 80, 160, 160)


class _ChannelsLastFlatten(nn.Module):
    """(N, C, H, W) -> (N, H * W * C): in channels last, neither activations nor gradients need a copy."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1).flatten(1)


class FastCNN(Network):
    """The one that learns in the least time: two convolutions, without margins. 142,250 parameters."""

    name = "cnn-fast"

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _convolution(1, 16, size=5, stride=2, pool=True, pad=False, norm=False),  # (N, 16, 6, 6)
            _convolution(16, 64, pad=False),  # (N, 64, 4, 4)
            _ChannelsLastFlatten(),  # (N, 1024)
            nn.Linear(1024, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )


NETWORKS: dict[str, type[Network]] = {network.name: network for network in (FastCNN, CNN, LargeCNN, LeNet, MLP)}


def create_model(name: str, seed: int = 0) -> Network:
    """A new network with the random weights that `seed` decides. Raises DigitsError for an unknown name.

    Nobody else's random numbers change.
    """
    if name not in NETWORKS:
        raise DigitsError(f"There is no network called {name!r}; choose one of {', '.join(NETWORKS)}.")
    with random_numbers_of(seed):
        return NETWORKS[name]()


@contextlib.contextmanager
def random_numbers_of(seed: int) -> Iterator[None]:
    """Within it torch's random numbers are those of `seed`; afterwards they go on as if nothing had been."""
    with _random_numbers, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def in_channels_last(model: Network, device: torch.device) -> Network:
    """The same network on a device, laid out so that convolutions take two thirds of the time."""
    return model.to(device).to(memory_format=torch.channels_last)


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
