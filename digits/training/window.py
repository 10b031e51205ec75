"""Loss, accuracy and speed of the training batches since the last update."""

import time
from typing import NamedTuple

import torch
from torch import Tensor

from digits.training.optimizer import Loss


class Means(NamedTuple):
    """Over the batches of one window."""

    loss: float
    accuracy: float
    images_per_second: float
    learning_rate: float
    """Of the last of its steps."""


class Window:
    """Sums stay on the device: reading them at every step would make a GPU wait."""

    def __init__(self, device: torch.device, processes: int) -> None:
        self.device, self.processes = device, processes
        self.restart()

    def restart(self) -> None:
        self.images, self.learning_rate = 0, 0.0
        self.loss_sum = self.right_sum = torch.zeros((), device=self.device)
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def add(self, loss: Loss, logits: Tensor, labels: Tensor, learning_rate: float) -> None:
        """A batch's logits (B, 10) and labels (B,), and its step's learning rate."""
        self.images += len(labels)
        self.loss_sum = self.loss_sum + loss.plain(logits, labels) * len(labels)
        self.right_sum = self.right_sum + loss.count_right(logits, labels)
        self.learning_rate = learning_rate

    def means(self) -> Means:
        return Means(
            loss=self.loss_sum.item() / self.images,
            accuracy=self.right_sum.item() / self.images,
            images_per_second=self.images * self.processes / self.seconds,
            learning_rate=self.learning_rate,
        )
