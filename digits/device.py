"""Where to compute: the device by its name, and what it is good at."""

import torch

from digits.errors import DigitsError


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
