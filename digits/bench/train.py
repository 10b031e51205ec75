"""How long training takes to 99 %, beside what others take on the same machine in the same run."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from digits.bench import check_seeds, machine
from digits.data.mnist import Mnist, load_mnist, unpack_mnist
from digits.device import select_device
from digits.errors import DigitsError
from digits.ink.geometry import to_ink
from digits.model.networks import MLP
from digits.training.calibration import measure
from digits.training.config import RECIPES
from digits.training.look import Watch
from digits.training.loop import train

Run = tuple[float, float]  # seconds from data in memory to the last weights, accuracy on the test images


BASELINES = ("train_mnist_fast", "beginners_text", "fast_float32", "pytorch_examples")


def bench_train(seeds: int = 5, device: str = "auto", baselines: Sequence[str] = BASELINES[:-1]) -> dict[str, Any]:
    """Train by the recipe `fast` and by the baselines, in turn, once a seed -> {"machine", "n", "fast", "baselines"}.

    Seconds are from data in memory to the last weights, so without the start of Python, reading files and the test.
    `ratio` is the median over the seeds of our seconds over the baseline's beside them. fast_float32 is `fast` itself
    without bfloat16, the same where there are no instructions for it. pytorch_examples takes several minutes a seed.
    Raises DigitsError for a device that is not there and for an unknown baseline.
    """
    check_seeds(seeds)
    for name in baselines:
        if name not in BASELINES:
            raise DigitsError(f"There is no baseline called {name!r}; choose from {', '.join(BASELINES)}.")
    chosen = select_device(device)
    data = load_mnist(chosen)
    trainers: dict[str, Callable[[int], Run]] = {
        "fast": lambda seed: fast(seed, data, device),
        "train_mnist_fast": lambda seed: train_mnist_fast(seed, data, chosen),
        "beginners_text": lambda seed: beginners_text(seed, chosen),
        "fast_float32": lambda seed: fast(seed, data, device, precision="float32"),
        "pytorch_examples": lambda seed: pytorch_examples(seed, chosen),
    }
    ways = {name: trainers[name] for name in ("fast", *baselines)}
    trainers["train_mnist_fast"](seeds)  # once before the clock: libraries load and choose their kernels
    trainers["fast"](seeds)
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for seed in range(seeds):
        for name in list(ways)[:: 1 if seed % 2 == 0 else -1]:
            runs[name].append(ways[name](seed))
    result = {"machine": machine(), "device": str(chosen), "n": seeds}
    figures = {name: _figures(name, repeats, runs["fast"]) for name, repeats in runs.items()}
    return result | {"fast": figures.pop("fast"), "baselines": figures}


def bench_look(seeds: int = 5, device: str = "auto") -> dict[str, Any]:
    """One epoch of the recipes that the page offers, with a look inside at every update and without, in turn, once a
    seed -> {"machine", "device", "n", "look": {recipe: figures}}. `cost` is the median over the seeds of the seconds
    with a look over those without beside them, less 1. Raises DigitsError for a device that is not there.
    """
    check_seeds(seeds)
    chosen = select_device(device)
    data = load_mnist(chosen)
    watch = Watch(to_ink(data.test_images[0].cpu()[None])[0])
    figures = {}
    for recipe in ("fast", "text"):
        fast(seeds, data, device, watch, recipe)  # once before the clock
        pairs = []
        for seed in range(seeds):
            ways: dict[bool, float] = {}
            for looks in (True, False) if seed % 2 else (False, True):
                ways[looks], _ = fast(seed, data, device, watch if looks else None, recipe)
            pairs.append((ways[False], ways[True]))
        without, beside = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
        cost = statistics.median(looked / plain for plain, looked in pairs) - 1
        figures[recipe] = {"without": round(without, 3), "with": round(beside, 3), "cost": round(cost, 4)}
    return {"machine": machine(), "device": str(chosen), "n": seeds, "look": figures}


def look_table(result: dict[str, Any]) -> str:
    """What bench_look returned, for people."""
    lines = [f"{result['machine']}, {result['device']}, n = {result['n']}", ""]
    lines += ["| one epoch of recipe | seconds (median) | with a look inside | cost |", "|---|---|---|---|"]
    for recipe, row in result["look"].items():
        lines.append(f"| {recipe} | {row['without']:.2f} | {row['with']:.2f} | {row['cost']:+.1%} |")
    return "\n".join(lines)


def _figures(name: str, runs: list[Run], fast_runs: list[Run]) -> dict[str, Any]:
    seconds, accuracies = zip(*runs, strict=True)
    figures = {
        "seconds_median": round(statistics.median(seconds), 3),
        "seconds": [round(value, 3) for value in seconds],
        "test_accuracy_mean": round(statistics.fmean(accuracies), 5),
        "test_accuracy_sd": round(statistics.stdev(accuracies), 5) if len(runs) > 1 else None,
        "n": len(runs),
    }
    if name != "fast":
        ratios = [fast / slow for (fast, _), (slow, _) in zip(fast_runs, runs, strict=True)]
        figures["ratio"] = round(statistics.median(ratios), 3)
    return figures


def fast(seed: int, data: Mnist, device: str, watch: Watch | None = None, recipe: str = "fast", **changes: Any) -> Run:
    """Ours, as `python -m digits train --recipe fast` does it, but for `changes`; its validations count."""
    config = dataclasses.replace(RECIPES[recipe], seed=seed, device=device, epochs=1, **changes)
    *_, last = train(config, data, watch=watch)
    assert last.test_accuracy is not None  # the run is whole
    return last.elapsed, last.test_accuracy


def train_mnist_fast(seed: int, data: Mnist, device: torch.device) -> Run:
    """The network and schedule of github.com/tuomaso/train_mnist_fast, written anew: 60,000 images in memory, one
    epoch in their own order, batches of 256, Adam, one-cycle.
    """
    images = (data.images.unsqueeze(1).float() / 255 - 0.1307) / 0.3081  # (60000, 1, 28, 28), not timed there either
    started = time.perf_counter()
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 24, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(24, 32, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),  # (N, 800)
        nn.Linear(800, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    ).to(device)
    batches = list(zip(images.split(256), data.labels.split(256), strict=True))
    optimizer = torch.optim.Adam(model.parameters(), 0.01, betas=(0.7, 0.9))
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=len(batches))
    for ink, labels in batches:
        optimizer.zero_grad()
        cross_entropy(model(ink), labels).backward()
        optimizer.step()
        scheduler.step()
    _wait(device)
    seconds = time.perf_counter() - started
    with torch.no_grad():
        tests = ((data.test_images.unsqueeze(1).float() / 255 - 0.1307) / 0.3081).split(1_000)
        digits = torch.cat([model(part).argmax(1) for part in tests])
    return seconds, _accuracy(digits, data.test_labels)


def beginners_text(seed: int, device: torch.device) -> Run:
    """One epoch of the text that Digits grew from: torchvision's MNIST through a DataLoader, the MLP, Adam 1e-3."""
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    loader = DataLoader(datasets.MNIST(unpack_mnist(), train=True, transform=transform), 64, shuffle=True)
    started = time.perf_counter()
    torch.manual_seed(seed)
    model = MLP().to(device)
    model.mean.zero_()
    model.std.fill_(1)  # the loader normalizes
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for ink, labels in loader:
        optimizer.zero_grad()
        cross_entropy(model(ink.to(device)), labels.to(device)).backward()
        optimizer.step()
    _wait(device)
    seconds = time.perf_counter() - started
    model.mean.fill_(0.1307)
    model.std.fill_(0.3081)
    data = load_mnist(device)
    return seconds, measure(model, data.test_images, data.test_labels)[1]


def pytorch_examples(seed: int, device: torch.device, most_epochs: int = 8) -> Run:
    """The network and loop of github.com/pytorch/examples/mnist, written anew, until an epoch ends at 99 % of the test
    images or more: DataLoader, batches of 64, Adadelta, rate times 0.7 an epoch. The tests are not timed.
    """
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    training, tests = (datasets.MNIST(unpack_mnist(), train=train, transform=transform) for train in (True, False))
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),  # (N, 9216)
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    ).to(device)
    optimizer = torch.optim.Adadelta(model.parameters(), 1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.7)
    seconds, accuracy = 0.0, 0.0
    for _ in range(most_epochs):
        started = time.perf_counter()
        model.train()
        for ink, labels in DataLoader(training, 64, shuffle=device.type != "cpu"):  # as there
            optimizer.zero_grad()
            cross_entropy(model(ink.to(device)), labels.to(device)).backward()
            optimizer.step()
        scheduler.step()
        _wait(device)
        seconds += time.perf_counter() - started
        model.eval()
        with torch.no_grad():
            right = sum(
                (model(ink.to(device)).argmax(1).cpu() == labels).sum().item()
                for ink, labels in DataLoader(tests, 1_000)
            )
        accuracy = right / len(tests)
        if accuracy >= 0.99:
            break
    return seconds, accuracy


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _accuracy(digits: Tensor, labels: Tensor) -> float:
    return (digits == labels).sum().item() / len(labels)


def table(result: dict[str, Any]) -> str:
    """What bench_train returned, for people."""
    rows = {"recipe fast": result["fast"]} | result["baselines"]
    lines = [f"{result['machine']}, {result['device']}, n = {result['n']}", ""]
    lines += ["| training | seconds (median) | test accuracy (mean) | our time over its |", "|---|---|---|---|"]
    for name, row in rows.items():
        ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
        lines.append(f"| {name} | {row['seconds_median']:.2f} | {row['test_accuracy_mean']:.2%} | {ratio} |")
    return "\n".join(lines)
