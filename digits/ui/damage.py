"""Damage: 500 test digits under sliders, and how much a picture may change before it is misread."""

import functools
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from digits.data.sets import load_data
from digits.evaluation.damage import damage
from digits.evaluation.robustness import RobustnessUpdate, robustness_step_by_step, subset
from digits.evaluation.shipped import DATA, shipped_curves
from digits.files import fingerprint
from digits.reading.recognizer import Recognizer
from digits.ui.client import present_asker, taking_turns
from digits.ui.evaluation_answers import sprite
from digits.ui.evaluation_requests import Chosen, choose, parse_amounts
from digits.ui.evaluations import Evaluation, Evaluations
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_visitor

DAMAGED, SAMPLES = 500, 36  # test digits under the sliders, and how many of them are shown
NOTHING = -1  # read where the damage left no ink
MEASURED = 60  # test digits for the robustness of a visitor's network: 66 pictures of each, half a second a digit


@functools.cache
def damaged_digits() -> tuple[Tensor, Tensor]:
    return subset(load_data(DATA), DAMAGED)


@functools.lru_cache(maxsize=100)
def undamaged_accuracy(digest: str, recognizer: Recognizer) -> float:
    inks, labels = damaged_digits()
    return float((read_digits(recognizer, inks) == labels.numpy()).mean())


def read_digits(recognizer: Recognizer, inks: Tensor) -> np.ndarray:
    """The likeliest digits, int (N,); NOTHING where no ink is left."""
    digits = np.concatenate([recognizer.scores(batch)[0].argmax(1) for batch in inks.split(100)])
    return np.where(inks.flatten(1).any(1).numpy(), digits, NOTHING)


def damage_digits(page: Page) -> Callable[..., Any]:
    @answer_errors
    def damage_digits(payload: dict[str, Any]) -> dict[str, Any]:
        """500 test digits under the sliders -> each network's accuracy, and what some of the digits are read as."""
        amounts, chosen = parse_amounts(payload), choose(page, payload)
        with taking_turns():
            inks, labels = damaged_digits()
            inks = damage(inks, amounts)
            digits = [read_digits(network.recognizer, inks) for network in chosen]
            whole = [undamaged_accuracy(fingerprint(network.weights), network.recognizer) for network in chosen]
        pictures = (inks[:SAMPLES, 0] * 255).round().to(torch.uint8).numpy()
        return {
            "accuracies": [float((read == labels.numpy()).mean()) for read in digits],
            "undamaged": whole,
            "sprite": sprite(list(pictures)),
            "samples": [
                {"label": int(labels[i]), "digits": [int(read[i]) for read in digits]} for i in range(len(pictures))
            ],
        }

    return damage_digits


def look_at_curves(page: Page, evaluations: Evaluations) -> Callable[..., Any]:
    @answer_errors
    def look_at_curves(payload: dict[str, Any]) -> dict[str, Any]:
        """The robustness of one or two networks: those that ship, and where "measure" is asked, the others measured."""
        measure, curves, shares = payload.get("measure") is True, [], []
        for network in choose(page, payload):
            found = shipped_curves(network.weights)
            if found is None:
                measured = look(evaluations, network, parse_visitor(payload), measure)
                if measured is not None and measured.error:
                    return {"error": measured.error}
                if measured is not None and measured.report is not None:
                    found = measured.report.to_json()
                elif measured is not None:
                    shares.append(measured.share)
            curves.append(found)
        return {"curves": curves, "share": float(np.mean(shares)) if shares else None}

    return look_at_curves


def look(evaluations: Evaluations, network: Chosen, visitor: str, start: bool) -> Evaluation | None:
    """The measurement of a visitor's network; None where there is none, and none is to be started."""
    key = (fingerprint(network.weights), "robustness")
    if not start and evaluations.known(key) is None:
        return None
    measure = functools.partial(measure_curves, network.recognizer)
    return evaluations.look(visitor, key, measure, True, present_asker())


def measure_curves(recognizer: Recognizer) -> Generator[RobustnessUpdate, None, None]:
    return robustness_step_by_step(recognizer, *subset(load_data(DATA), MEASURED))
