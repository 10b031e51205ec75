"""What the Evaluate tab says of reports and comparisons, as plain values."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from digits.data.data_set import describe_unread
from digits.evaluation.comparison import Comparison
from digits.evaluation.report import Report

COLUMNS = 20  # tiles in a row of a sprite
HARDLY_CHANCE = 0.05  # below this p-value
ENOUGH = 100  # digits with ink, for a word on calibration
CLOSE_ENOUGH = 0.01  # a calibration error under it is as good as none


def report_answer(report: Report) -> dict[str, Any]:
    """The report as the page shows it, with the mistakes' pictures in one PNG."""
    return {
        **report.to_json(),
        "wrong": count_wrong(report),
        "sentence": report_sentence(report),
        "mistakes": [
            {"index": m.index, "label": m.label, "digit": m.digit, "probability": round(m.probability, 4)}
            for m in report.mistakes
        ],
        "calibration": [vars(part) for part in report.calibration],
        "calibration_sentence": calibration_sentence(report),
        "sprite": sprite([mistake.ink for mistake in report.mistakes]),
    }


def count_wrong(report: Report) -> int:
    return report.n - round(report.accuracy * report.n)


def report_sentence(report: Report) -> str:
    low, high = report.interval
    sentence = f"{count_wrong(report):,} of {report.n:,} wrong; 95% interval {low:.2%} to {high:.2%}."
    if report.blank:
        sentence += f" {report.blank:,} had no ink and count as wrong."
    if report.unread:
        sentence += f" {describe_unread(report.unread)}."
    return sentence


def calibration_sentence(report: Report) -> str:
    seen = report.n - report.blank
    if seen < ENOUGH:
        return f"{seen} digit{'s are' if seen != 1 else ' is'} too few to tell; {ENOUGH} or more would."
    sure = sum(part.confidence * part.n for part in report.calibration) / seen
    right = report.right.sum() / seen
    off = f"{report.calibration_error * 100:.1f} points"
    if report.calibration_error < CLOSE_ENOUGH:
        return f"Yes: how sure it is and how often it is right differ by {off} on average."
    lead = "It is too sure" if sure > right else "It is not sure enough"
    return f"{lead}: {sure:.1%} sure on average, and right {right:.1%} of the time. Off by {off} on average."


def comparison_answer(comparison: Comparison, reports: tuple[Report, Report], names: tuple[str, str]) -> dict[str, Any]:
    """The comparison as the page shows it. `sides` are what only the first and only the second reads right: how many,
    and which of the other's mistakes those are.
    """
    sides = []
    for places, misread in ((comparison.only_first, reports[1]), (comparison.only_second, reports[0])):
        members = set(places.tolist())
        at = [i for i, mistake in enumerate(misread.mistakes) if mistake.index in members]
        sides.append({"count": len(places), "at": at})
    return {"sentence": comparison_sentence(comparison, names), "sides": sides, "change": comparison.change.tolist()}


def comparison_sentence(comparison: Comparison, names: tuple[str, str]) -> str:
    first, second = len(comparison.only_first), len(comparison.only_second)
    if first + second == 0:
        return "They are right and wrong on the same examples."
    p = comparison.p_value
    test = "McNemar's test, p < 0.0001" if p < 1e-4 else f"McNemar's test, p = {p:.2g}"
    if p < HARDLY_CHANCE:
        return f"{names[first < second]} is better, and that is hardly chance ({test})."
    return f"Which is better cannot be told from this: the difference may be chance ({test})."


def sprite(inks: list[np.ndarray]) -> str:
    """Inks uint8 (28, 28), COLUMNS in a row, as a data URL of a PNG whose opacity is the ink: one picture, not 200."""
    rows = max(1, -(-len(inks) // COLUMNS))
    sheet = np.zeros((rows * 28, COLUMNS * 28, 2), dtype=np.uint8)
    for i, ink in enumerate(inks):
        y, x = divmod(i, COLUMNS)
        sheet[y * 28 : y * 28 + 28, x * 28 : x * 28 + 28, 1] = ink
    file = io.BytesIO()
    Image.fromarray(sheet, "LA").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
