"""What a network learns from: MNIST's training images and, where the config asks, drawn handwriting and outliers."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from digits.data.handwriting import USUAL, WIDE, Variety, handwriting
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
    first_drawing: int
    """Index of the first that Digits made."""
    drawings: int
    """So many behind each of these is the one that takes its place in fine-tuning."""

    def exchange(self, order: Tensor) -> Tensor:
        """Indices of an epoch -> the same with other drawings."""
        return torch.where(order < self.first_drawing, order, order + self.drawings)


def count_examples(config: TrainConfig, data: Mnist) -> int:
    """How many an epoch has."""
    return len(data.training[1][: config.examples]) + config.handwriting + config.outliers


def gather(config: TrainConfig, data: Mnist, device: torch.device) -> Examples:
    """The examples that `config` asks for; the only place that knows where they come from."""
    images, labels = (part[: config.examples] for part in data.training)  # None takes all
    made = [_draw(config, config.seed, USUAL)]
    if config.fine_tuning:
        made.append(_draw(config, config.seed + 2, WIDE))
    drawings = config.handwriting + config.outliers
    if drawings:
        images = torch.cat([images, *(part.to(device) for part, _ in made)])
        labels = torch.cat([labels, *(part.to(device) for _, part in made)])
    return Examples(images, labels, config.outliers > 0, len(labels) - drawings * len(made), drawings)


def _draw(config: TrainConfig, seed: int, variety: Variety) -> tuple[Tensor, Tensor]:
    """Handwriting and outliers -> ink, uint8 (N, 28, 28), and labels, int64 (N,)."""
    drawn, labels = handwriting(config.handwriting, seed, variety)
    strange = outliers(config.outliers, seed, variety)
    return torch.cat([drawn, strange]), torch.cat([labels, torch.full((len(strange),), NOT_A_DIGIT)])


class Batches:
    """Batches of indices, in a new random order every epoch. A resumed run continues within its epoch's order."""

    def __init__(self, plan: Plan, examples: Examples, generator: torch.Generator) -> None:
        self.plan, self.examples, self.generator = plan, examples, generator
        self.order = torch.empty(0, dtype=torch.int64, device=generator.device)  # of the epoch in progress

    def after(self, step: int) -> Iterator[tuple[int, Tensor]]:
        """The (step, indices (B,)) that come after `step` steps, to the end of the last epoch."""
        plan = self.plan
        for epoch in range(step // plan.steps_an_epoch, plan.epochs):
            if step == epoch * plan.steps_an_epoch:  # else a resumed run is within the epoch, and has its order
                self.order = torch.randperm(plan.images, generator=self.generator, device=self.generator.device)
                if step >= plan.tuned_from:
                    self.order = self.examples.exchange(self.order)
            for batch in self.order.split(plan.batch_size)[step % plan.steps_an_epoch :]:
                step += 1
                yield step, batch
