"""Measurements, by `python -m digits bench`: the page (pad; soak, for long; class, for thirty pupils), training
(train), reading (read), Teach it (teach), several trainings at once (jobs).
"""

import os
import platform
from typing import Any

import numpy as np
import torch

from digits.device import computes_in_bfloat16
from digits.errors import DigitsError


def machine() -> dict[str, Any]:
    """What a reader needs to judge figures by."""
    graphics = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "processor": torch.cpu.get_capabilities().get("cpu_name") or platform.processor() or platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "bfloat16": computes_in_bfloat16(torch.device("cpu")),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    } | ({"graphics": graphics} if graphics else {})


def distribution(values: list[float]) -> dict[str, Any]:
    """Count, 5 % quantile, median, 95 % quantile and largest."""
    if not values:
        return {"n": 0}
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {
        "n": len(values),
        "p5": round(float(low), 1),
        "median": round(float(median), 1),
        "p95": round(float(high), 1),
        "max": round(float(max(values)), 1),
    }


def check_seeds(seeds: int) -> None:
    """Raises DigitsError where there is nothing to repeat."""
    if seeds < 1:
        raise DigitsError(f"{seeds} seeds cannot be trained; wanted at least 1.")
