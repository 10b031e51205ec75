"""The Evaluate tab: how well the network in use reads digits that it never saw, and where it fails."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import torch

from digits.data.data_set import DataSet
from digits.errors import DigitsError
from digits.evaluation.comparison import compare
from digits.evaluation.damage import SLIDERS
from digits.evaluation.evaluate import EvaluationUpdate, evaluate, evaluate_step_by_step
from digits.evaluation.report import Report
from digits.evaluation.robustness import ENOUGH
from digits.evaluation.shipped import DATA, shipped_report
from digits.files import fingerprint
from digits.reading.explain import explain
from digits.ui.answers import explanation_answer
from digits.ui.client import present_asker, taking_turns
from digits.ui.damage import DAMAGED, MEASURED, damage_digits, look_at_curves
from digits.ui.evaluation_answers import COLUMNS, comparison_answer, report_answer
from digits.ui.evaluation_requests import ENDINGS, LARGEST_FILE, Chosen, choose, parse_upload
from digits.ui.evaluations import Evaluation, Evaluations
from digits.ui.networks import DEFAULT
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import DOT, FRAME, answer_errors, parse_drawings, parse_pixels, parse_text, parse_visitor

SETS = {"mnist-test": "MNIST test", "mnist-validation": "Validation"}
FILE, OWN = "file", "own"
RIVALS = ("mlp", DEFAULT)  # whom the page proposes to compare a damaged network with: the first that is not in use


def evaluate_tab(page: Page) -> gr.HTML:
    evaluations = Evaluations()
    functions = [
        *(look_at_evaluation(page, evaluations), damage_digits(page), look_at_curves(page, evaluations)),
        *(read_example(page), explain_example(page)),
    ]
    return part(
        "evaluate",
        functions,
        columns=COLUMNS,
        sets=SETS,
        testSet=DATA,
        sliders=[vars(slider) for slider in SLIDERS],
        endings=ENDINGS,
        largestFile=LARGEST_FILE,
        damaged=DAMAGED,
        measured=MEASURED,
        rivals=RIVALS,
        unit=FRAME,
        dot=DOT,
        enough=ENOUGH,
    )


def look_at_evaluation(page: Page, evaluations: Evaluations) -> Callable[..., Any]:
    @answer_errors
    def look_at_evaluation(payload: dict[str, Any]) -> dict[str, Any]:
        """Where the evaluation of one or two networks stands; the first look starts it."""
        chosen = choose(page, payload)
        if payload.get("data") == OWN:
            return describe(chosen, evaluate_own(chosen, payload))
        looks = [look(evaluations, network, payload) for network in chosen]
        error = next((evaluation.error for evaluation in looks if evaluation.error), None)
        if error:
            return {"error": error}
        if not all(evaluation.ended for evaluation in looks):
            return {"share": sum(evaluation.share for evaluation in looks) / len(looks), "reports": None}
        return describe(chosen, [evaluation.report for evaluation in looks])

    return look_at_evaluation


def look(evaluations: Evaluations, network: Chosen, payload: dict[str, Any]) -> Evaluation:
    data, weights = parse_text(payload, "data"), network.weights
    if data not in (*SETS, FILE):
        raise DigitsError(f"There is no data set called {data!r:.50}; choose one of {', '.join(SETS.values())}.")
    source = parse_upload(payload) if data == FILE else data

    def start() -> Iterator[EvaluationUpdate]:
        if source == DATA and (report := shipped_report(weights)):
            return iter([EvaluationUpdate(1.0, report)])
        return evaluate_step_by_step(network.recognizer, source)

    key = (fingerprint(weights), str(source))
    return evaluations.look(parse_visitor(payload), key, start, data == FILE, present_asker())


def evaluate_own(chosen: list[Chosen], payload: dict[str, Any]) -> list[Report]:
    """The visitor's own drawings come with the request and are read at once."""
    with taking_turns():
        inks, labels = parse_drawings(payload)
        data = DataSet("my drawings", labels, ink=(inks[:, 0] * 255).round().to(torch.uint8))
        reports = []
        for network in chosen:
            reports.append(evaluate(network.recognizer, data))
    return reports


def describe(chosen: list[Chosen], reports: list[Report]) -> dict[str, Any]:
    answer = {"share": 1.0, "reports": [report_answer(report) for report in reports], "comparison": None}
    if len(reports) == 2:
        names = (chosen[0].name, chosen[1].name)
        answer["comparison"] = comparison_answer(compare(*reports), (reports[0], reports[1]), names)
    return answer


def read_example(page: Page) -> Callable[..., Any]:
    @answer_errors
    def read_example(payload: dict[str, Any]) -> dict[str, Any]:
        """One example, as the pixels that the page has of it -> what each network makes of it."""
        ink = parse_pixels(payload)
        readings = [network.recognizer.read_ink(ink[None])[0] for network in choose(page, payload)]
        return {
            "readings": [
                {
                    "digit": reading.digit,
                    "best": reading.best,
                    "probabilities": [round(float(share), 4) for share in reading.probabilities],
                }
                for reading in readings
            ]
        }

    return read_example


def explain_example(page: Page) -> Callable[..., Any]:
    @answer_errors
    def explain_example(payload: dict[str, Any]) -> dict[str, Any]:
        """Why a network reads one example as it does."""
        ink = parse_pixels(payload)
        if not ink.any():
            raise DigitsError("There is no ink to explain.")
        with taking_turns():
            return explanation_answer(explain(page.networks.chosen(payload).model, ink[None]), ink)

    return explain_example
