"""What each part of the training is good for on real drawings: python docs/ablation.py SEEDS STROKES.jsonl CANVAS.npz

Trains one small network without augmentation, with it, with handwriting and with outliers, and prints a line of JSON
each: accuracies in % on MNIST's test images and on each set of drawings, as drawn and prepared by digits/ink.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from digits import Recognizer  # noqa: E402
from digits.data.data_set import DataSet  # noqa: E402
from digits.data.sets import load_data  # noqa: E402
from digits.evaluation.evaluate import inks_of  # noqa: E402
from digits.ink.strokes import from_strokes  # noqa: E402
from digits.training.config import TrainConfig  # noqa: E402
from digits.training.loop import train  # noqa: E402

BASE = {"model": "cnn", "epochs": 5, "precision": "bfloat16"}
TRAININGS = {
    "plain": {"augment": "none"},
    "affine": {},
    "affine, handwriting": {"handwriting": 20_000},
    "affine, handwriting, outliers": {"handwriting": 20_000, "outliers": 12_000},
    "elastic, handwriting, outliers": {"augment": "elastic", "handwriting": 20_000, "outliers": 12_000},
}


def as_drawn(data: DataSet) -> torch.Tensor:
    """Ink (N, 1, 28, 28) as a simple demo would take it: the whole pad, shrunk. Strokes fill 60 % of the pad."""
    inks = []
    for drawing in data.drawings:
        if isinstance(drawing, np.ndarray):
            inks.append(torch.from_numpy(drawing)[None].float() / 255)
            continue
        strokes = [np.asarray(stroke, dtype=float) for stroke in drawing]
        corner = np.concatenate(strokes).min(axis=0)
        extents = np.ptp(np.concatenate(strokes), axis=0)
        margin = (1 - extents / extents.max() * 0.6) / 2  # in the middle of the pad
        placed = [((stroke - corner) / extents.max() * 0.6 + margin) * 1_000 for stroke in strokes]
        inks.append(from_strokes(placed, frame=1_000, crop=False, scale=False, centre=False))
    return torch.stack(inks)


def accuracies(recognizer: Recognizer, inks: torch.Tensor, labels, sets: list[str]) -> dict[str, float]:
    digits = np.concatenate([recognizer.scores(part)[0].argmax(1) for part in inks.split(500)])
    right, sets = digits == np.asarray(labels), np.asarray(sets)
    return {name: round(float(right[sets == name].mean()) * 100, 2) for name in sorted(set(sets))}


def main(seeds: str, *files: str) -> None:
    measured = []
    for data in map(load_data, files):
        sets = data.sets or [Path(data.name).stem] * len(data.labels)
        measured.append((as_drawn(data), inks_of(data, range(len(data.labels))), data.labels, sets))
    for seed in range(int(seeds)):
        for name, settings in TRAININGS.items():
            *_, last = train(TrainConfig(**BASE, **settings, seed=seed, device="cpu"))
            recognizer = Recognizer(last.model, device="cpu")
            line = {"training": name, "seed": seed, "mnist-validation": round(last.validation_accuracy * 100, 2)}
            line |= {"mnist-test": round(last.test_accuracy * 100, 2), "as drawn": {}, "prepared": {}}
            for drawn, prepared, labels, sets in measured:
                line["as drawn"] |= accuracies(recognizer, drawn, labels, sets)
                line["prepared"] |= accuracies(recognizer, prepared, labels, sets)
            print(json.dumps(line | {"seconds": round(last.elapsed)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
