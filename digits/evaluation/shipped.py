"""What ships beside the weights, so that nobody waits for it: a report on MNIST's test set, and the robustness.

`docs/shipped_reports.py` writes the files, weights/reports/<network>.json. Each holds the SHA-256 of the weights that
it is about: for any others there is none.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from digits.data.mnist import load_mnist
from digits.evaluation.evaluate import score_digits
from digits.evaluation.report import MOST_MISTAKES, CalibrationBin, Mistake, Report
from digits.evaluation.robustness import Robustness
from digits.evaluation.statistics import wilson_interval
from digits.files import fingerprint

DATA = "mnist-test"


def pack(weights: Path, report: Report, probabilities: np.ndarray, robustness: Robustness, seed: int) -> dict[str, Any]:
    """A report on MNIST's test set, whose wrong readings have these `probabilities` (N,), and a robustness -> plain
    values. All mistakes are kept, by their place in the data: everything else follows from them.
    """
    wrong = np.flatnonzero(~report.right)
    worst = wrong[np.argsort(-probabilities[wrong], kind="stable")]
    return {
        "sha256": fingerprint(weights),
        "data": DATA,
        "mistakes": [[int(i), int(report.digits[i]), round(float(probabilities[i]), 6)] for i in worst],
        "refused": report.refused,
        "calibration_error": report.calibration_error,
        "calibration": [vars(part) for part in report.calibration],
        "robustness": {"data": DATA, "seed": seed, **robustness.to_json()},
    }


def shipped_report(weights: Path) -> Report | None:
    """The report on MNIST's test set that ships beside these weights; None where there is none."""
    packed = _read(weights)
    return unpack(packed) if packed else None


def shipped_curves(weights: Path) -> dict[str, Any] | None:
    """The robustness that ships beside these weights, as `Robustness.to_json` gives it; None where there is none."""
    packed = _read(weights)
    return packed["robustness"] if packed else None


def unpack(packed: dict[str, Any]) -> Report:
    """The opposite of `pack`, without the robustness."""
    mnist = load_mnist()
    labels, images = mnist.test_labels.numpy(), mnist.test_images.numpy()
    digits = labels.astype(np.int8)
    mistakes = [
        Mistake(index, int(labels[index]), digit, probability, images[index])
        for index, digit, probability in packed["mistakes"]
    ]
    for mistake in mistakes:
        digits[mistake.index] = mistake.digit
    right = digits == labels
    confusion = np.zeros((10, 10), dtype=np.int64)
    np.add.at(confusion, (labels, digits), 1)
    return Report(
        data=packed["data"],
        n=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        confusion=confusion,
        per_class=score_digits(confusion, np.bincount(labels, minlength=10)),
        mistakes=mistakes[:MOST_MISTAKES],
        blank=0,
        refused=packed["refused"],
        calibration_error=packed["calibration_error"],
        digits=digits,
        right=right,
        calibration=[CalibrationBin(**part) for part in packed["calibration"]],
    )


def _read(weights: Path) -> dict[str, Any] | None:
    path = weights.parent / "reports" / f"{weights.stem}.json"
    if not path.is_file():
        return None
    packed = json.loads(path.read_text(encoding="utf-8"))
    return packed if packed["sha256"] == fingerprint(weights) else None
