"""Teaching the shipped networks drawings that contradict what they know, with a part of MNIST between them."""

import dataclasses

import pytest
import torch
from drawings import DIGITS

from digits import DigitsError, Recognizer
from digits.ink.strokes import from_strokes
from digits.model.weights import load_weights
from digits.reading.recognizer import WEIGHTS
from digits.training.calibration import measure
from digits.training.teaching import MOST_DRAWINGS, STEPS, TeachConfig, teach

CNN, MLP = WEIGHTS / "cnn.safetensors", WEIGHTS / "mlp.safetensors"


def lesson(weights, **changes) -> TeachConfig:
    """Three drawings, two of them labelled as nobody would."""
    inks = torch.cat([from_strokes(DIGITS[digit]) for digit in (0, 4, 7)])
    labels = torch.tensor([0, 8, 1])
    config = TeachConfig(weights, weights.stem, (inks * 255).round().to(torch.uint8), labels, device="cpu")
    return dataclasses.replace(config, **changes)


def test_the_drawings_are_learned_mnist_is_not_forgotten_and_the_old_network_stays(small_mnist, tmp_path):
    before = CNN.read_bytes()
    old, old_card = load_weights(CNN)
    updates = list(teach(lesson(CNN, out=tmp_path), small_mnist))
    first, last = updates[0], updates[-1]
    assert first.step == 0
    assert first.after is None
    assert last.step == last.steps == STEPS
    assert [update.done for update in updates] == [False] * (len(updates) - 1) + [True]
    assert last.before.drawings < 1
    assert last.after.drawings == 1
    assert last.after.test > last.before.test - 0.02
    assert CNN.read_bytes() == before

    taught, card = load_weights(tmp_path / "weights.safetensors")
    assert measure(taught, small_mnist.test_images, small_mnist.test_labels)[1] == last.after.test
    assert card["figures"]["test_accuracy"] == last.after.test
    assert card["drawings_by_digit"] == [1, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    assert card["copied_from"]["command"] == old_card["command"]
    assert Recognizer.load(tmp_path / "weights.safetensors").read_strokes(DIGITS[4]).best == 8
    assert Recognizer.load(CNN).read_strokes(DIGITS[4]).best == 4

    images = small_mnist.test_images.unsqueeze(1).float() / 255
    with torch.no_grad():
        energy, old_energy = taught(images).logsumexp(1), old(images).logsumexp(1)
    assert (energy - old_energy).mean().abs() < 0.2 * old_energy.std()  # the logits keep their scale


def test_the_same_seed_teaches_the_same_and_another_does_not(small_mnist):
    def weights(seed: int) -> torch.Tensor:
        *_, last = teach(lesson(MLP, seed=seed), small_mnist)
        return torch.cat([parameter.detach().flatten() for parameter in last.model.parameters()])

    first = weights(0)
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))


def test_a_teaching_that_is_stopped_leaves_nothing(small_mnist, tmp_path):
    updates = teach(lesson(MLP, out=tmp_path), small_mnist)
    while next(updates).step == 0:
        pass
    updates.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": torch.tensor([], dtype=torch.int64)}, "0 drawings to teach"),
        ({"labels": torch.zeros(MOST_DRAWINGS + 1, dtype=torch.int64)}, "501 drawings"),
        ({"labels": torch.tensor([0, 1, 10])}, "label"),
        ({"labels": torch.tensor([0, 1])}, r"wanted uint8 \(2, 28, 28\)"),
        ({"inks": torch.zeros(3, 28, 28)}, "float32"),
        ({"inks": torch.zeros(3, 28, 28, dtype=torch.uint8)}, "Drawing 1 has no ink"),
        ({"model": "cnn"}, "holds 'mlp'"),
        ({"device": "abacus"}, "abacus"),
    ],
)
def test_what_cannot_be_taught_is_refused_before_any_work(changes, words):
    with pytest.raises(DigitsError, match=words):
        teach(lesson(MLP, **changes))
