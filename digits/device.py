"""Where to compute: the device by its name, what it is good at, and who comes first on it."""

import contextlib
import functools
import logging
import os
import sys
import threading
from collections.abc import Iterator

import torch

from digits.errors import DigitsError

log = logging.getLogger(__name__)

# Of the training thread and of those it starts: readings come first. For 20 people who draw beside a training, answers
# took 8 ms (median) instead of 20 (LOG.md).
NICENESS = 10


class NoSuchDevice(DigitsError):
    """The device that was asked for is not here, or cannot be used."""


def select_device(name: str) -> torch.device:
    """`auto` (the best that works), `cpu`, `cuda`, `cuda:N` or `mps` -> device. Raises NoSuchDevice for others."""
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here[:0] = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name == "auto":
        return torch.device(next(device for device in here if device == "cpu" or _works(device)))
    if name not in here:
        raise NoSuchDevice(f"Device {name!r} is not available; this machine has {', '.join(here)} (or say auto).")
    if name != "cpu" and (trouble := _probe(name)):
        raise NoSuchDevice(f"This PyTorch cannot use {name!r} ({trouble}); say cpu, or auto.")
    return torch.device(name)


def beside_training(name: str) -> str:
    """The device for work beside a training, where that is on `name`: two threads at once crash MPS."""
    return "cpu" if select_device(name).type == "mps" else name


_mps = threading.Lock()


@contextlib.contextmanager
def alone_on(device: torch.device, wait: bool = True) -> Iterator[bool]:
    """Have MPS to oneself -> True, or False where another thread has it and `wait` says not to. Others are shared."""
    if device.type != "mps":
        yield True
        return
    alone = _mps.acquire(blocking=wait)
    try:
        yield alone
    finally:
        if alone:
            _mps.release()


def _works(name: str) -> bool:
    trouble = _probe(name)
    if trouble:
        _say_once(f"This PyTorch cannot use {name!r} ({trouble}).")
    return not trouble


@functools.cache
def _say_once(sentence: str) -> None:
    log.warning("%s", sentence)


_troubles: dict[str, str] = {}  # by the device's name


def _probe(name: str) -> str:
    """What a step of training on this device says, "" where it works: a GPU may be there that this PyTorch has no code
    for, or whose driver is too old, and only an operation tells. It is done once, unless memory was short: that passes.
    """
    if name in _troubles:
        return _troubles[name]
    trouble = ""
    try:
        layer = torch.nn.Conv2d(1, 2, 3).to(name)
        layer(torch.ones(1, 1, 8, 8, device=name)).sum().backward()
        assert layer.weight.grad is not None
        layer.weight.grad.sum().item()  # waits for the device
    except Exception as error:  # torch raises RuntimeError, AssertionError, NotImplementedError and others
        first = str(error).strip().splitlines() or [type(error).__name__]
        trouble = first[0].rstrip(".")
        if ran_out_of_memory(error):
            return trouble
    _troubles[name] = trouble
    return trouble


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it; without, it would be slower than float32."""
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    if device.type != "cuda":
        return False
    with torch.cuda.device(device):  # else torch answers for the first one
        return torch.cuda.is_bf16_supported(including_emulation=False)


def give_way() -> None:
    """Lower this thread's priority, so that readings come first; where the system refuses that, a line says so."""
    if sys.platform != "linux":  # elsewhere it would be the whole process's
        return
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
    except OSError as error:
        log.warning("Trainings run at the priority of readings: the system refused another (%s).", error.strerror)


def yield_to_readings() -> None:
    """Of this thread: one thread of torch's, and a low priority where threads have one of their own."""
    torch.set_num_threads(1)
    give_way()


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether Python or a device's allocator says so; the CPU's and MPS's are plain RuntimeErrors."""
    words = ("DefaultCPUAllocator", "out of memory", "not enough memory")
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    )
