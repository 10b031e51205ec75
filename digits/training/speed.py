"""How fast this machine trains a network: measured in a few steps, so that a page can say seconds before the start."""

import functools
import time

import torch

from digits.data.augment import augment
from digits.device import computes_in_bfloat16, select_device
from digits.model.networks import create_model
from digits.training.config import TrainConfig
from digits.training.optimizer import make_loss, make_optimizer

STEPS = 4  # timed, after one that is not


def images_per_second(config: TrainConfig) -> float:
    """Of training as `config` says on this machine, measured once a process for each network, batch size and so on."""
    return _measure(config.model, config.batch_size, config.optimizer, config.augment, config.precision, config.device)


@functools.lru_cache(maxsize=100)
def _measure(
    name: str, batch_size: int, optimizer_name: str, kind: str, precision: str, device_name: str
) -> float:
    config = TrainConfig(name, optimizer=optimizer_name, batch_size=batch_size, augment=kind, precision=precision)
    device = select_device(device_name)
    model = create_model(name).to(device, memory_format=torch.channels_last).train()
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
