"""Where to compute: the device by its name, what it is good at, and who comes first on it."""

import os
import sys
import threading

import torch

from digits.errors import DigitsError

# Of the training thread and of those it starts: readings come first. For 20 people who draw beside a training, answers
# took 8 ms (median) in place of 20 (LOG.md).
NICENESS = 10


def select_device(name: str) -> torch.device:
    """`auto` (the best there is), `cpu`, `cuda`, `cuda:N` or `mps` -> device. Raises DigitsError for others."""
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here[:0] = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name == "auto":
        return torch.device(here[0])
    if name not in here:
        raise DigitsError(f"Device {name!r} is not available; this machine has {', '.join(here)} (or say auto).")
    return torch.device(name)


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it; without, it would be slower than float32."""
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def give_way() -> None:
    """Lower this thread's priority, so that readings come first; where the system refuses that, a line says so."""
    if sys.platform != "linux":  # elsewhere it would be the whole process's
        return
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
    except OSError as error:
        print(f"Trainings run at the priority of readings: the system refused another ({error.strerror}).", flush=True)


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether Python, the GPU's allocator or the CPU's (a plain RuntimeError) says so."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, RuntimeError) and "not enough memory" in str(error)
    )
