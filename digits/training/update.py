"""Where a training stands: TrainingUpdate, and a run's log of them."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digits.model.networks import Network
from digits.training.look import Look

LARGEST_LOG = 50_000_000  # bytes; the looks of an MLP that is trained for half an hour are 40 million


@dataclass(frozen=True)
class TrainingUpdate:
    """Where a training stands. Losses are mean cross entropies (nats), accuracies fractions, times seconds."""

    step: int
    """Optimizer steps done; `steps` is the whole run."""
    steps: int
    epoch: float
    """Passes over the training images done, with the part of the one in progress."""
    loss: float
    """Mean over the training batches since the last update: augmented images, plain cross entropy without smoothing."""
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
    look: Look | None = dataclasses.field(repr=False, compare=False, default=None)
    """What the network is inside at this moment, where that was asked for."""
    confusion: np.ndarray | None = dataclasses.field(repr=False, compare=False, default=None)
    """int64 (10, 10) of the validation images, with a look at a validation: row what it was, column what was read."""
    model: Network | None = dataclasses.field(repr=False, compare=False, default=None)
    """The network in training, alive: copy it to keep this moment's weights."""

    def to_json(self) -> dict[str, Any]:
        """All but the network and the look inside it."""
        hidden = ("model", "look", "confusion")
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name not in hidden}

    def look_to_json(self) -> dict[str, Any] | None:
        """What `to_json` leaves out, but for the network; None where nobody looked. `with_look` takes it back."""
        if self.look is None:
            return None
        confusion = None if self.confusion is None else self.confusion.tolist()
        return {"step": self.step, "look": self.look.to_json(), "confusion": confusion}

    def with_look(self, look: dict[str, Any]) -> "TrainingUpdate":
        """The same with what `look_to_json` gave. Raises ValueError, TypeError or KeyError for anything else."""
        confusion = None if look["confusion"] is None else np.array(look["confusion"], np.int64).reshape(10, 10)
        return dataclasses.replace(self, look=Look.from_json(look["look"]), confusion=confusion)


def read_updates(path: Path) -> list[TrainingUpdate]:
    """The updates of a run, without their looks inside; what was cut short or damaged is left out."""
    names = {part.name for part in dataclasses.fields(TrainingUpdate)}
    updates = []
    for values in read_lines(path):
        try:
            updates.append(TrainingUpdate(**{"done": False, **{name: values[name] for name in names & values.keys()}}))
        except TypeError:
            break
    return updates


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """A log's lines, up to the first that was cut short."""
    if not path.is_file() or path.stat().st_size > LARGEST_LOG:
        return
    for line in path.read_bytes().splitlines():
        try:
            values = json.loads(line)
        except ValueError:
            return
        if not isinstance(values, dict):
            return
        yield values
