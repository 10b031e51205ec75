"""How many steps a training takes, and after which of them it is validated and tells where it stands."""

import math
from dataclasses import dataclass

from digits.errors import DigitsError
from digits.training.config import TrainConfig

UPDATES_AN_EPOCH, VALIDATIONS_AN_EPOCH = 50, 4
MOST_UPDATES, MOST_VALIDATIONS = 2_000, 400  # keep the curve of the longest run light for a browser
LONGEST_SILENCE = 2.0  # seconds; a slow run yields also between, so that it can be watched and stopped


@dataclass(frozen=True)
class Plan:
    """Counts in steps; a step is one batch, the last of an epoch may be smaller."""

    images: int
    batch_size: int
    epochs: int
    """With those of fine-tuning."""
    steps_an_epoch: int
    steps: int
    """Of the whole run."""
    tuned_from: int
    """Of its steps so many are before the fine-tuning; all where there is none."""
    one_cycle: bool
    """Whether the learning rate has a course: that of a single step would be its first, a 25th of the peak or less."""
    update_every: int
    validate_every: int

    def validates(self, step: int) -> bool:
        """Whether the network is validated after this step."""
        return step % self.validate_every == 0 or step == self.steps

    def is_due(self, step: int, silence: float) -> bool:
        """Whether there is an update after this step, `silence` seconds after the last one."""
        return self.validates(step) or silence > LONGEST_SILENCE or step % self.update_every == 0

    def epochs_done(self, step: int) -> float:
        """Passes over the training images after `step` > 0 steps."""
        epoch = (step - 1) // self.steps_an_epoch
        return epoch + (step - epoch * self.steps_an_epoch) / self.steps_an_epoch


def make_plan(config: TrainConfig, images: int, processes: int = 1) -> Plan:
    """The plan of a training on so many images, whose batches so many processes share. Raises DigitsError where batch
    norm would get one image.
    """
    smallest = min(size // processes for size in (config.batch_size, images % config.batch_size) if size)
    if smallest < 2 and any("n" in word.partition("-")[0] for word in (config.layers or "").split()):
        what = "a batch has" if processes == 1 else "a process's share of a batch has"
        raise DigitsError(
            f"With a batch size of {config.batch_size:,} {what} one image, and batch norm needs two; choose another."
        )
    steps_an_epoch = math.ceil(images / config.batch_size)
    epochs = config.epochs + config.fine_tuning
    steps = steps_an_epoch * epochs
    return Plan(
        images=images,
        batch_size=config.batch_size,
        epochs=epochs,
        steps_an_epoch=steps_an_epoch,
        steps=steps,
        tuned_from=steps_an_epoch * config.epochs,
        one_cycle=config.one_cycle() and steps > 1,
        update_every=max(1, steps_an_epoch // UPDATES_AN_EPOCH, math.ceil(steps / MOST_UPDATES)),
        validate_every=max(math.ceil(steps_an_epoch / VALIDATIONS_AN_EPOCH), math.ceil(steps / MOST_VALIDATIONS)),
    )
