"""How well a network does on images, and the temperature that makes its probabilities honest."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from digits.data.handwriting import handwriting
from digits.data.mnist import Mnist
from digits.ink.geometry import to_ink
from digits.model.networks import Network
from digits.training.config import TrainConfig

CALIBRATION_DRAWINGS = 3_000  # beside the validation images, where a network has learned handwriting

MEASURED_AT_ONCE = 250  # images; with 1,000 their activations do not fit the cache, and it takes twice as long


class Score(NamedTuple):
    """How a network does on labelled images."""

    loss: float
    """Mean cross entropy in nats."""
    accuracy: float


def measure(model: Network, images: Tensor, labels: Tensor) -> Score:
    """Network, uint8 images (N, 28, 28) and labels (N,) -> its score."""
    return _score(compute_logits(model, images), labels)


def examine(logits: Tensor, labels: Tensor) -> tuple[Score, np.ndarray]:
    """Logits (N, 10) and labels (N,) -> their score and the confusion, int64 (10, 10): row what it was, column what was
    read.
    """
    pairs = torch.bincount(labels * 10 + logits.argmax(1), minlength=100)
    return _score(logits, labels), pairs.view(10, 10).cpu().numpy()


def _score(logits: Tensor, labels: Tensor) -> Score:
    right = (logits.argmax(1) == labels).sum().item()
    return Score(cross_entropy(logits, labels).item(), right / len(labels))


@torch.no_grad()
def compute_logits(model: Network, images: Tensor) -> Tensor:
    """Network and uint8 images (N, 28, 28) -> logits (N, 10)."""
    model.eval()
    inks = (to_ink(part).contiguous(memory_format=torch.channels_last) for part in images.split(MEASURED_AT_ONCE))
    return torch.cat([model(ink).float() for ink in inks])


def calibrate(model: Network, logits: Tensor, labels: Tensor) -> None:
    """Choose the network's temperature by the least cross entropy of its logits (N, 10) and labels (N,) for images that
    it was not trained on (Guo et al. 2017).
    """
    logits, labels = logits.cpu(), labels.cpu()
    sharpness = torch.zeros((), requires_grad=True)  # minus the logarithm of the temperature
    optimizer = torch.optim.LBFGS([sharpness], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        loss = cross_entropy(logits * sharpness.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(loss)
    model.temperature.fill_((-sharpness.detach()).clamp(-3, 3).exp())  # 0.05 to 20


def finish(config: TrainConfig, model: Network, data: Mnist) -> tuple[Score, np.ndarray]:
    """Choose the temperature -> score and confusion on the validation images, as `examine` gives them."""
    images, labels = data.validation
    drawn, drawn_labels = handwriting(CALIBRATION_DRAWINGS if config.handwriting else 0, config.seed + 1)
    logits = compute_logits(model, images)
    drawn_logits = compute_logits(model, drawn.to(images.device)) if len(drawn) else logits[:0]
    calibrate(model, torch.cat([logits, drawn_logits]), torch.cat([labels, drawn_labels.to(labels.device)]))
    return examine(logits, labels)
