"""How fast a network reads: one drawing at a time, and many in a batch."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from digits.bench import distribution, machine
from digits.data.handwriting import draw
from digits.data.mnist import load_mnist
from digits.reading.recognizer import DEFAULT_WEIGHTS, Recognizer

THREADS = (1, 2)
BATCH = 1_000


def bench_read(weights: str | Path = DEFAULT_WEIGHTS, device: str = "cpu", seconds: float = 2) -> dict[str, Any]:
    """Read for so many seconds in each way -> {"machine", "weights", "device", "threads": {1: {...}, 2: {...}}}.

    Times in milliseconds: strokes to answer, ink to answer, and a batch of 1,000 inks.
    """
    recognizer = Recognizer.load(weights, device)
    generator = np.random.default_rng(0)
    drawings = [draw(i % 10, generator) for i in range(100)]
    inks = load_mnist().test_images[:BATCH].unsqueeze(1).float() / 255
    before, result = torch.get_num_threads(), {}
    try:
        for threads in THREADS:
            torch.set_num_threads(threads)
            batch = _timed(lambda _: recognizer.scores(inks), seconds)
            result[threads] = {
                "strokes_to_answer": _timed(lambda i: recognizer.read_strokes(drawings[i % 100]), seconds),
                "ink_to_answer": _timed(lambda i: recognizer.scores(inks[i % BATCH][None]), seconds),
                "batch_of_1000": batch,
                "batched_readings_a_second": round(BATCH / batch["median"] * 1_000),
            }
    finally:
        torch.set_num_threads(before)
    return {"machine": machine(), "weights": str(weights), "device": str(recognizer.device), "threads": result}


def _timed(once: Callable[[int], object], seconds: float) -> dict[str, Any]:
    for i in range(5):
        once(i)
    times, end, i = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        started = time.perf_counter()
        once(i)
        times.append((time.perf_counter() - started) * 1_000)
        i += 1
    found = distribution(times)
    return found | {"median": round(float(torch.tensor(times).median()), 3)}


def table(result: dict[str, Any]) -> str:
    """What bench_read returned, for people."""
    lines = [f"{result['machine']}, {result['weights']}, {result['device']}", ""]
    lines += [
        "| threads | strokes to answer | ink to answer | readings a second in batches of 1,000 |",
        "|---|---|---|---|",
    ]
    for threads, row in result["threads"].items():
        strokes, ink = (f"{row[name]['median']:.2f} ms" for name in ("strokes_to_answer", "ink_to_answer"))
        lines.append(f"| {threads} | {strokes} | {ink} | {row['batched_readings_a_second']:,} |")
    return "\n".join(lines)
