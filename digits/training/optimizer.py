"""Step 4, loss and optimizer: cross entropy that knows outliers, the optimizers, the learning rate's course."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from digits.training.config import TrainConfig


class Loss:
    """Mean cross entropy of a batch, in nats.

    With outliers an eleventh logit that is always 0 stands for "not a digit": an outlier's ten must be lower.
    """

    def __init__(self, smoothing: float, with_outliers: bool) -> None:
        self.smoothing, self.with_outliers = smoothing, with_outliers

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits (B, 10) and labels (B,) -> scalar."""
        return cross_entropy(self._complete(logits), labels, label_smoothing=self.smoothing)

    def plain(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The same without smoothing, for curves that can meet those of held-out images; nothing is learned from it."""
        return cross_entropy(self._complete(logits.detach()), labels)

    def count_right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many of the batch are read right, a scalar that stays on the device."""
        return (self._complete(logits).argmax(1) == labels).sum()

    def _complete(self, logits: Tensor) -> Tensor:
        return pad(logits, (0, 1)) if self.with_outliers else logits


class ConstantRate:
    """The schedule of a run whose learning rate stays as it is."""

    def step(self) -> None:
        pass


def make_loss(config: TrainConfig, with_outliers: bool) -> Loss:
    return Loss(config.smoothing(), with_outliers)


def make_optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    rate = config.peak_learning_rate()
    if config.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), rate, momentum=0.9, nesterov=True)
    optimizers = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return optimizers[config.optimizer](model.parameters(), rate, fused=True)


def make_schedule(
    config: TrainConfig, optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.OneCycleLR | ConstantRate:
    if config.one_cycle():
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, config.peak_learning_rate(), total_steps=steps)
    return ConstantRate()
