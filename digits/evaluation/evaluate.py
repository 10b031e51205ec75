"""How well a network reads a labelled data set: evaluate() -> Report."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from digits.data.data_set import DataSet, LazyDrawings
from digits.data.sets import load_data
from digits.errors import DigitsError
from digits.evaluation.report import (
    MOST_MISTAKES,
    CalibrationBin,
    DigitScores,
    Mistake,
    Rejection,
    Report,
    SetScore,
)
from digits.evaluation.statistics import area_under_curve, calibration_error, share, wilson_interval
from digits.ink.geometry import SIDE, to_ink
from digits.reading.recognizer import Recognizer
from digits.reading.recognizer import to_ink as draw_ink

DRAWINGS_AT_ONCE, IMAGES_AT_ONCE = 50, 500  # drawings are slow: an evaluation can be closed between two batches


@dataclass(frozen=True)
class EvaluationUpdate:
    """Where an evaluation stands."""

    share: float
    """Of the examples read, in [0, 1]."""
    report: Report | None = None
    """In the last update only."""


def evaluate(
    recognizer: Recognizer, data: str | Path | DataSet = "mnist-test", reject: DataSet | None = None
) -> Report:
    """Read every example of `data` (a name or path for `digits.data.sets.load_data`, or a DataSet) -> Report.

    `reject` holds drawings that are not digits (`digits.data.sets.load_outliers`), for `Report.rejection`. Picture
    files that cannot be opened are left out and named in `Report.unread`. Raises DigitsError for other data that
    cannot be read, naming the example where it is one.
    """
    *_, last = evaluate_step_by_step(recognizer, data, reject)
    assert last.report is not None  # the last update has it
    return last.report


def evaluate_step_by_step(
    recognizer: Recognizer, data: str | Path | DataSet = "mnist-test", reject: DataSet | None = None
) -> Generator[EvaluationUpdate, None, None]:
    """The same as a generator of updates; closing it ends the work after the batch in progress."""
    data = data if isinstance(data, DataSet) else load_data(data)
    whole = len(data.labels) + (len(reject.labels) if reject else 0)
    data, probabilities, scores, inks = yield from _read(recognizer, data, 0, whole)
    report = summarize(data, probabilities, scores, inks, recognizer.refusal_threshold)
    if reject is not None:
        reject, _, strange, _ = yield from _read(recognizer, reject, whole - len(reject.labels), whole)
        rejection = _compare(reject, scores, strange, recognizer.refusal_threshold)
        report = replace(report, rejection=rejection)
    yield EvaluationUpdate(1.0, report)


def _compare(reject: DataSet, digit_scores: np.ndarray, scores: np.ndarray, threshold: float) -> Rejection:
    """Digit scores of digits and of drawings that are not digits -> how well they are told apart."""

    def compare(name: str, members: np.ndarray, by_set: dict[str, Any] | None = None) -> Rejection:
        refused = int((members < threshold).sum())
        return Rejection(name, len(members), area_under_curve(digit_scores, members), refused, by_set)

    by_set = None
    if reject.sets is not None:
        sets = np.array(reject.sets)
        by_set = {str(name): compare(str(name), scores[sets == name]) for name in np.unique(sets)}
    return compare(reject.name, scores, by_set)


def _read(
    recognizer: Recognizer, data: DataSet, done: int, whole: int
) -> Generator[EvaluationUpdate, None, tuple[DataSet, np.ndarray, np.ndarray, np.ndarray]]:
    """-> the examples that could be read, their probabilities (N, 10), digit scores (N,) and uint8 inks (N, 28, 28)."""
    parts: list[tuple[np.ndarray, ...]] = []
    kept: list[int] = []
    damaged: list[str] = []
    step = DRAWINGS_AT_ONCE if data.ink is None else IMAGES_AT_ONCE
    for start in range(0, len(data.labels), step):
        end = min(start + step, len(data.labels))
        inks, places, names = read_inks(data, range(start, end))  # (B, 1, 28, 28)
        damaged += names
        if places:
            parts.append((*recognizer.scores(inks), (inks[:, 0] * 255).round().to(torch.uint8).numpy()))
            kept += places
        yield EvaluationUpdate((done + end) / whole)
    if not kept:
        inks_of(data, [0])  # raises what is wrong with it
    probabilities, scores, images = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _keep(data, kept, damaged), probabilities, scores, images


def _keep(data: DataSet, kept: list[int], damaged: list[str]) -> DataSet:
    """The data's examples at these places; the damaged files are among the unread."""
    if not damaged:
        return data
    assert data.drawings is not None and data.files is not None  # as there are files
    return replace(
        data,
        labels=data.labels[kept],
        drawings=LazyDrawings(kept, data.drawings.__getitem__),
        files=[data.files[i] for i in kept],
        unread=sorted([*data.unread, *damaged]),
    )


def read_inks(data: DataSet, places: Sequence[int]) -> tuple[Tensor, list[int], list[str]]:
    """The data's examples at these places -> ink (N, 1, 28, 28), the places of those that it is of, and the names of
    the others, damaged picture files. Raises DigitsError for any else that cannot be read, naming the example.
    """
    if data.files is None:
        return inks_of(data, places), list(places), []
    made, kept, damaged = [torch.empty(0, 1, SIDE, SIDE)], [], []
    for i in places:
        try:
            made.append(inks_of(data, [i]))
            kept.append(i)
        except DigitsError:
            damaged.append(data.files[i])
    return torch.cat(made), kept, damaged


def inks_of(data: DataSet, places: Sequence[int]) -> Tensor:
    """The data's examples at these places -> ink (N, 1, 28, 28). Raises DigitsError, naming the example."""
    if data.ink is not None:
        return to_ink(data.ink[torch.as_tensor(places)])
    assert data.drawings is not None  # a data set has ink or drawings
    made = []
    for i in places:
        try:
            made.append(draw_ink(data.drawings[i]))
        except DigitsError as error:
            raise DigitsError(f"Example {i + 1} of {data.name} cannot be read: {error}") from None
    return torch.stack(made)


def summarize(
    data: DataSet, probabilities: np.ndarray, scores: np.ndarray, inks: np.ndarray, refusal_threshold: float
) -> Report:
    """Labels, probabilities (N, 10), digit scores (N,) and uint8 inks (N, 28, 28) -> Report."""
    labels = data.labels.numpy()
    blank = np.asarray(~probabilities.any(axis=1))
    digits = np.where(blank, -1, probabilities.argmax(axis=1))
    confidences = probabilities.max(axis=1)
    right = digits == labels
    refused = ~blank & (scores < refusal_threshold)
    confusion = np.zeros((10, 10), dtype=np.int64)
    np.add.at(confusion, (labels[~blank], digits[~blank]), 1)
    wrong = np.flatnonzero(~right & ~blank)
    worst = wrong[np.argsort(-confidences[wrong], kind="stable")][:MOST_MISTAKES]
    return Report(
        data=data.name,
        n=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        confusion=confusion,
        per_class=score_digits(confusion, np.bincount(labels, minlength=10)),
        mistakes=[Mistake(int(i), int(labels[i]), int(digits[i]), float(confidences[i]), inks[i]) for i in worst],
        blank=int(blank.sum()),
        refused=int(refused.sum()),
        calibration_error=calibration_error(confidences[~blank], right[~blank]),
        digits=digits.astype(np.int8),
        right=right,
        calibration=_bin(confidences[~blank], right[~blank]),
        by_set=_score_sets(data.sets, right, refused, confidences, blank),
        unread=data.unread,
    )


def score_digits(confusion: np.ndarray, counts: np.ndarray) -> list[DigitScores]:
    """A confusion matrix (10, 10) and how many examples of each digit there are (10,) -> each digit's figures."""
    per_class = []
    for digit in range(10):
        precision = share(confusion[digit, digit], confusion[:, digit].sum())
        recall = share(confusion[digit, digit], counts[digit])
        f1 = share(2 * precision * recall, precision + recall)
        per_class.append(DigitScores(digit, int(counts[digit]), precision, recall, f1))
    return per_class


def _score_sets(
    names: list[str] | None, right: np.ndarray, refused: np.ndarray, confidences: np.ndarray, blank: np.ndarray
) -> dict[str, SetScore] | None:
    if names is None:
        return None
    scores, sets = {}, np.array(names)
    for name in np.unique(sets):
        members = sets == name
        seen = members & ~blank
        scores[str(name)] = SetScore(
            accuracy=float(right[members].mean()),
            interval=wilson_interval(int(right[members].sum()), int(members.sum())),
            n=int(members.sum()),
            refused=int(refused[members].sum()),
            calibration_error=calibration_error(confidences[seen], right[seen]),
        )
    return scores


def _bin(confidences: np.ndarray, right: np.ndarray) -> list[CalibrationBin]:
    tenths = np.minimum((confidences * 10).astype(int), 9)
    bins = []
    for tenth in np.unique(tenths):
        members = tenths == tenth
        bins.append(
            CalibrationBin(float(confidences[members].mean()), float(right[members].mean()), int(members.sum()))
        )
    return bins
