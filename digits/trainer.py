"""One straight training loop that yields what happens."""

import dataclasses
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from digits.augment import AUGMENTATIONS, augment
from digits.checkpoint import RunFolder, restore, snapshot
from digits.data import Mnist, load_mnist, mnist_checksums
from digits.errors import DigitsError
from digits.handwriting import handwriting
from digits.model import (
    NETWORKS,
    Network,
    computes_in_bfloat16,
    count_parameters,
    create_model,
    select_device,
)
from digits.outliers import outliers
from digits.workers import present_workers

# Learning rate where none is given, by optimizer: Adam's is the one of its paper (Kingma and Ba 2015) and of the
# beginners' text; the other two are peaks of a one-cycle schedule, chosen on validation images (LOG.md).
LEARNING_RATES = {"adamw": 8e-3, "adam": 1e-3, "sgd": 0.1}
SCHEDULES = ("auto", "one-cycle", "constant")
PRECISIONS = ("float32", "bfloat16")
NO_DIGIT = 10  # the label of an outlier
CALIBRATION_DRAWINGS = 3_000  # beside the validation images, where a network has learned handwriting

MEASURED_AT_ONCE = 250  # images; with 1,000 their activations do not fit the cache, and it takes twice as long

LONGEST_SILENCE = 2.0  # seconds; a slow run yields also between, so that it can be watched and stopped
UPDATES_AN_EPOCH, VALIDATIONS_AN_EPOCH = 50, 4
MOST_UPDATES, MOST_VALIDATIONS = 2_000, 400  # keep the curve of the longest run light for a browser
SMOOTHED_LOSS = 0.05  # label smoothing of one-cycle runs (Szegedy et al. 2016); constant runs are plain cross entropy


@dataclass(frozen=True)
class TrainConfig:
    """What to train and how. `check` raises DigitsError for values that cannot be used; `train` calls it."""

    model: str = "cnn"
    """A name in `digits.model.NETWORKS`."""
    epochs: int = 1
    """Passes over the training images, 1 to 1,000."""
    optimizer: str = "adamw"
    """`adamw`, `adam` or `sgd` (Nesterov momentum 0.9; one-cycle moves it between 0.85 and 0.95)."""
    learning_rate: float | None = None
    """Above 0 and at most 10; the peak of a one-cycle schedule. None: the optimizer's in LEARNING_RATES."""
    schedule: str = "auto"
    """`constant`, `one-cycle` (Smith and Topin 2018), or `auto`: constant for adam, one-cycle for the others."""
    batch_size: int = 128
    """Images a step, 1 to 10,000."""
    augment: str = "affine"
    """`affine`, `elastic` (see `digits.augment`) or `none`."""
    handwriting: int = 0
    """Drawings of `digits.handwriting` added to the training images, 0 to 1,000,000. About 1,600 are made a second."""
    outliers: int = 0
    """Drawings of `digits.outliers` added, 0 to 1,000,000, so that the network learns what is no digit."""
    precision: str = "float32"
    """`float32`, or `bfloat16`: convolutions and products in it, where the device has instructions for it."""
    device: str = "auto"
    """`auto` (the best there is), `cpu`, `cuda`, `cuda:N` or `mps`."""
    seed: int = 0
    """0 to 2**63 - 1. With the same seed and number of threads a CPU run repeats to the bit."""
    out: str | Path | None = None
    """Folder for the weights and all else that `digits.checkpoint` keeps; None keeps nothing on disk."""

    def check(self) -> None:
        """Raises DigitsError with one sentence for the first value that cannot be used."""
        _choice("network", self.model, NETWORKS)
        _choice("optimizer", self.optimizer, LEARNING_RATES)
        _choice("schedule", self.schedule, SCHEDULES)
        _choice("augmentation", self.augment, AUGMENTATIONS)
        _choice("precision", self.precision, PRECISIONS)
        _whole_number("number of handwritten drawings", self.handwriting, 0, 1_000_000)
        _whole_number("number of outliers", self.outliers, 0, 1_000_000)
        _whole_number("number of epochs", self.epochs, 1, 1_000)
        _whole_number("batch size", self.batch_size, 1, 10_000)
        _whole_number("seed", self.seed, 0, 2**63 - 1)
        rate = self.learning_rate
        if rate is not None and not (isinstance(rate, (int, float)) and not isinstance(rate, bool) and 0 < rate <= 10):
            raise DigitsError(f"The learning rate is {rate!r}; wanted a number above 0 and at most 10, such as 0.001.")
        select_device(self.device)

    def peak_learning_rate(self) -> float:
        return LEARNING_RATES[self.optimizer] if self.learning_rate is None else self.learning_rate

    def one_cycle(self) -> bool:
        return self.schedule == "one-cycle" or (self.schedule == "auto" and self.optimizer != "adam")


RECIPES = {
    "text": TrainConfig("mlp", epochs=10, optimizer="adam", batch_size=64, augment="none"),
    "fast": TrainConfig("cnn-fast", learning_rate=0.013, batch_size=320, augment="none", precision="bfloat16"),
    "best": TrainConfig("cnn-large", epochs=20, precision="bfloat16"),
    "shipped": TrainConfig(
        "cnn-large", epochs=50, handwriting=20_000, outliers=8_000, precision="bfloat16", seed=1
    ),  # with the seed of weights/cnn-large
}
"""Settings by the name that `python -m digits train --recipe` takes: the beginners' text's,
and those found by measuring (LOG.md)."""


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


def train(config: TrainConfig, data: Mnist | None = None, resume: bool = False) -> Iterator[TrainingUpdate]:
    """Train a network as `config` says, on `data` (default: all of MNIST), yielding about 50 updates an epoch, and one
    at least every few seconds.

    With `config.out` the folder is kept up to date at every validation, and the weights and their card are written when
    the run ends, however it ends: closing the generator stops after the step in progress and keeps the weights so far.
    An earlier run in that folder is replaced or, with `resume`, continued from its last validation: on the CPU, with
    the same number of threads, to the same weights to the bit.

    Raises DigitsError for values and a folder that cannot be used (before any work) and when the loss is no longer a
    finite number (what the last validation kept stays then).
    """
    config.check()
    state = None
    if resume:
        if config.out is None:
            raise DigitsError("There is no folder to resume from; give one as out.")
        state = RunFolder(config.out, _settings(config)).load_state()
    if config.out is not None:
        _make_folder(Path(config.out))
    return _train(config, data, state)  # a generator of its own, so that the checks above run at the call


def _train(config: TrainConfig, data: Mnist | None, state: dict | None) -> Iterator[TrainingUpdate]:
    device = select_device(config.device)
    workers = present_workers()
    source = "MNIST" if data is None else "the caller's images"
    data = load_mnist(device) if data is None else data.to(device)
    images, labels = data.training
    model = create_model(config.model, config.seed).to(device, memory_format=torch.channels_last)
    more, truth = handwriting(config.handwriting, config.seed)
    none = outliers(config.outliers, config.seed)
    if len(more) + len(none):
        images = torch.cat([images, more.to(device), none.to(device)])
        labels = torch.cat([labels, truth.to(device), torch.full((len(none),), NO_DIGIT, device=device)])
    model.knows_outliers.fill_(len(none) > 0)
    low_precision = config.precision == "bfloat16" and computes_in_bfloat16(device)
    order_generator = torch.Generator(device).manual_seed(config.seed)
    augment_generator = torch.Generator(device).manual_seed(config.seed + 1 + workers.rank)

    steps_an_epoch = math.ceil(len(images) / config.batch_size)
    steps = steps_an_epoch * config.epochs
    update_every = max(1, steps_an_epoch // UPDATES_AN_EPOCH, math.ceil(steps / MOST_UPDATES))
    validate_every = max(math.ceil(steps_an_epoch / VALIDATIONS_AN_EPOCH), math.ceil(steps / MOST_VALIDATIONS))
    optimizer = _optimizer(config, model)
    scheduler = None
    smoothing = 0.0
    if config.one_cycle():
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.peak_learning_rate(), total_steps=steps)
        smoothing = SMOOTHED_LOSS

    forward = workers.connect(model)
    folder = None if config.out is None or workers.rank else RunFolder(config.out, _settings(config))
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    parts |= {"order generator": order_generator, "augment generator": augment_generator}

    update: TrainingUpdate | None = None
    validation: tuple[float, float] | None = None  # the latest loss and accuracy
    failed = False
    step = seen = 0
    best, elapsed = -1.0, 0.0  # the best validation accuracy; seconds
    if state is not None:
        _check_resumable(state, device, images)
        restore(parts, state["parts"])
        step, best, elapsed, order = state["step"], state["best"], state["elapsed"], state["order"].to(device)
        if workers.rank:  # the random numbers in the state are the first process's
            augment_generator.manual_seed(config.seed + 1 + workers.rank * (1 + step))
        else:
            folder.resume(step)
    elif folder is not None:
        folder.begin()
    loss_sum = correct_sum = torch.zeros((), device=device)
    window_started = time.perf_counter()
    started = window_started - elapsed

    try:
        for epoch in range(step // steps_an_epoch, config.epochs):
            if step % steps_an_epoch == 0:  # else a resumed run is within an epoch, and has its order
                order = torch.randperm(len(images), generator=order_generator, device=device)
            for batch in order.split(config.batch_size)[step % steps_an_epoch :]:
                rate = optimizer.param_groups[0]["lr"]
                model.train()
                share, weight = workers.share(batch)
                ink = images[share].unsqueeze(1).float() / 255  # (B, 1, 28, 28)
                ink = augment(ink, config.augment, augment_generator)
                truth = labels[share]
                with torch.autocast(device.type, torch.bfloat16, enabled=low_precision):
                    logits = forward(ink.contiguous(memory_format=torch.channels_last))  # (B, 10)
                logits = logits.float()
                if len(none):  # an eleventh logit that is always 0: an outlier's ten must be lower
                    logits = pad(logits, (0, 1))
                loss = cross_entropy(logits, truth, label_smoothing=smoothing)
                optimizer.zero_grad(set_to_none=True)
                loss.backward(weight)
                optimizer.step()
                if scheduler:
                    scheduler.step()
                step += 1
                if workers.rank:  # the first process measures, reports and writes
                    continue
                seen += len(share)
                # Sums stay on the device: reading them here would make a GPU wait at every step.
                loss_sum = loss_sum + loss.detach() * len(share)
                correct_sum = correct_sum + (logits.argmax(1) == truth).sum()
                validating = step % validate_every == 0 or step == steps
                late = time.perf_counter() - window_started > LONGEST_SILENCE
                if not (validating or late or step % update_every == 0):
                    continue
                mean_loss, accuracy = loss_sum.item() / seen, correct_sum.item() / seen
                speed = seen * workers.count / (time.perf_counter() - window_started)
                if step == steps:
                    validation = _finish(config, model, data)
                elif validating:
                    with torch.autocast(device.type, torch.bfloat16, enabled=low_precision):
                        validation = measure(model, *data.validation)
                if not math.isfinite(mean_loss) or (validating and not math.isfinite(validation[0])):
                    failed = True
                    raise DigitsError(
                        f"The training stopped at step {step:,}: its loss is no longer a finite number; "
                        f"try a learning rate below {rate:.2g}."
                    )
                elapsed = time.perf_counter() - started
                update = TrainingUpdate(
                    step=step,
                    steps=steps,
                    epoch=epoch + (step - epoch * steps_an_epoch) / steps_an_epoch,
                    loss=mean_loss,
                    accuracy=accuracy,
                    learning_rate=rate,
                    validation_loss=validation[0] if validating else None,
                    validation_accuracy=validation[1] if validating else None,
                    images_per_second=speed,
                    elapsed=elapsed,
                    remaining=elapsed / step * (steps - step),
                    done=step == steps,
                    test_accuracy=measure(model, data.test_images, data.test_labels)[1] if step == steps else None,
                    model=model,
                )
                if folder is not None:
                    folder.log(update.to_json())
                    if validating:
                        card = _card(config, update, step, validation, data, source)
                        folder.keep_weights(model, card, best=validation[1] > best)
                        best = max(best, validation[1])
                        if step < steps:
                            counters = {"step": step, "best": best, "elapsed": elapsed, "device": device.type}
                            folder.keep_state({**counters, "order": order, "parts": snapshot(parts)})
                yield update
                seen = 0
                loss_sum = correct_sum = torch.zeros((), device=device)
                window_started = time.perf_counter()
    finally:
        if folder is not None and update is not None and not failed:
            if not update.done:
                validation = _finish(config, model, data)  # of the very weights that are kept
            folder.keep_weights(model, _card(config, update, step, validation, data, source))
            if update.done:
                folder.finish()


def _settings(config: TrainConfig) -> dict:
    """All of `config` but where the run is kept."""
    settings = dataclasses.asdict(config)
    del settings["out"]
    return settings


def _check_resumable(state: dict, device: torch.device, images: Tensor) -> None:
    """Raises DigitsError where the run that left `state` was another device's or of other images."""
    if state["device"] != device.type:
        raise DigitsError(
            f"The run was trained on {state['device']} and cannot be resumed on {device.type}; "
            f"resume it with --device {state['device']}."
        )
    if len(state["order"]) != len(images):
        raise DigitsError(
            f"The run was trained on {len(state['order']):,} images and cannot be resumed with {len(images):,}; "
            "resume it with the same images."
        )


def _optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    rate = config.peak_learning_rate()
    if config.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), rate, momentum=0.9, nesterov=True)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.optimizer](
        model.parameters(), rate, fused=True
    )


def measure(model: Network, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Network, uint8 images (N, 28, 28) and labels (N,) -> (mean cross entropy in nats, accuracy)."""
    return _loss_and_accuracy(_logits(model, images), labels)


def _loss_and_accuracy(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    right = (logits.argmax(1) == labels).sum().item()
    return cross_entropy(logits, labels).item(), right / len(labels)


@torch.no_grad()
def _logits(model: Network, images: Tensor) -> Tensor:
    """Network and uint8 images (N, 28, 28) -> logits (N, 10)."""
    model.eval()
    inks = (some.unsqueeze(1).float() / 255 for some in images.split(MEASURED_AT_ONCE))
    return torch.cat([model(ink.contiguous(memory_format=torch.channels_last)).float() for ink in inks])


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


def _finish(config: TrainConfig, model: Network, data: Mnist) -> tuple[float, float]:
    """Choose the temperature -> loss and accuracy on the validation images."""
    images, labels = data.validation
    drawn, truth = handwriting(CALIBRATION_DRAWINGS if config.handwriting else 0, config.seed + 1)
    logits = _logits(model, images)
    more = _logits(model, drawn.to(images.device)) if len(drawn) else logits[:0]
    calibrate(model, torch.cat([logits, more]), torch.cat([labels, truth.to(labels.device)]))
    return _loss_and_accuracy(logits, labels)


def _card(
    config: TrainConfig,
    last: TrainingUpdate,
    step: int,
    validation: tuple[float, float],
    data: Mnist,
    source: str,
) -> dict:
    """What a later reader needs to judge these weights and to make them again."""
    training_images = len(data.training[0])
    name = f"{source}, {training_images:,} training and {len(data.validation[0]):,} validation images"
    if config.handwriting or config.outliers:
        name += f", {config.handwriting:,} drawings of digits.handwriting and {config.outliers:,} of digits.outliers"
    training_images += config.handwriting + config.outliers
    settings = _settings(config)
    settings["learning_rate"] = config.peak_learning_rate()
    settings["schedule"] = "one-cycle" if config.one_cycle() else "constant"
    return {
        "network": config.model,
        "parameters": count_parameters(last.model),
        "command": command(config),
        "config": settings,
        "seed": config.seed,
        "data": {"name": name} | ({"sha256": mnist_checksums()} if source == "MNIST" else {}),
        "preprocessing": "ink in [0, 1], long side 20 px, centred by mass in 28x28; mean and std inside the network",
        "figures": {
            "validation_loss": validation[0],
            "validation_accuracy": validation[1],
            "test_accuracy": last.test_accuracy,
            "seconds": round(last.elapsed, 1),
            "images_per_second": round(last.epoch * training_images / last.elapsed),
        },
        "steps": step,
        "complete": last.done,
        "device": str(select_device(config.device)),
        "processes": present_workers().count,
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }


def command(config: TrainConfig) -> str:
    """The command line that trains as `config` says, without the defaults and the folder."""
    words, base = [f"python -m digits train --model {config.model}"], TrainConfig(config.model)
    for name, recipe in RECIPES.items():
        if dataclasses.replace(config, seed=recipe.seed, device=recipe.device, out=recipe.out) == recipe:
            words, base = [f"python -m digits train --recipe {name}"], recipe
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name not in ("out", "device") and value != getattr(base, field.name):
            words.append(f"--{field.name.replace('_', '-')} {value}")
    return " ".join(words)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigitsError(f"The folder {path} cannot be made ({error.strerror}); choose another.") from None
    if not os.access(path, os.W_OK):
        raise DigitsError(f"The folder {path} cannot be written to; choose another.")


def _choice(what: str, value: object, choices) -> None:
    if not isinstance(value, str) or value not in choices:
        raise DigitsError(f"There is no {what} called {value!r}; choose one of {', '.join(choices)}.")


def _whole_number(what: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise DigitsError(f"The {what} is {value!r}; wanted a whole number from {least:,} to {most:,}.")
