"""Devices that are there and cannot be used, as their errors say it; and one that threads may not share."""

import contextlib
import threading

import pytest
import torch

from digits import device
from digits.device import alone_on, beside_training, select_device
from digits.errors import DigitsError

NO_KERNEL = "CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors might be ..."


@pytest.fixture
def old_gpu(monkeypatch):
    """A GPU that torch names and cannot compute on."""

    def fail(self, *_):
        raise RuntimeError(NO_KERNEL)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.nn.Conv2d, "to", fail)
    monkeypatch.setattr(device, "_troubles", {})
    device._say_once.cache_clear()
    yield
    device._say_once.cache_clear()


def test_a_gpu_that_cannot_be_used_is_left_aside_in_one_sentence(old_gpu, caplog):
    assert select_device("auto").type == "cpu"
    assert select_device("auto").type == "cpu"
    assert caplog.messages == [
        f"This PyTorch cannot use '{name}' (CUDA error: no kernel image is available for execution on the device)."
        for name in ("cuda", "cuda:0")
    ]


def test_who_asks_for_it_by_name_is_told(old_gpu):
    with pytest.raises(DigitsError, match="cannot use 'cuda'.*no kernel image.*say cpu"):
        select_device("cuda")


def test_a_device_is_probed_once(old_gpu, monkeypatch):
    select_device("auto")
    monkeypatch.setattr(torch.nn.Conv2d, "to", lambda self, *_: pytest.fail("probed again"))
    assert device._probe("cuda")


def test_a_gpu_whose_memory_others_had_is_used_once_they_are_gone(old_gpu, monkeypatch):
    def fail(self, *_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.")

    monkeypatch.setattr(torch.nn.Conv2d, "to", fail)
    assert select_device("auto").type == "cpu"
    with pytest.raises(DigitsError, match="cannot use 'cuda' .*out of memory"):
        select_device("cuda")
    monkeypatch.setattr(torch.nn.Conv2d, "to", lambda self, *_: self)  # as if it were there
    zeros = torch.zeros
    monkeypatch.setattr(torch, "ones", lambda *shape, device: zeros(shape))
    assert select_device("auto") == torch.device("cuda")


def test_bfloat16_is_asked_of_the_device_itself(monkeypatch):
    """As torch does, for the present device alone; here the second GPU is the one that has it."""
    present = [0]

    @contextlib.contextmanager
    def choose(chosen):
        present.append(chosen.index or 0)
        yield
        present.pop()

    monkeypatch.setattr(torch.cuda, "device", choose)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: present[-1] == 1)
    assert [device.computes_in_bfloat16(torch.device(name)) for name in ("cuda:0", "cuda:1")] == [False, True]


def test_a_device_that_works_is_used(monkeypatch):
    monkeypatch.setattr(device, "_troubles", {})
    assert device._probe("cpu") == ""


def test_mps_is_the_trainings_alone(monkeypatch):
    mps = torch.device("mps")
    monkeypatch.setattr(device, "select_device", lambda name: torch.device(name))
    assert beside_training("mps") == "cpu"
    assert beside_training("cpu") == "cpu"
    taken, leave = threading.Event(), threading.Event()

    def train() -> None:
        with alone_on(mps) as alone:
            assert alone
            taken.set()
            leave.wait(20)

    thread = threading.Thread(target=train)
    thread.start()
    assert taken.wait(20)
    with alone_on(mps, wait=False) as alone:
        assert not alone
    with alone_on(torch.device("cpu"), wait=False) as alone:
        assert alone
    leave.set()
    thread.join()
    with alone_on(mps, wait=False) as alone:
        assert alone
