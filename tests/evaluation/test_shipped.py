"""What ships beside the weights says what an evaluation says."""

import json
import shutil

import numpy as np
import pytest

from digits.evaluation.evaluate import evaluate
from digits.evaluation.robustness import AXES
from digits.evaluation.shipped import shipped_curves, shipped_report
from digits.reading.recognizer import WEIGHTS, Recognizer

SHIPPED = sorted(WEIGHTS.glob("*.safetensors"))


def test_the_report_is_that_of_an_evaluation():
    shipped = shipped_report(WEIGHTS / "mlp.safetensors")
    report = evaluate(Recognizer.load(WEIGHTS / "mlp.safetensors"))
    # Another processor may round one digit in ten thousand to the other side.
    assert (shipped.digits != report.digits).sum() <= 2
    assert shipped.accuracy == pytest.approx(report.accuracy, abs=2e-4)
    assert np.abs(shipped.confusion - report.confusion).sum() <= 4
    assert shipped.calibration_error == pytest.approx(report.calibration_error, abs=2e-3)
    assert [part.n for part in shipped.calibration] == pytest.approx([part.n for part in report.calibration], abs=3)
    first, again = shipped.mistakes[0], report.mistakes[0]
    assert (first.index, first.label, first.digit) == (again.index, again.label, again.digit)
    assert np.array_equal(first.ink, again.ink)
    assert set(shipped.to_json()) == set(report.to_json())


@pytest.mark.parametrize("weights", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_network_has_one_that_agrees_with_its_card(weights):
    card = json.loads(weights.with_suffix(".json").read_text())
    report = shipped_report(weights)
    assert report.accuracy == pytest.approx(card["figures"]["test_accuracy"], abs=2e-4)
    curves = shipped_curves(weights)
    assert (curves["n"], set(curves["curves"])) == (500, {axis.name for axis in AXES})


def test_other_weights_have_none(tmp_path):
    shutil.copytree(WEIGHTS / "reports", tmp_path / "reports")
    weights = tmp_path / "mlp.safetensors"
    shutil.copy(WEIGHTS / "mlp.safetensors", weights)
    assert shipped_report(weights) is not None
    weights.write_bytes(weights.read_bytes() + b" ")
    assert shipped_report(weights) is None and shipped_curves(weights) is None
    assert shipped_report(tmp_path / "own.safetensors") is None
