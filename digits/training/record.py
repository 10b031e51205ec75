"""What a training leaves behind: it is measured, its loss is checked, and its folder is kept up to date."""

import contextlib
import math
import time
from datetime import date
from typing import Any

import numpy as np
import torch

from digits.data.mnist import Mnist, mnist_checksums
from digits.device import NoSuchDevice, select_device
from digits.errors import DigitsError
from digits.model.networks import Network, count_parameters
from digits.training.calibration import Score, calibrate, compute_logits, examine, finish, measure
from digits.training.config import TrainConfig, command, settings_of
from digits.training.examples import Batches
from digits.training.look import Looker
from digits.training.plan import Plan
from digits.training.run_folder import NoFolder, RunFolder, restore, snapshot
from digits.training.update import TrainingUpdate
from digits.training.window import Means
from digits.training.workers import present_workers

PREPROCESSING = "ink in [0, 1], long side 20 px, centred by mass in 28x28; mean and std inside the network"


class Record:
    """The record of one run, from its first step or from where an earlier process left it."""

    def __init__(
        self,
        config: TrainConfig,
        data: Mnist,
        source: str,
        plan: Plan,
        model: Network,
        autocast: contextlib.AbstractContextManager[Any],
        folder: RunFolder | NoFolder,
        batches: Batches,
        parts: dict[str, Any],
        looker: Looker | None = None,
    ) -> None:
        """`source` names the data for the card; `parts` are all that the next step depends on, for the saved state."""
        self.config, self.data, self.source, self.plan = config, data, source, plan
        self.model, self.autocast, self.folder, self.batches, self.parts = model, autocast, folder, batches, parts
        self.looker = looker
        self.confusion: np.ndarray | None = None  # of the latest validation
        self.update: TrainingUpdate | None = None  # the latest
        self.validation: Score | None = None  # the latest
        self.logits = torch.empty(0, 10)  # of the latest validation but the last
        self.best = -1.0  # validation accuracy
        self.failed = False
        self.between_steps = False  # where the run can be put down and taken up again to the bit
        self.started = time.perf_counter()  # later by what was no training
        self.told = self.started

    def begin(self, state: dict[str, Any] | None, rank: int, augment_generator: torch.Generator) -> int:
        """Begin the folder anew, or take up the run that left `state` -> the steps that are done.

        Raises DigitsError where that was another device's run, one of other images, or of another version's network.
        """
        if state is None:
            self.folder.begin()
            return 0
        device = self.batches.order.device
        _check_resumable(state, device, self.plan.images)
        try:
            restore(self.parts, state["parts"])
        except (RuntimeError, ValueError, KeyError):  # torch's, of weights and states that do not fit
            raise DigitsError(
                f"The run was begun by another version of Digits, whose network {self.config.model!r} was another one; "
                "train it anew."
            ) from None
        self.best, self.batches.order = state["best"], state["order"].to(device)
        self.started = time.perf_counter() - state["elapsed"]
        if rank:  # the random numbers in the state are the first process's
            augment_generator.manual_seed(self.config.seed + 1 + rank * (1 + state["step"]))
        self.folder.resume(state["step"])
        return state["step"]

    def tell(self, step: int, means: Means) -> TrainingUpdate:
        """Where the run stands after `step` steps; at a validation its weights and state are kept.

        Raises DigitsError where the loss is no longer a finite number; what was kept before stays then.
        """
        validation = self._validate(step)
        if not math.isfinite(means.loss) or (validation and not math.isfinite(validation.loss)):
            self.failed = True
            raise DigitsError(
                f"The training stopped at step {step:,}: its loss is no longer a finite number; "
                f"try a learning rate below {means.learning_rate:.2g}."
            )
        steps, elapsed = self.plan.steps, time.perf_counter() - self.started
        test = measure(self.model, self.data.test_images, self.data.test_labels) if step == steps else None
        self.update = TrainingUpdate(
            step=step,
            steps=steps,
            epoch=self.plan.epochs_done(step),
            loss=means.loss,
            accuracy=means.accuracy,
            learning_rate=means.learning_rate,
            validation_loss=validation.loss if validation else None,
            validation_accuracy=validation.accuracy if validation else None,
            images_per_second=means.images_per_second,
            elapsed=elapsed,
            remaining=elapsed / step * (steps - step),
            done=step == steps,
            test_accuracy=test.accuracy if test else None,
            look=self.looker.look(self.model, elapsed if step < steps else math.inf) if self.looker else None,
            confusion=self.confusion if validation and self.looker else None,
            model=self.model,
        )
        self.folder.log(self.update.to_json(), self.update.look_to_json())
        if validation:
            self._keep(step, validation)
        self.told, self.between_steps = time.perf_counter(), True
        return self.update

    def go_on(self) -> None:
        """The time since the last `tell` was the caller's, who may have paused the run: it does not count."""
        self.started += time.perf_counter() - self.told
        self.between_steps = False

    def close(self, step: int) -> None:
        """The end of the run, whether it is whole or was closed after `step` steps: its weights are kept, and its
        state, unless an exception ended it in the middle of a step.
        """
        if self.update is None or self.failed:
            return
        if self.update.done:
            self.folder.finish()
        else:
            if self.between_steps:
                self._keep_state(step)
            self.validation, _ = finish(self.config, self.model, self.data)  # of the very weights that are kept
            self.folder.keep_weights(self.model, self._card(step))

    def _validate(self, step: int) -> Score | None:
        if step == self.plan.steps:
            self.validation, self.confusion = finish(self.config, self.model, self.data)
        elif self.plan.validates(step):
            images, labels = self.data.validation
            with self.autocast:
                self.logits = compute_logits(self.model, images)
            self.validation, self.confusion = examine(self.logits, labels)
        else:
            return None
        return self.validation

    def _keep(self, step: int, validation: Score) -> None:
        done = step == self.plan.steps
        if not done and self.config.out is not None:  # at the end `finish` has chosen the temperature
            calibrate(self.model, self.logits, self.data.validation[1])  # without drawings: these take seconds
        self.folder.keep_weights(self.model, self._card(step), best=validation.accuracy > self.best)
        self.best = max(self.best, validation.accuracy)
        if not done:
            self.model.temperature.fill_(1)  # the training goes on as if nobody had chosen
            self._keep_state(step)

    def _keep_state(self, step: int) -> None:
        assert self.update is not None  # a state is kept with an update
        counters = {"step": step, "best": self.best, "elapsed": self.update.elapsed}
        order = self.batches.order
        self.folder.keep_state({**counters, "device": order.device.type, "order": order, "parts": snapshot(self.parts)})

    def _card(self, step: int) -> dict[str, Any]:
        """What a later reader needs to judge these weights and to make them again."""
        config, update, validation = self.config, self.update, self.validation
        assert update is not None and validation is not None  # weights are kept at a validation
        settings = settings_of(config)
        settings["learning_rate"] = config.peak_learning_rate()
        settings["schedule"] = "one-cycle" if self.plan.one_cycle else "constant"
        return {
            "network": config.model,
            **({"layers": config.layers} if config.layers else {}),
            "parameters": count_parameters(self.model),
            "command": command(config),
            "config": settings,
            "seed": config.seed,
            "data": {"name": self._name_data()} | ({"sha256": mnist_checksums()} if self.source == "MNIST" else {}),
            "preprocessing": PREPROCESSING,
            "figures": {
                "validation_loss": validation.loss,
                "validation_accuracy": validation.accuracy,
                "test_accuracy": update.test_accuracy,
                "seconds": round(update.elapsed, 1),
                "images_per_second": round(update.epoch * self.plan.images / update.elapsed),
            },
            "steps": step,
            "complete": update.done,
            "device": str(select_device(config.device)),
            "processes": present_workers().count,
            "torch": torch.__version__,
            "date": date.today().isoformat(),
        }

    def _name_data(self) -> str:
        config, training, validation = (
            self.config,
            self.config.examples or len(self.data.training[0]),
            len(self.data.validation[0]),
        )
        name = f"{self.source}, {training:,} training and {validation:,} validation images"
        if config.handwriting or config.outliers:
            name += (
                f", {config.handwriting:,} drawings of digits.handwriting and {config.outliers:,} of digits.outliers"
            )
            if config.fine_tuning:
                name += ", as many others for fine-tuning"
        return name


def _check_resumable(state: dict[str, Any], device: torch.device, images: int) -> None:
    """Raises DigitsError where the run that left `state` was another device's or of other images."""
    if state["device"] != device.type:
        raise NoSuchDevice(
            f"The run was trained on {state['device']} and cannot be resumed on {device.type}; "
            f"resume it with --device {state['device']}."
        )
    if len(state["order"]) != images:
        raise DigitsError(
            f"The run was trained on {len(state['order']):,} images and cannot be resumed with {images:,}; "
            "resume it with the same images."
        )
