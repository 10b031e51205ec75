"""How many threads compute, and how they wait: settled before torch is imported, since its OpenMP reads it once."""

import math
import os
import re
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def missing_settings() -> dict[str, str]:
    """What the environment should say of threads and does not.

    Threads that wait for each other sleep after some microseconds: by default they spin for milliseconds, and whoever
    else wants a core (a browser is enough) then makes a training many times slower; not to spin at all makes it 1.2
    times slower on a quiet machine (LOG.md). Where a container may use less than the machine has, there are no more
    threads than that: torch counts the machine's cores.
    """
    settings = {
        "OMP_WAIT_POLICY": "passive",  # by the standard; torch's OpenMP on Linux and Windows
        "KMP_BLOCKTIME": "0",  # the same to LLVM's and Intel's, on a Mac
    }
    if "OMP_WAIT_POLICY" not in os.environ:  # which this would overrule
        settings["GOMP_SPINCOUNT"] = "1000"  # about 10 microseconds; GNU's, on Linux
    cores = count_cores()
    if cores < (os.cpu_count() or 1):
        settings["OMP_NUM_THREADS"] = str(cores)
    return {name: value for name, value in settings.items() if name not in os.environ}


def count_cores() -> int:
    """Processor cores that this process may use, at least 1: of the machine, its affinity and the container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = read_quota()
    return max(1, cores if quota >= cores else math.ceil(quota))


def read_quota() -> float:
    """The cores' worth of time that Linux's control groups give this process, of either version; infinity for any."""
    quotas = [math.inf]
    for folder in _groups():
        quotas.append(_share(folder / "cpu.max", folder / "cpu.max"))
        quotas.append(_share(folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"))
    return min(quotas)


def _groups() -> list[Path]:
    """This process's control groups and all above them; inside a container the topmost is often all that is seen."""
    folders = {GROUPS, GROUPS / "cpu", GROUPS / "cpu,cpuacct"}
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:  # 0::/path, or 1:cpu,cpuacct:/path
        _, controllers, path = line.split(":", 2)
        if not controllers or "cpu" in controllers.split(","):
            group = GROUPS / controllers / path.lstrip("/")
            folders |= {folder for folder in (group, *group.parents) if folder.is_relative_to(GROUPS)}
    return sorted(folders)


def _share(quota_file: Path, period_file: Path) -> float:
    """Microseconds of a period, as "200000 100000" in one file or in a file each; "max" and -1 are no limit."""
    try:
        texts = [quota_file.read_text(encoding="utf-8"), period_file.read_text(encoding="utf-8")]
    except OSError:
        return math.inf
    numbers = re.findall(r"-?\d+|max", " ".join(texts))
    if len(numbers) < 2 or numbers[0] == "max" or int(numbers[0]) <= 0 or int(numbers[1]) <= 0:
        return math.inf
    return int(numbers[0]) / int(numbers[1])
