"""Which learning rates work: a range test (Smith 2017, "Cyclical learning rates for training neural networks")."""

import dataclasses
import math
import time
from dataclasses import dataclass

import torch

from digits.data.augment import augment
from digits.data.mnist import Mnist, load_mnist
from digits.ink.geometry import to_ink
from digits.model.builder import create_network
from digits.model.networks import in_channels_last
from digits.training.config import TrainConfig
from digits.training.optimizer import make_loss, make_optimizer

LOWEST, HIGHEST, STEPS = 1e-5, 10.0, 60
MOST_IMAGES = 64  # a step: the test takes a second, and larger batches bear somewhat larger rates
KEPT = 0.8  # of the mean that smooths the losses
BROKEN = 4  # times the lowest loss: from there on it only gets worse
LONGEST = 8.0  # seconds


@dataclass(frozen=True)
class RateRange:
    """What each rate makes of the loss."""

    rates: list[float]
    """Rising, as far as the test went."""
    losses: list[float]
    """Cross entropy in nats, smoothed, of the batches met at these rates."""
    steepest: float
    """The rate at which the loss falls fastest: a start for choosing."""


def try_rates(config: TrainConfig, data: Mnist | None = None) -> RateRange:
    """Train a new network of the config's on the CPU, each step at a higher rate than the one before, until the loss
    breaks. Raises DigitsError for a config that cannot be used.
    """
    config.check()
    config = dataclasses.replace(config, device="cpu", learning_rate=LOWEST)
    data = load_mnist() if data is None else data
    model = in_channels_last(create_network(config.model, config.layers, config.seed), torch.device("cpu")).train()
    optimizer, compute_loss = make_optimizer(config, model), make_loss(config, with_outliers=False)
    generator = torch.Generator().manual_seed(config.seed)
    images, labels = data.training
    batches = torch.randint(len(images), (STEPS, min(config.batch_size, MOST_IMAGES)), generator=generator)
    rates = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), STEPS).tolist()
    losses: list[float] = []
    mean, began = 0.0, time.perf_counter()
    for step, (rate, batch) in enumerate(zip(rates, batches, strict=True), start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate
        ink = augment(to_ink(images[batch]), config.augment, generator)
        logits = model(ink.contiguous(memory_format=torch.channels_last)).float()
        loss = compute_loss(logits, labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        mean = KEPT * mean + (1 - KEPT) * float(compute_loss.plain(logits, labels[batch]))
        smoothed = mean / (1 - KEPT**step)
        if not math.isfinite(smoothed) or (losses and smoothed > BROKEN * min(losses)):
            break
        losses.append(smoothed)
        if time.perf_counter() - began > LONGEST:
            break
    return RateRange(rates[: len(losses)], losses, _steepest(rates, losses))


def _steepest(rates: list[float], losses: list[float]) -> float:
    """Where the loss falls fastest along the logarithm of the rate, up to its lowest point."""
    lowest = losses.index(min(losses))
    drops = [before - after for before, after in zip(losses[:lowest], losses[1 : lowest + 1], strict=True)]
    return rates[1 + drops.index(max(drops))] if drops else rates[0]
