"""Where a training stands: TrainingUpdate."""

import dataclasses
from dataclasses import dataclass

from digits.model.networks import Network


@dataclass(frozen=True)
class TrainingUpdate:
    """Where a training stands. Losses are mean cross entropies (nats), accuracies fractions, times seconds."""

    step: int
    """Optimizer steps done; `steps` is the whole run."""
    steps: int
    epoch: float
    """Passes over the training images done, with the part of the one in progress."""
    loss: float
    """Mean over the training batches since the last update, as trained (augmented images, smoothed labels)."""
    accuracy: float
    """The same batches' accuracy."""
    learning_rate: float
    validation_loss: float | None
    """On the 5,000 validation images, a few times an epoch and at the end; None between."""
    validation_accuracy: float | None
    images_per_second: float
    """Training images, since the last update, validation not counted."""
    elapsed: float
    remaining: float
    done: bool
    """Whether this is the last update of a whole run."""
    test_accuracy: float | None = None
    """On MNIST's test images, in the last update of a whole run only: no choice can be made on it."""
    model: Network = dataclasses.field(repr=False, compare=False, default=None)
    """The network in training, alive: copy it to keep this moment's weights."""

    def to_json(self) -> dict:
        """All but the network."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "model"}
