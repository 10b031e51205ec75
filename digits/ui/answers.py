"""What the page says of a reading, in words and in numbers that JSON can hold."""

import base64
from typing import Any

import numpy as np
import torch

from digits.reading.explain import PATCH, Explanation
from digits.reading.inside import Inside
from digits.reading.reading import NumberReading, Reading

SURE = 0.9  # from this probability on, the answer is given without "probably"
TOSS_UP = 0.2  # a second digit above this probability is named in the answer
LIKELY_ENOUGH = 0.05  # below SURE, a second digit above this one is named


def article(digit: int | None) -> str:
    return f"an {digit}" if digit == 8 else f"a {digit}"


def answer(reading: Reading) -> dict[str, Any]:
    """A reading as Draw shows it."""
    if reading.blank:
        return {"blank": True, "sentence": "Draw a digit.", "doubt": "Larger than a dot."}
    sentence, doubt = words(reading)
    return {
        "digit": reading.digit,
        "best": reading.best,
        "sentence": sentence,
        "doubt": doubt,
        "probabilities": [round(float(probability), 4) for probability in reading.probabilities],
        "digit_score": round(reading.digit_score, 4),
        "ink": packed(reading.ink),
    }


def words(reading: Reading) -> tuple[str, str]:
    """The answer, and what else it could be, for a reading that is not blank."""
    second = int(reading.probabilities.argsort()[-2])
    if reading.digit is None:
        return "No digit that I know.", f"The nearest is {article(reading.best)}."
    if reading.probabilities[reading.best] >= SURE:
        return f"{article(reading.best).capitalize()}.", ""
    doubt = f"It could be {article(second)}." if reading.probabilities[second] > LIKELY_ENOUGH else ""
    return f"Probably {article(reading.best)}.", doubt


def number_answer(number: NumberReading) -> dict[str, Any]:
    """A number's reading as Draw shows it; boxes are left, top, right, bottom in the drawing's unit."""
    if not number.digits:
        return {"blank": True, "sentence": "Write a number.", "doubt": "Larger than a dot."}
    sentence, doubt = number_words(number)
    return {
        "text": number.text,
        "sentence": sentence,
        "doubt": doubt,
        "digits": [
            {
                "digit": digit.reading.digit,
                "best": digit.reading.best,
                "probability": round(float(digit.reading.probabilities.max()), 4),
                "box": [round(edge) for edge in digit.box],
            }
            for digit in number.digits
        ],
    }


def number_words(number: NumberReading) -> tuple[str, str]:
    """A number's answer, and the digit that is least certain where one is a toss-up or is refused."""
    readings = [digit.reading for digit in number.digits]
    sentence = f"{number.text}."
    refused = next((reading for reading in readings if reading.digit is None), None)
    if refused is not None:
        return sentence, f"The {refused.best} does not look like a digit."
    doubtful = max(readings, key=lambda reading: np.sort(reading.probabilities)[-2])
    if np.sort(doubtful.probabilities)[-2] > TOSS_UP:
        return sentence, f"The {doubtful.best} is perhaps {article(int(doubtful.probabilities.argsort()[-2]))}."
    return sentence, ""


def inside_answer(inside: Inside) -> dict[str, Any]:
    """The layers' activations as Draw shows them; values are base64 of bytes, 255 the largest of the stage."""
    return {
        "logits": [round(float(value), 2) for value in inside.logits],
        "stages": [
            {
                "layer": stage.layer,
                "units": stage.units.tolist() if stage.values.ndim == 3 else None,
                "shape": stage.values.shape,
                "values": packed(stage.values),
                "count": stage.count,
                "on": stage.on,
            }
            for stage in inside.stages
        ],
    }


def explanation_answer(explanation: Explanation, ink: torch.Tensor) -> dict[str, Any]:
    """An explanation of ink (1, 28, 28) as Draw shows it; pictures are base64 of bytes."""
    if explanation.becomes != explanation.digit:
        sentence = f"Without the framed part I would read {article(explanation.becomes)}."
    else:
        sentence = (
            f"The framed part counts most, but without it I would still read {article(explanation.digit)}; "
            f"the nearest other digit is {article(explanation.runner_up)}."
        )
    return {
        "sentence": sentence,
        "ink": packed(ink[0].numpy()),
        "importance": [round(float(value), 2) for value in explanation.importance.ravel()],
        "decisive": [*explanation.decisive, PATCH],
        "logits": [round(float(value), 2) for value in explanation.logits],
        "layers": [
            {
                "name": layer.name,
                "shape": layer.maps.shape,
                "maps": packed(layer.maps),
                "filters": None if layer.filters is None else [layer.filters.shape[1:], signed(layer.filters)],
                "field": [layer.sees, layer.step, layer.start],
            }
            for layer in explanation.layers
        ],
    }


def packed(picture: np.ndarray) -> str:
    """Ink (28, 28), or other values in [0, 1] -> base64 of their bytes, 255 for 1."""
    return base64.b64encode((picture * 255).round().astype("uint8").tobytes()).decode()


def signed(weights: np.ndarray) -> str:
    """Weights (n, ...) -> base64 of bytes: 128 is zero, 1 or 255 the largest of each of the n."""
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1).clip(min=1e-6)
    shares = weights / largest.reshape(-1, *[1] * (weights.ndim - 1))
    return base64.b64encode((128 + shares * 127).round().astype("uint8").tobytes()).decode()
