"""Drawings that wait at the same time are read in one batch, and nobody gets anybody else's answer."""

import asyncio

import numpy as np
import pytest
import torch

from digits.bench.app import run_apart
from digits.data.mnist import load_mnist
from digits.ink.geometry import to_ink
from digits.reading.inside import look_inside
from digits.reading.recognizer import WEIGHTS, Recognizer
from digits.ui.batches import LARGEST, Batches

INKS = to_ink(load_mnist().test_images[:40])


@pytest.fixture
def batches():
    return Batches()


@pytest.fixture
def cnn():
    """A recognizer, and the sizes of the batches that went through it."""
    recognizer, sizes = Recognizer.load(WEIGHTS / "cnn.safetensors"), []
    recognizer.model.layers[0].register_forward_hook(lambda layer, inputs, output: sizes.append(len(output)))
    return recognizer, sizes


def gather(*coroutines, **options):
    async def run():
        return await asyncio.gather(*coroutines, **options)

    return run_apart(run())


def test_a_batch_is_read_at_once_and_each_gets_the_reading_of_their_own_drawing(batches, cnn):
    recognizer, sizes = cnn
    answers = gather(*(batches.read(recognizer, ink) for ink in INKS[:10]))
    assert sizes == [10]
    for (reading, inside), alone in zip(answers, recognizer.read_ink(INKS[:10]), strict=True):
        assert reading.digit == alone.digit
        assert np.allclose(reading.probabilities, alone.probabilities, atol=1e-5)
        assert np.array_equal(reading.ink, alone.ink)
        assert inside is None


def test_one_drawing_waits_for_nobody(batches, cnn):
    recognizer, sizes = cnn
    [[reading, _]] = gather(batches.read(recognizer, INKS[0]))
    assert reading.digit == 7
    assert sizes == [1]


def test_a_crowd_is_read_in_batches_of_bounded_size_first_come_first(batches, cnn):
    recognizer, sizes = cnn
    answers = gather(*(batches.read(recognizer, ink) for ink in INKS))
    assert sizes == [LARGEST, LARGEST, 40 - 2 * LARGEST]
    assert [reading.best for reading, _ in answers] == [reading.best for reading in recognizer.read_ink(INKS)]


def test_networks_take_turns(batches, cnn):
    recognizer, sizes = cnn
    mlp, order = Recognizer.load(WEIGHTS / "mlp.safetensors"), []

    async def read(network, ink):
        await batches.read(network, ink)
        order.append(network)

    gather(*(read(recognizer, ink) for ink in INKS), read(mlp, INKS[0]))
    assert order.index(mlp) == LARGEST  # after the first batch of the network that was asked first
    assert len(order) == 41


def test_the_inside_comes_to_those_who_ask_for_it_from_the_same_pass(batches, cnn):
    recognizer, sizes = cnn
    (_, without), (reading, inside) = gather(
        batches.read(recognizer, INKS[0]), batches.read(recognizer, INKS[1], inside=True)
    )
    assert sizes == [2]
    assert without is None
    [alone] = look_inside(recognizer.model, INKS[1:2])
    assert torch.allclose(inside.logits, alone.logits, atol=1e-4)
    assert reading.best == inside.logits.argmax()
    for stage, wanted in zip(inside.stages, alone.stages, strict=True):
        assert (stage.layer, stage.count) == (wanted.layer, wanted.count)
        assert np.allclose(np.sort(stage.values.max(axis=(1, 2))), np.sort(wanted.values.max(axis=(1, 2))), atol=1e-4)


def test_a_network_that_fails_fails_for_all_who_asked_it_and_for_nobody_after(batches, cnn, monkeypatch):
    recognizer, _ = cnn
    with monkeypatch.context() as patch:
        patch.setattr(recognizer, "read_ink", lambda inks: 1 / 0)
        failures = gather(*(batches.read(recognizer, ink) for ink in INKS[:3]), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ZeroDivisionError] * 3
    [[reading, _]] = gather(batches.read(recognizer, INKS[0]))
    assert reading.digit == 7


def test_who_leaves_while_waiting_takes_nobody_along(batches, cnn):
    recognizer, sizes = cnn

    async def run():
        leaving, staying = (asyncio.ensure_future(batches.read(recognizer, ink)) for ink in INKS[:2])
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    reading, _ = run_apart(run())
    assert reading.digit == 2
    assert sizes == [1]
