"""The map of the test set: everybody's own digit on it, and however many maps are asked for, one is made at a time."""

import shutil
import threading
import time

import pytest
import torch

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.ink.geometry import to_ink
from digits.model.weights import load_weights
from digits.reading import atlas as module
from digits.reading.atlas import KEPT, WAITING, Atlases, vectors_of
from digits.reading.recognizer import WEIGHTS


@pytest.mark.parametrize("name", ["mlp", "cnn", "cnn-large"])
def test_what_enters_the_last_layer_makes_the_logits(name):
    network, _ = load_weights(WEIGHTS / f"{name}.safetensors")
    ink = to_ink(load_mnist().test_images[:5])
    last = list(network.modules())[-1]
    with torch.inference_mode():
        assert torch.allclose(last(vectors_of(network, ink, "hidden")), network(ink), atol=1e-4)


def test_two_threads_that_ask_at_once_get_their_own_digit():
    network, _ = load_weights(WEIGHTS / "cnn-large.safetensors")
    inks = to_ink(load_mnist().test_images[:2])
    wanted = [vectors_of(network, ink[None], "hidden") for ink in inks]
    wrong = []

    def ask(which: int) -> None:
        for _ in range(40):
            if not torch.allclose(vectors_of(network, inks[which][None], "hidden"), wanted[which], atol=1e-3):
                wrong.append(which)

    threads = [threading.Thread(target=ask, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_share_of_the_work_that_is_done_grows_from_the_first_digits_on(monkeypatch):
    monkeypatch.setattr(module, "ANCHORS", 100)
    atlases, path, shares = Atlases(), WEIGHTS / "mlp.safetensors", [0.0]
    end = time.monotonic() + 60
    while atlases.look(path, "hidden") is None:
        assert time.monotonic() < end
        shares.append(atlases.share(path, "hidden"))
        time.sleep(0.005)
    shares = [share for share in shares if share]  # it is gone once the map is there
    assert shares == sorted(shares) and len(set(shares)) > 3
    assert shares[0] < 0.8 < shares[-1] <= 1


@pytest.fixture
def slow_maps(monkeypatch):
    """t-SNE takes a moment and no processor -> how many work at once, each time one begins."""
    working, at_once = [], []

    def make_map(vectors, note):
        working.append(1)
        at_once.append(len(working))
        time.sleep(0.02)
        working.pop()
        return vectors[:, :2]

    monkeypatch.setattr(module, "make_map", make_map)
    monkeypatch.setattr(module, "_pass", lambda network, inks, view: (torch.zeros(len(inks), 10), inks[:, 0, 0]))
    return at_once


def test_maps_are_made_one_at_a_time_and_all_arrive(slow_maps, tmp_path):
    atlases = Atlases()
    paths = [tmp_path / f"{number}.safetensors" for number in range(WAITING)]
    for path in paths:
        shutil.copy(WEIGHTS / "mlp.safetensors", path)
    waiting, end = set(paths), time.monotonic() + 60
    while waiting:
        assert time.monotonic() < end
        waiting -= {path for path in waiting if atlases.look(path, "hidden")}
        time.sleep(0.01)
    assert slow_maps == [1] * WAITING
    atlases.look(WEIGHTS / "mlp.safetensors", "hidden")
    assert sum(atlases.get(path, "hidden") is not None for path in paths) < KEPT


def test_more_than_can_be_made_in_a_while_are_refused(slow_maps, tmp_path, monkeypatch):
    atlases = Atlases()
    held = threading.Event()

    def wait(path):
        held.wait()
        return load_weights(WEIGHTS / "mlp.safetensors")

    monkeypatch.setattr(module, "load_weights", wait)
    for number in range(WAITING):
        assert atlases.look(tmp_path / str(number), "hidden") is None
    with pytest.raises(DigitsError, match="try again in a minute"):
        atlases.look(tmp_path / "one more", "hidden")
    held.set()


def test_a_map_that_fails_says_so_once_and_is_tried_again(tmp_path):
    atlases, path = Atlases(), tmp_path / "gone.safetensors"
    for _ in range(2):
        with pytest.raises(DigitsError, match=r"gone\.safetensors"):
            end = time.monotonic() + 60
            while time.monotonic() < end:
                atlases.look(path, "hidden")
                time.sleep(0.01)
    assert atlases.get(path, "hidden") is None
