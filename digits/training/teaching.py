"""Teach a trained network somebody's own drawings, in seconds: teach() fine-tunes a copy of it.

So that nothing is forgotten, most of each batch is MNIST, on which the copy is held to the logits of the network that
it was copied from (Li and Hoiem 2016, "Learning without forgetting"; logits as in Ba and Caruana 2014). That also keeps
the logits' scale, on which probabilities and refusals depend.
"""

import copy
import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from digits.data.augment import augment
from digits.data.mnist import Mnist, load_mnist
from digits.device import select_device
from digits.errors import DigitsError
from digits.model.networks import Network, count_parameters, in_channels_last
from digits.model.weights import load_weights, save_weights
from digits.training.calibration import measure

MOST_DRAWINGS = 500

# Chosen on validation images and on real drawings, LOG.md has the figures.
STEPS = 100
DRAWINGS_A_STEP, IMAGES_A_STEP = 16, 112
LEARNING_RATE = 3e-3  # Adam's peak: ten steps up, then linearly down
FAITHFULNESS = 16.0  # weight of the mean squared difference of logits on MNIST, against the drawings' cross entropy
STEPS_AN_UPDATE = 5


@dataclass(frozen=True, eq=False)
class TeachConfig:
    """What to teach which network. `check` raises DigitsError for what cannot be used; `teach` calls it."""

    weights: Path
    """The network to copy; nothing here changes it."""
    model: str
    """Its name in `digits.model.networks.NETWORKS`."""
    inks: Tensor = field(repr=False)
    """The drawings, uint8 (N, 28, 28), paper 0, ink 255, as `digits.ink` makes them; 1 to MOST_DRAWINGS."""
    labels: Tensor = field(repr=False)
    """int64 (N,), 0 to 9."""
    device: str = "auto"
    """See `digits.device.select_device`."""
    seed: int = 0
    """With the same seed and number of threads a CPU run repeats to the bit."""
    out: str | Path | None = None
    """Folder for weights.safetensors and its card weights.json; None keeps nothing on disk."""

    def check(self) -> None:
        count = len(self.labels)
        if not 1 <= count <= MOST_DRAWINGS:
            raise DigitsError(f"There are {count:,} drawings to teach; wanted 1 to {MOST_DRAWINGS}.")
        if self.inks.shape != (count, 28, 28) or self.inks.dtype != torch.uint8:
            shape = tuple(self.inks.shape)
            raise DigitsError(f"The drawings are {self.inks.dtype} {shape}; wanted uint8 ({count}, 28, 28).")
        if self.labels.dtype != torch.int64 or self.labels.min() < 0 or self.labels.max() > 9:
            raise DigitsError("A drawing's label is not a digit; wanted int64 from 0 to 9.")
        blank = (self.inks.amax(dim=(1, 2)) == 0).nonzero()
        if len(blank):
            raise DigitsError(f"Drawing {blank[0].item() + 1} has no ink; delete it, or draw it larger than a dot.")
        select_device(self.device)


@dataclass(frozen=True)
class Scores:
    """How well a network reads, as fractions."""

    drawings: float
    """Of the drawings that are taught: once taught, no measure of others."""
    test: float
    """Of MNIST's 10,000 test images: no choice is made on it."""


@dataclass(frozen=True)
class TeachingUpdate:
    """Where a teaching stands."""

    step: int
    """Optimizer steps done; `steps` is the whole."""
    steps: int
    loss: float | None
    """The drawings' mean cross entropy in nats (augmented) since the last update; None before the first step."""
    before: Scores
    after: Scores | None
    """Of the copy, in the last update only."""
    elapsed: float
    """Seconds."""
    done: bool
    model: Network | None = field(repr=False, compare=False, default=None)
    """The copy, alive."""


Updates = Generator[TeachingUpdate, None, None]


def teach(config: TeachConfig, data: Mnist | None = None) -> Updates:
    """Fine-tune a copy of a network on drawings, replaying `data` (default: all of MNIST), yielding updates.

    With `config.out` the weights and their card are written at the end, before the last update: a teaching that is
    closed earlier leaves nothing. Raises DigitsError for values and weights that cannot be used (before any work).
    """
    config.check()
    taught, card = load_weights(config.weights)
    if taught.name != config.model:
        raise DigitsError(f"{config.weights} holds {taught.name!r}, not {config.model!r}; name the network that it is.")
    return _teach(config, taught, card, data)


def _teach(
    config: TeachConfig, taught: Network, card: dict[str, Any], data: Mnist | None
) -> Generator[TeachingUpdate, None, None]:
    device = select_device(config.device)
    data = load_mnist(device) if data is None else data.to(device)
    images, _ = data.training
    drawings, labels = config.inks.to(device), config.labels.to(device)
    model = in_channels_last(taught, device)
    teacher = copy.deepcopy(model).eval()
    generator = torch.Generator(device).manual_seed(config.seed)
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, fused=True)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / 10, 1) * (1 - step / STEPS))

    def scores(model: Network) -> Scores:
        return Scores(measure(model, drawings, labels)[1], measure(model, data.test_images, data.test_labels)[1])

    started = time.perf_counter()
    before, after = scores(teacher), None
    yield TeachingUpdate(0, STEPS, None, before, None, time.perf_counter() - started, False, model)
    model.eval()  # batch norm keeps MNIST's statistics: the batches here are not the data's mixture
    loss_sum = torch.zeros((), device=device)
    for step in range(1, STEPS + 1):
        own = torch.randint(len(drawings), (DRAWINGS_A_STEP,), generator=generator, device=device)
        replayed = torch.randint(len(images), (IMAGES_A_STEP,), generator=generator, device=device)
        ink = torch.cat([drawings[own], images[replayed]]).unsqueeze(1).float() / 255  # (B, 1, 28, 28)
        ink = augment(ink, "affine", generator).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            wanted = teacher(ink[DRAWINGS_A_STEP:])
        logits = model(ink)  # (B, 10)
        loss = cross_entropy(logits[:DRAWINGS_A_STEP], labels[own])
        loss_sum = loss_sum + loss.detach()
        loss = loss + FAITHFULNESS * mse_loss(logits[DRAWINGS_A_STEP:], wanted)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % STEPS_AN_UPDATE and step != STEPS:
            continue
        mean_loss = loss_sum.item() / STEPS_AN_UPDATE
        if not math.isfinite(mean_loss):
            raise DigitsError("The teaching failed: its loss is no longer a finite number; choose another network.")
        elapsed = time.perf_counter() - started
        if step == STEPS:
            after = scores(model)
            elapsed = time.perf_counter() - started
            if config.out is not None:
                figures = {"test_accuracy": after.test, "drawings_accuracy": after.drawings, "seconds": elapsed}
                save_weights(model, Path(config.out) / "weights.safetensors", _card(config, card, model, figures))
        yield TeachingUpdate(step, STEPS, mean_loss, before, after, elapsed, step == STEPS, model)
        loss_sum = torch.zeros((), device=device)


def _card(config: TeachConfig, taught: dict[str, Any], model: Network, figures: dict[str, Any]) -> dict[str, Any]:
    """What a later reader needs to judge these weights; the drawings themselves are their drawer's."""
    return {
        "network": model.name,
        "parameters": count_parameters(model),
        "drawings_by_digit": torch.bincount(config.labels, minlength=10).tolist(),
        "copied_from": {key: taught[key] for key in ("command", "figures", "drawings_by_digit") if key in taught},
        "seed": config.seed,
        "preprocessing": taught.get("preprocessing"),
        "figures": figures,
        "steps": STEPS,
        "device": str(select_device(config.device)),
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }
