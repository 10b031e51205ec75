"""What a queue needs to know of whatever works on its jobs: Engine."""

from collections.abc import Generator
from typing import Any, Protocol

from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.teaching import TeachConfig

Work = Generator[Any, None, None]
"""Yields a training's or teaching's updates, and None now and then while there is nothing new, so that whoever follows
may stop there. Closing it ends the work after its step in progress, and keeps a training's weights."""


class Engine(Protocol):
    """Works on trainings and teachings."""

    places: int
    """How many at once it has room for."""
    holds_paused: bool
    """Whether a paused training may stand still in memory; where not, it is closed, and goes on from its last state."""

    def work(self, config: TrainConfig | TeachConfig, resume: bool, watch: Watch | None) -> Work:
        """Begin what `config` says in the folder `config.out`, or with `resume` go on from the state that is there.
        Updates that were yielded before may then come again.
        """
        ...
