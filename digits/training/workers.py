"""Several processes that train one network together; torchrun starts them: torchrun --nproc-per-node=2 -m digits train

Each process has all the data and the whole network, and takes its slice of every batch; DistributedDataParallel adds
up the gradients, so that a step is the one that a single process would make. Batch norm is DistributedDataParallel's
plain one: a process normalises by its own slice, and the running statistics are the first process's, which it sends to
the others before every step. The first process alone measures, reports and writes.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from digits.device import select_device
from digits.errors import DigitsError


class WorkerLost(DigitsError):
    """Another process of this training ended, and with it the training."""


@dataclass(frozen=True)
class Workers:
    """This process, the `rank`-th (from 0) of `count`."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that measures, reports and writes."""
        return self.rank == 0

    def share(self, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """A batch's indices (B,) -> (those that are this process's, what the mean loss over them counts for).

        The second is a scalar, or None for 1. Gradients are averaged over the processes, so that a smaller slice must
        count for less; spare processes repeat the batch's first image with weight 0.
        """
        share = batch.tensor_split(self.count)[self.rank] if self.count > 1 else batch
        if len(share) * self.count == len(batch):
            return share, None
        weight = torch.tensor(len(share) * self.count / len(batch), device=batch.device)
        return (share if len(share) else batch[:1]), weight

    def connect(self, model: nn.Module) -> nn.Module:
        """The network -> what to call in training, so that its gradients are those of all processes."""
        return DistributedDataParallel(model) if self.count > 1 else model


def present_workers() -> Workers:
    """This process alone, unless it is within `joined`."""
    if distributed.is_available() and distributed.is_initialized():
        return Workers(distributed.get_rank(), distributed.get_world_size())
    return Workers()


def is_first() -> bool:
    """Whether this process is the one that prints."""
    return not _launched() or os.environ.get("RANK", "0") == "0"


def take_own_gpu(device: str) -> None:
    """Each process that torchrun started has a GPU of its own, from the first look at one on."""
    place = int(os.environ.get("LOCAL_RANK", "0"))
    if _launched() and device != "cpu" and place < torch.cuda.device_count():
        torch.cuda.set_device(place)


@contextlib.contextmanager
def joined(device: str, out: str | Path) -> Iterator[str]:
    """Join the processes that torchrun started, if it started more than one -> the name of this process's device.

    Raises DigitsError where they cannot be joined, and WorkerLost when one of them ends before the training does.
    """
    if not _launched():
        yield device
        return
    name = select_device(device).type
    if name == "cuda":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        if int(os.environ.get("LOCAL_WORLD_SIZE", "1")) > torch.cuda.device_count():
            raise DigitsError(
                f"Each process needs a GPU of its own and this machine has {torch.cuda.device_count()}; "
                f"say --nproc-per-node={torch.cuda.device_count()}, or train with --device cpu."
            )
        torch.cuda.set_device(name)
    elif name != "cpu":
        raise DigitsError(f"Several processes cannot train together on {name}; train with --device cpu.")

    def end(*_: object) -> None:
        """torchrun ends the others when one is lost; without this they would go without a word."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise WorkerLost(_lost(out))

    before = signal.signal(signal.SIGTERM, end)
    begins = not distributed.is_initialized()
    try:
        if begins:
            distributed.init_process_group("nccl" if name.startswith("cuda") else "gloo")
        yield name
    except ValueError as error:
        if distributed.is_initialized():
            raise
        message = f"WORLD_SIZE is set, but not all else that torchrun sets ({error}); start it with torchrun."
        raise DigitsError(message) from None
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # there is a sentence to print yet
        raise WorkerLost(_lost(out)) from error
    # After an error the group is left as it is: the process ends, and leaving could wait for those that are gone.
    if begins:
        distributed.destroy_process_group()
    signal.signal(signal.SIGTERM, before)


def _launched() -> bool:
    return os.environ.get("WORLD_SIZE", "1") not in ("", "1")


def _lost(out: str | Path) -> str:
    if not is_first():
        return f"Worker {os.environ['RANK']} ended because another one did."
    return (
        "A worker was lost, and the training ended with it; continue from the last checkpoint with the same command "
        f"and --resume {out} instead of its other settings."
    )
