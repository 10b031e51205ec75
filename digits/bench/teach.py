"""What Teach it does for a writer whom the network misreads: to drawings that it was not taught, and to MNIST."""

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch

from digits.bench import check_seeds, machine
from digits.data.data_set import DataSet
from digits.data.mnist import load_mnist
from digits.data.sets import load_data
from digits.errors import DigitsError
from digits.evaluation.evaluate import inks_of
from digits.reading.recognizer import DEFAULT_WEIGHTS, Recognizer
from digits.training.teaching import TeachConfig, teach

TAUGHT = 20  # drawings


def bench_teach(
    drawings: str, weights: str | Path = DEFAULT_WEIGHTS, seeds: int = 3, device: str = "cpu"
) -> dict[str, Any]:
    """Teach a network twenty of the forty drawings of one writer that it reads worst (every second one, so that as hard
    ones are among the others), `seeds` times, and count what it reads right before and after -> {"machine", "weights",
    "cases"}, counts and, for MNIST, points of accuracy.

    Two cases: 1s (the digit that is written in the most ways), and any digit; each of the writer whose forty are read
    worst. Raises DigitsError for drawings that cannot be read or that name no such writer.
    """
    check_seeds(seeds)
    recognizer = Recognizer.load(weights, device)
    data = load_data(drawings)
    if data.writers is None:
        raise DigitsError(f"{drawings} does not say who drew what; give a .jsonl file of strokes with writers.")
    inks = inks_of(data, range(len(data.labels)))
    truth = np.asarray(data.labels)
    probabilities = _probabilities(recognizer, inks)
    before = probabilities.argmax(1) == truth
    certainty = probabilities[np.arange(len(truth)), truth]  # of the right answer
    mnist = load_mnist()
    images, tests = mnist.test_images.unsqueeze(1).float() / 255, mnist.test_labels.numpy()
    test_before = _right(recognizer, images, tests).mean()
    cases: list[dict[str, Any]] = []
    for name, digits in {"1s": [1], "of any digit": range(10)}.items():
        writer, taught, untaught = _hardest(data, truth, certainty, list(digits))
        case: dict[str, Any] = {"drawings": name, "writer": writer, "taught_n": len(taught), "others_n": len(untaught)}
        case |= {"taught_before": int(before[taught].sum()), "others_before": int(before[untaught].sum())}
        runs: list[dict[str, Any]] = []
        for seed in range(seeds):
            config = TeachConfig(
                Path(weights),
                recognizer.model.name,
                (inks[taught][:, 0] * 255).round().to(torch.uint8),
                torch.from_numpy(truth[taught]),
                device,
                seed,
            )
            *_, last = teach(config)
            assert last.model is not None  # the last update has it
            copy = Recognizer(last.model.eval(), device=device)
            after, test_after = _right(copy, inks, truth), _right(copy, images, tests).mean()
            runs.append(
                {
                    "taught_after": int(after[taught].sum()),
                    "others_after": int(after[untaught].sum()),
                    "test_points": round(float(test_after - test_before) * 100, 2),
                    "seconds": round(last.elapsed, 1),
                }
            )
        cases.append(case | {"runs": runs})
    return {"machine": machine(), "weights": str(weights), "cases": cases}


def _hardest(
    data: DataSet, truth: np.ndarray, certainty: np.ndarray, digits: list[int]
) -> tuple[str, np.ndarray, np.ndarray]:
    """-> (writer, indices of every second of its hardest drawings of these digits, indices of its others)."""
    writers = np.asarray(data.writers)
    best: tuple[float, str, np.ndarray, np.ndarray] | None = None
    for writer in sorted(set(data.writers or ()) - {""}):
        own = np.flatnonzero((writers == writer) & np.isin(truth, digits))
        if len(own) < 2 * TAUGHT:
            continue
        hardest = own[np.argsort(certainty[own], kind="stable")[: 2 * TAUGHT]]
        untaught = np.setdiff1d(np.flatnonzero(writers == writer), hardest[::2])
        if best is None or certainty[hardest].mean() < best[0]:
            best = float(certainty[hardest].mean()), writer, hardest[::2], untaught
    if best is None:
        raise DigitsError(f"No writer in {data.name} drew {2 * TAUGHT} of {digits}; give more of one hand.")
    return best[1:]


def _right(recognizer: Recognizer, inks: torch.Tensor, truth: np.ndarray) -> np.ndarray:
    """Inks (N, 1, 28, 28) and digits (N,) -> whether each is read right, (N,)."""
    return _probabilities(recognizer, inks).argmax(1) == truth


def _probabilities(recognizer: Recognizer, inks: torch.Tensor) -> np.ndarray:
    return np.concatenate([recognizer.scores(part)[0] for part in inks.split(500)])


def table(result: dict[str, Any]) -> str:
    """What bench_teach returned, for people."""
    lines = [f"{result['machine']}, {result['weights']}", ""]
    lines += ["| taught | right before, after | the writer's others right before, after | MNIST test, points |"]
    lines += ["|---|---|---|---|"]
    for case in result["cases"]:
        name = f"{case['taught_n']} {case['drawings']} of {case['writer']}"
        taught = f"{case['taught_before']}, {_median(case, 'taught_after')}"
        untaught = f"{case['others_before']}, {_median(case, 'others_after')} of {case['others_n']}"
        points = [run["test_points"] for run in case["runs"]]
        lines.append(f"| {name} | {taught} | {untaught} | {min(points):+.2f} to {max(points):+.2f} |")
    return "\n".join(lines)


def _median(case: dict[str, Any], name: str) -> str:
    return f"{statistics.median(run[name] for run in case['runs']):g}"
