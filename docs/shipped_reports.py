"""Writes weights/reports/<network>.json: the shipped networks' reports on MNIST's test set, and their robustness.

    python docs/shipped_reports.py [network ...]

Run it when weights have changed: about five minutes a network on one core, so that nobody has to wait for them in the
Evaluate tab. It reads the test set and chooses nothing by it.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from digits import Recognizer, evaluate  # noqa: E402
from digits.data.sets import load_data  # noqa: E402
from digits.evaluation.evaluate import inks_of  # noqa: E402
from digits.evaluation.robustness import robustness_step_by_step, subset  # noqa: E402
from digits.evaluation.shipped import DATA, pack  # noqa: E402
from digits.files import write_atomically  # noqa: E402
from digits.reading.recognizer import WEIGHTS  # noqa: E402

SEED = 0


def write_report(weights: Path) -> None:
    recognizer, data = Recognizer.load(weights), load_data(DATA)
    report = evaluate(recognizer, data)
    wrong = np.flatnonzero(~report.right)
    probabilities = np.zeros(report.n)
    probabilities[wrong] = recognizer.scores(inks_of(data, wrong.tolist()))[0].max(axis=1)
    updates = robustness_step_by_step(recognizer, *subset(data, seed=SEED), SEED)
    for update in tqdm(updates, weights.stem, total=501, leave=False):
        robustness = update.report
    packed = pack(weights, report, probabilities, robustness, SEED)
    path = weights.parent / "reports" / f"{weights.stem}.json"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, (json.dumps(packed, indent=None) + "\n").encode())
    print(f"{path.relative_to(ROOT)}: {report.accuracy:.2%} of {DATA}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    for path in [WEIGHTS / f"{name}.safetensors" for name in sys.argv[1:]] or sorted(WEIGHTS.glob("*.safetensors")):
        write_report(path)
