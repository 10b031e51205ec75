"""Step 5, train: the loop of the beginners' text, as a generator of updates."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch

from digits.data.augment import augment
from digits.data.mnist import Mnist, load_mnist
from digits.device import computes_in_bfloat16, select_device
from digits.errors import DigitsError
from digits.ink.geometry import to_ink
from digits.model.builder import create_network
from digits.model.networks import in_channels_last
from digits.training.average import Average
from digits.training.config import TrainConfig, settings_of
from digits.training.examples import Batches, count_examples, gather
from digits.training.look import Looker, Watch
from digits.training.optimizer import make_loss, make_optimizer, make_schedule
from digits.training.plan import make_plan
from digits.training.record import Record
from digits.training.run_folder import NoFolder, RunFolder
from digits.training.update import TrainingUpdate
from digits.training.window import Window
from digits.training.workers import present_workers

Updates = Generator[TrainingUpdate, None, None]


def train(config: TrainConfig, data: Mnist | None = None, resume: bool = False, watch: Watch | None = None) -> Updates:
    """Train a network as `config` says, on `data` (default: all of MNIST), yielding about 50 updates an epoch, and one
    at least every few seconds.

    With `config.out` the folder is kept up to date at every validation, and the weights and their card are written when
    the run ends, however it ends: closing the generator stops after the step in progress and keeps the weights so far.
    An earlier run in that folder is replaced or, with `resume`, continued: where its generator was closed, from there;
    where it was killed, from its last validation. On the CPU, with the same number of threads, to the same weights to
    the bit.

    With `watch` each update carries a look inside the network; the weights are the same with it and without.

    Raises DigitsError for values and a folder that cannot be used (before any work) and when the loss is no longer a
    finite number (what the last validation kept stays then).
    """
    config.check()
    state = None
    if resume:
        if config.out is None:
            raise DigitsError("There is no folder to resume from; give one as out.")
        state = RunFolder(config.out, settings_of(config)).load_state()
    if config.out is not None:
        _make_folder(Path(config.out))
    return _train(config, data, state, watch)  # a generator of its own, so that the checks above run at the call


def _train(config: TrainConfig, data: Mnist | None, state: dict[str, Any] | None, watch: Watch | None) -> Updates:
    # Define the model and its optimizer, collect data.
    device, workers = select_device(config.device), present_workers()
    source = "MNIST" if data is None else "the caller's images"
    data = load_mnist(device) if data is None else data.to(device)
    plan = make_plan(config, count_examples(config, data), workers.count)
    model = in_channels_last(create_network(config.model, config.layers, config.seed), device)
    optimizer = make_optimizer(config, model)
    examples = gather(config, data, device)  # takes a minute for 100,000 drawings: what can be refused was
    model.knows_outliers.fill_(examples.with_outliers)
    forward = workers.connect(model)

    # Loss and the learning rate's course.
    compute_loss = make_loss(config, examples.with_outliers)
    schedule = make_schedule(config, optimizer, plan)
    low_precision = config.precision == "bfloat16" and computes_in_bfloat16(device)
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=low_precision)

    # What chance decides, and what is left behind.
    batches = Batches(plan, examples, torch.Generator(device).manual_seed(config.seed))
    augment_generator = torch.Generator(device).manual_seed(config.seed + 1 + workers.rank)
    parts: dict[str, Any] = {
        "model": model,
        "optimizer": optimizer,
        "scheduler": schedule if plan.one_cycle else None,
    }
    parts |= {"order generator": batches.generator, "augment generator": augment_generator}
    average = Average(model, plan)
    parts |= {"dropout generator": model.generator, "average": average if config.fine_tuning else None}
    folder = NoFolder() if config.out is None or workers.rank else RunFolder(config.out, settings_of(config))
    looker = Looker(model, data, watch.ink) if watch else None
    record = Record(config, data, source, plan, model, autocast, folder, batches, parts, looker)
    begun = step = record.begin(state, workers.rank, augment_generator)
    window = Window(device, workers.count)

    try:
        for step, batch in batches.after(begun):
            batch, weight = workers.share(batch)
            labels = examples.labels[batch]
            model.train()
            ink = augment(to_ink(examples.images[batch]), config.augment, augment_generator)  # (B, 1, 28, 28)
            with autocast:
                logits = forward(ink.contiguous(memory_format=torch.channels_last)).float()  # (B, 10)
            loss = compute_loss(logits, labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward(weight)
            optimizer.step()
            window.add(compute_loss, logits, labels, optimizer.param_groups[0]["lr"])
            schedule.step()
            average.follow(step)
            if workers.first and plan.is_due(step, window.seconds):
                yield record.tell(step, window.means())
                record.go_on()
                window.restart()
    finally:
        record.close(step)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigitsError(f"The folder {path} cannot be made ({error.strerror}); choose another.") from None
    if not os.access(path, os.W_OK):
        raise DigitsError(f"The folder {path} cannot be written to; choose another.")
