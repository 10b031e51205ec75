"""Readings: the shipped network on a few drawings, the same answer by every way in, and blank paper."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.model.networks import create_model
from digits.reading.recognizer import DEFAULT_WEIGHTS, REFUSAL_THRESHOLDS, WEIGHTS, Recognizer

DRAWINGS = {
    0: [[(50, 10), (25, 25), (15, 55), (25, 85), (50, 95), (75, 85), (85, 55), (75, 25), (50, 10)]],
    1: [[(50, 5), (48, 95)]],
    2: [[(15, 30), (25, 12), (50, 8), (72, 22), (68, 45), (40, 70), (12, 95), (85, 93)]],
    3: [[(18, 15), (45, 6), (70, 20), (62, 40), (38, 48), (68, 58), (75, 80), (50, 96), (15, 86)]],
    4: [[(35, 8), (15, 55), (80, 52)], [(65, 12), (60, 98)]],
    7: [[(12, 12), (80, 10), (55, 50), (38, 96)]],
}


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def photograph(strokes) -> Image.Image:
    picture = Image.new("RGB", (200, 240), (240, 238, 230))
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        draw.line([(40 + x, 60 + y) for x, y in stroke], fill=(30, 30, 90), width=9, joint="curve")
    return picture


@pytest.mark.parametrize(("digit", "strokes"), DRAWINGS.items(), ids=map(str, DRAWINGS))
def test_the_shipped_network_reads_strokes_and_pictures(recognizer, digit, strokes):
    for reading in (recognizer.read_strokes(strokes), recognizer.read_image(photograph(strokes))):
        assert reading.digit == digit
        assert reading.best == digit
        assert not reading.blank


def test_a_reading_keeps_its_promises(recognizer):
    reading = recognizer.read_strokes(DRAWINGS[3])
    assert reading.probabilities.shape == (10,)
    assert reading.probabilities.dtype == np.float32
    assert reading.probabilities.sum() == pytest.approx(1, abs=1e-6)
    assert 0.9 < reading.digit_score <= 1
    assert reading.ink.shape == (28, 28)
    assert reading.ink.dtype == np.float32
    assert (reading.ink.min(), reading.ink.max()) == (0, 1)


def test_probabilities_are_the_softmax_of_the_logits():
    network = create_model("mlp", seed=1)
    ink = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        exponentials = network(ink).double().exp()
    wanted = exponentials / exponentials.sum(1, keepdim=True)
    probabilities, _ = Recognizer(network).scores(ink)
    torch.testing.assert_close(torch.from_numpy(probabilities).double(), wanted, atol=1e-6, rtol=0)


def test_many_readings_are_those_one_by_one(recognizer):
    picture = photograph(DRAWINGS[7])
    drawings = [DRAWINGS[2], picture, np.asarray(picture), [], DRAWINGS[4]]
    together = recognizer.read_many(iter(drawings))
    assert [reading.digit for reading in together] == [2, 7, 7, None, 4]
    for drawing, reading in zip(drawings, together, strict=True):
        alone = recognizer.read_strokes(drawing) if isinstance(drawing, list) else recognizer.read_image(drawing)
        assert np.allclose(reading.probabilities, alone.probabilities, atol=1e-5)
        assert np.array_equal(reading.ink, alone.ink)


def test_more_drawings_than_a_batch_keep_their_order(recognizer):
    readings = recognizer.read_many([DRAWINGS[1], DRAWINGS[0]] * 300)
    assert [reading.digit for reading in readings] == [1, 0] * 300
    assert recognizer.read_many([]) == []


@pytest.mark.parametrize("strokes", [[], [[]], [[(5, 5)]], [[(5, 5), (5, 5)]]])
def test_a_blank_pad_and_a_dot_are_no_digit(recognizer, strokes):
    reading = recognizer.read_strokes(strokes)
    assert reading.blank
    assert reading.digit is None
    assert reading.best is None
    assert reading.digit_score == 0
    assert not reading.probabilities.any()


def test_blank_paper_is_no_digit(recognizer):
    assert recognizer.read_image(np.full((50, 50, 3), 230, np.uint8)).blank


def test_what_is_not_likely_enough_is_no_digit():
    network = create_model("mlp")
    for parameter in network.parameters():
        parameter.data.zero_()
    recognizer, threshold = Recognizer(network), REFUSAL_THRESHOLDS[False]
    for score, digit in ((threshold - 0.01, None), (threshold + 0.01, 6)):
        network.layers[3].bias.data[6] = float(np.log(9 * score / (1 - score)))
        reading = recognizer.read_strokes(DRAWINGS[1])
        assert reading.digit_score == pytest.approx(score, abs=1e-6)
        assert reading.digit == digit
        assert reading.best == 6


def test_a_network_that_knows_outliers_scores_by_its_logits():
    network = create_model("mlp")
    for parameter in network.parameters():
        parameter.data.zero_()
    network.knows_outliers.fill_(True)
    for bias, digit in ((-3.0, None), (3.0, 6)):
        network.layers[3].bias.data.fill_(bias)
        network.layers[3].bias.data[6] += 1
        reading = Recognizer(network).read_strokes(DRAWINGS[1])
        assert reading.digit == digit
        total = 9 * np.exp(bias) + np.exp(bias + 1)
        assert reading.digit_score == pytest.approx(total / (1 + total), abs=1e-6)
        assert reading.best == 6


def test_temperature_changes_probabilities_and_no_answer(recognizer):
    warmer = Recognizer(copy.deepcopy(recognizer.model))
    warmer.model.temperature.mul_(2)
    plain, warmed = recognizer.read_strokes(DRAWINGS[4]), warmer.read_strokes(DRAWINGS[4])
    wanted = np.sqrt(plain.probabilities) / np.sqrt(plain.probabilities).sum()
    assert warmed.probabilities == pytest.approx(wanted, abs=1e-5)
    assert warmed.digit == plain.digit == 4


@pytest.mark.parametrize(
    "strokes", [None, "7", 7, [[(0, 0), (float("nan"), 1)]], [[(0, 0), (float("inf"), 1)]], [[(0, 0, 0)]], [["ab"]]]
)
def test_strokes_that_are_none_are_refused(recognizer, strokes):
    with pytest.raises(DigitsError):
        recognizer.read_strokes(strokes)


@pytest.mark.parametrize("image", [None, "a.png", np.zeros((3, 3)), np.zeros((20, 20, 7), np.uint8), [[1, 2]]])
def test_images_that_are_none_are_refused(recognizer, image):
    with pytest.raises(DigitsError):
        recognizer.read_image(image)


def test_an_unknown_device_is_refused():
    with pytest.raises(DigitsError, match="'tpu' is not available"):
        Recognizer.load(device="tpu")


def test_loading_takes_a_path_and_keeps_the_card():
    assert Recognizer.load(str(WEIGHTS / "mlp.safetensors")).model.name == "mlp"
    assert Recognizer.load().card["network"] == "cnn-large"
    assert DEFAULT_WEIGHTS == WEIGHTS / "cnn-large.safetensors"


def test_threads_can_share_a_recognizer(recognizer):
    inks = load_mnist().test_images[:64].unsqueeze(1) / 255
    wanted, _ = recognizer.scores(inks)
    with ThreadPoolExecutor(4) as pool:
        for probabilities, _ in pool.map(recognizer.scores, [inks] * 12):
            np.testing.assert_allclose(probabilities, wanted, rtol=1e-5, atol=1e-6)
    assert not recognizer.model.training
