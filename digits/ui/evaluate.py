"""The Evaluate tab: how well the network in use reads digits that it never saw, and where it fails."""

import base64
import functools
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from digits.data.data_set import DataSet
from digits.data.mnist import load_mnist
from digits.data.sets import DATA_SETS, load_data
from digits.errors import DigitsError
from digits.evaluation.damage import SLIDERS, damage
from digits.evaluation.evaluate import evaluate_step_by_step
from digits.evaluation.report import Report
from digits.evaluation.robustness import subset
from digits.evaluation.statistics import mcnemar
from digits.reading.recognizer import Recognizer
from digits.ui.evaluations import Evaluation, Evaluations
from digits.ui.networks import DEFAULT
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import answer_errors, parse_drawings, parse_text

COLUMNS = 20  # tiles in a row of a sprite
MOST_DIFFERING = 60  # examples that are shown of those that one network reads right and the other wrong
DAMAGED = 500  # test digits under the sliders
SAMPLES = 30  # of them are shown
ENDINGS = (".jsonl", ".jsonl.gz", ".npz", ".zip")


def evaluate_tab(page: Page) -> gr.HTML:
    evaluations = Evaluations()
    functions = [
        *(evaluate_own(page, evaluations), look_at_evaluation(page, evaluations), compare(page, evaluations)),
        *(damage_digits(page), read_curves),
    ]
    names = {"mnist-test": "MNIST test", "mnist-validation": "Validation"}
    sliders = [vars(slider) for slider in SLIDERS]
    return part("evaluate", functions, columns=COLUMNS, sets=names, sliders=sliders, endings=ENDINGS, damaged=DAMAGED)


def look_at_evaluation(page: Page, evaluations: Evaluations) -> Callable:
    @answer_errors
    def look_at_evaluation(payload: dict) -> dict:
        """Where the evaluation of a network on a data set stands; the first look starts it."""
        return describe(look(page, evaluations, payload.get("network") or DEFAULT, payload))

    return look_at_evaluation


def look(page: Page, evaluations: Evaluations, key: str, payload: dict) -> Evaluation:
    recognizer, name = page.networks.get(key, page.device), parse_text(payload, "data", 400)
    if name in DATA_SETS:
        source: str | Path = name
    else:
        source = uploaded(name)
    return evaluations.look(page.networks.path(key), str(source), lambda: evaluate_step_by_step(recognizer, source))


def uploaded(name: str) -> Path:
    """A path that Gradio's upload gave to the page -> it. Raises DigitsError for any other."""
    path = Path(name).resolve()
    folder = Path(gr.utils.get_upload_folder() or Path(tempfile.gettempdir()) / "gradio").resolve()
    if not path.is_relative_to(folder) or not path.name.lower().endswith(ENDINGS) or not path.is_file():
        raise DigitsError(f"That is not a file of labelled drawings; wanted one that ends in {', '.join(ENDINGS)}.")
    return path


def evaluate_own(page: Page, evaluations: Evaluations) -> Callable:
    @answer_errors
    def evaluate_own(payload: dict) -> dict:
        """The visitor's own drawings, which come with the request."""
        inks, labels = parse_drawings(payload)
        recognizer = page.networks.chosen(payload)
        data = DataSet("my drawings", labels, ink=(inks[:, 0] * 255).round().to(torch.uint8))
        *_, last = evaluate_step_by_step(recognizer, data)
        return {"share": 1.0, "report": show_report(last.report)}

    return evaluate_own


def describe(evaluation: Evaluation) -> dict:
    if evaluation.error:
        return {"error": evaluation.error}
    report = evaluation.report
    return {"share": evaluation.share, "report": show_report(report) if report else None}


def show_report(report: Report) -> dict:
    """The report as the page shows it, with the mistakes' pictures in one PNG."""
    low, high = report.interval
    wrong = report.n - round(report.accuracy * report.n)
    sentence = f"{wrong:,} of {report.n:,} wrong; 95 % interval {low:.2%} to {high:.2%}"
    if report.blank:
        sentence += f"; {report.blank:,} had no ink and count as wrong"
    shown = report.to_json()
    del shown["confusion"]
    return {
        **shown,
        "sentence": sentence + ".",
        "confusion": report.confusion.tolist(),
        "wrong": wrong,
        "mistakes": [
            {"index": m.index, "label": m.label, "digit": m.digit, "probability": round(m.probability, 4)}
            for m in report.mistakes
        ],
        "calibration": [vars(part) for part in report.calibration],
        "sprite": sprite([mistake.ink for mistake in report.mistakes]),
    }


def sprite(inks: list[np.ndarray]) -> str:
    """Inks uint8 (28, 28), COLUMNS in a row, as a data URL of a PNG whose paper is see-through."""
    rows = max(1, -(-len(inks) // COLUMNS))
    sheet = np.zeros((rows * 28, COLUMNS * 28, 2), dtype=np.uint8)
    for i, ink in enumerate(inks):
        y, x = divmod(i, COLUMNS)
        sheet[y * 28 : y * 28 + 28, x * 28 : x * 28 + 28, 1] = ink
    file = io.BytesIO()
    Image.fromarray(sheet, "LA").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def compare(page: Page, evaluations: Evaluations) -> Callable:
    @answer_errors
    def compare(payload: dict) -> dict:
        """What one network reads right and the other wrong, both ways, on the same data."""
        first = look(page, evaluations, payload.get("network") or DEFAULT, payload)
        second = look(page, evaluations, parse_text(payload, "against"), payload)
        for evaluation in (first, second):
            if evaluation.error:
                return {"error": evaluation.error}
        if first.report is None or second.report is None:
            return {"share": (first.share + second.share) / 2, "report": None}
        return {"share": 1.0, "report": show_comparison(parse_text(payload, "data", 400), first.report, second.report)}

    return compare


def show_comparison(data: str, first: Report, second: Report) -> dict:
    only_first, only_second = first.right & ~second.right, second.right & ~first.right
    counts = int(only_first.sum()), int(only_second.sum())
    chance = mcnemar(*counts)
    if chance < 0.05:
        sentence = f"The difference is more than chance (McNemar's exact test, p = {max(chance, 1e-4):.2g})."
        sentence = sentence.replace("p = 0.0001", "p < 0.0001") if chance < 1e-4 else sentence
    else:
        sentence = f"The difference may be chance (McNemar's exact test, p = {chance:.2g})."
    sides = []
    for places, wrong in ((only_first, second), (only_second, first)):
        chosen = np.flatnonzero(places)[:MOST_DIFFERING]
        inks, labels = _examples(data, chosen)
        sides.append(
            {
                "count": int(places.sum()),
                "sprite": sprite(inks),
                "mistakes": [
                    {"index": int(i), "label": label, "digit": int(wrong.digits[i]), "probability": None}
                    for i, label in zip(chosen, labels, strict=True)
                ],
            }
        )
    change = (first.confusion - second.confusion).tolist()
    return {"sentence": sentence, "sides": sides, "change": change, "accuracy": [first.accuracy, second.accuracy]}


def _examples(data: str, places: np.ndarray) -> tuple[list[np.ndarray], list[int]]:
    """The inks and labels at these places of a data set with ink; none where it has drawings."""
    loaded = load_data(data)
    if loaded.ink is None:
        return [np.zeros((28, 28), np.uint8)] * len(places), loaded.labels[places].tolist()
    return list(loaded.ink[places].numpy()), loaded.labels[places].tolist()


@functools.cache
def _damaged() -> tuple[Tensor, Tensor]:
    mnist = load_mnist()
    return subset(DataSet("mnist-test", mnist.test_labels, ink=mnist.test_images), DAMAGED)


def damage_digits(page: Page) -> Callable:
    @answer_errors
    def damage_digits(payload: dict) -> dict:
        """500 test digits under the sliders -> accuracy, and what 30 of them are read as."""
        amounts = parse_amounts(payload)
        if torch.get_num_threads() > 1:
            torch.set_num_threads(1)
        inks, labels = _damaged()
        return show_damaged(page.networks.chosen(payload), damage(inks, amounts), labels)

    return damage_digits


def parse_amounts(payload: dict) -> dict[str, float]:
    """{"amounts": {name: number}} -> amounts within their sliders' ends. Raises DigitsError for others."""
    amounts = payload.get("amounts")
    if not isinstance(amounts, dict):
        raise DigitsError("The sliders did not arrive; move one again.")
    parsed = {}
    for slider in SLIDERS:
        value = amounts.get(slider.name, 0)
        if type(value) not in (int, float) or not slider.least <= value <= slider.most:
            raise DigitsError(f"{slider.title} is {value!r:.30}; wanted {slider.least} to {slider.most}.")
        parsed[slider.name] = float(value)
    return parsed


def show_damaged(recognizer: Recognizer, inks: Tensor, labels: Tensor) -> dict:
    digits = np.concatenate([recognizer.scores(part)[0].argmax(1) for part in inks.split(100)])
    right = digits == labels.numpy()
    pictures = (inks[:SAMPLES, 0] * 255).round().to(torch.uint8).numpy()
    samples = [{"label": int(labels[i]), "digit": int(digits[i])} for i in range(SAMPLES)]
    return {"accuracy": float(right.mean()), "n": len(labels), "sprite": sprite(list(pictures)), "samples": samples}


@answer_errors
def read_curves(payload: dict) -> dict:
    """The robustness report of a shipped network, as `evaluate --robustness --json` wrote it; none for a visitor's."""
    from digits.reading.recognizer import WEIGHTS

    key = parse_text(payload, "network")
    known = {path.name: path for path in WEIGHTS.glob("*.robustness.json")}
    path = known.get(f"{key}.robustness.json")
    return {"curves": json.loads(path.read_text(encoding="utf-8"))["curves"] if path else None}
