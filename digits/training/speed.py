"""How fast this machine trains a network: measured in a few steps, so that a page can say seconds before the start."""

import dataclasses
import functools
import time
from typing import Any

import torch

from digits.data.augment import augment
from digits.device import alone_on, computes_in_bfloat16, select_device
from digits.model.builder import create_network
from digits.model.networks import in_channels_last
from digits.training.config import TrainConfig
from digits.training.optimizer import make_loss, make_optimizer

STEPS = 4  # timed, after one that is not


def images_per_second(config: TrainConfig, threads: int, busy: bool) -> float:
    """Of training as `config` says on this machine with so many threads of torch's, measured once a process for each
    network, batch size and so on; and once more where the machine is `busy`, since that figure must not outlast it.
    """
    alike: dict[str, Any] = {
        "epochs": 1,
        "learning_rate": None,
        "handwriting": 0,
        "outliers": 0,
        "examples": None,
        "label_smoothing": None,
        "fine_tuning": 0,
        "seed": 0,
        "out": None,
    }
    with alone_on(select_device(config.device), wait=False) as alone:
        device = config.device if alone else "cpu"
        return _measure(
            dataclasses.replace(config, **alike, device=device), threads, busy
        )  # all that changes the speed


@functools.lru_cache(maxsize=100)
def _measure(config: TrainConfig, threads: int, busy: bool) -> float:
    before = torch.get_num_threads()  # of this thread: a page's requests compute with one
    torch.set_num_threads(threads)
    try:
        return _time(config)
    finally:
        torch.set_num_threads(before)


def _time(config: TrainConfig) -> float:
    batch_size, kind, precision = config.batch_size, config.augment, config.precision
    device = select_device(config.device)
    model = in_channels_last(create_network(config.model, config.layers), device).train()
    optimizer, compute_loss = make_optimizer(config, model), make_loss(config, with_outliers=False)
    generator = torch.Generator(device).manual_seed(0)
    ink = torch.rand(batch_size, 1, 28, 28, generator=generator, device=device)
    labels = torch.randint(10, (batch_size,), generator=generator, device=device)
    low_precision = precision == "bfloat16" and computes_in_bfloat16(device)
    started = 0.0
    for step in range(STEPS + 1):
        if step == 1:
            started = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16, enabled=low_precision):
            logits = model(augment(ink, kind, generator).contiguous(memory_format=torch.channels_last)).float()
        loss = compute_loss(logits, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()  # waits for a GPU
    return STEPS * batch_size / (time.perf_counter() - started)
