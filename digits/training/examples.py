"""What a network learns from: MNIST's training images and, where the config asks, drawn handwriting and outliers."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from digits.data.handwriting import handwriting
from digits.data.mnist import Mnist
from digits.data.outliers import outliers
from digits.training.config import TrainConfig
from digits.training.plan import Plan

NOT_A_DIGIT = 10  # the label of an outlier


@dataclass(frozen=True)
class Examples:
    """The training images and their labels, on the device that trains."""

    images: Tensor
    """uint8 (N, 28, 28), paper 0, ink 255."""
    labels: Tensor
    """int64 (N,), 0 to 9, NOT_A_DIGIT for an outlier."""
    with_outliers: bool

    def __len__(self) -> int:
        return len(self.labels)


def count_examples(config: TrainConfig, data: Mnist) -> int:
    """How many `gather` will give."""
    return len(data.training[1][: config.examples]) + config.handwriting + config.outliers


def gather(config: TrainConfig, data: Mnist, device: torch.device) -> Examples:
    """The examples that `config` asks for; the only place that knows where they come from."""
    images, labels = (part[: config.examples] for part in data.training)  # None takes all
    drawn, drawn_labels = handwriting(config.handwriting, config.seed)
    strange = outliers(config.outliers, config.seed)
    if len(drawn) + len(strange):
        images = torch.cat([images, drawn.to(device), strange.to(device)])
        strange_labels = torch.full((len(strange),), NOT_A_DIGIT, device=device)
        labels = torch.cat([labels, drawn_labels.to(device), strange_labels])
    return Examples(images, labels, len(strange) > 0)


class Batches:
    """Batches of indices, in a new random order every epoch. A resumed run continues within its epoch's order."""

    def __init__(self, plan: Plan, generator: torch.Generator) -> None:
        self.plan, self.generator = plan, generator
        self.order = torch.empty(0, dtype=torch.int64, device=generator.device)  # of the epoch in progress

    def after(self, step: int) -> Iterator[tuple[int, Tensor]]:
        """The (step, indices (B,)) that come after `step` steps, to the end of the last epoch."""
        plan = self.plan
        for epoch in range(step // plan.steps_an_epoch, plan.epochs):
            if step == epoch * plan.steps_an_epoch:  # else a resumed run is within the epoch, and has its order
                self.order = torch.randperm(plan.images, generator=self.generator, device=self.generator.device)
            for batch in self.order.split(plan.batch_size)[step % plan.steps_an_epoch :]:
                step += 1
                yield step, batch
