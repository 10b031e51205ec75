"""Labelled examples of any origin: DataSet, and what is checked of every one.

Two kinds of data come out of this room: `ink`, which is already in MNIST's geometry and goes straight to a network, and
`drawings` (strokes or pictures), which `digits.ink` has to normalise first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from digits.errors import DigitsError

LARGEST_SET = 200_000  # examples in one file of a visitor's


@dataclass(frozen=True)
class DataSet:
    """Labelled examples for an evaluation. Exactly one of `ink` and `drawings` is given.

    A drawing is strokes, a picture as an array, or a picture file that nobody has opened yet: a Path or a BytesIO.
    """

    name: str
    labels: Tensor  # int64 (N,)
    ink: Tensor | None = None  # uint8 (N, 28, 28), in MNIST's geometry
    drawings: Sequence[Any] | None = None  # N drawings
    sets: list[str] | None = None  # where each drawing came from
    writers: list[str] | None = None  # whose hand each drawing is, "" where nobody knows; only with strokes
    files: Sequence[str] | None = None  # each drawing's name, where each is a picture file: some may be damaged
    unread: Sequence[str] = ()  # names of files beside the examples that are none


def describe_unread(names: Sequence[str]) -> str:
    """One sentence on the files that were left out, the first ten by name."""
    first = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    files = "1 file was" if len(names) == 1 else f"{len(names):,} files were"
    return f"{files} not read, having no label or being no picture that Digits opens: {first}"


class LazyDrawings(Sequence[Any]):
    """Drawings that are opened when they are asked for, so that all of them need not fit into memory at once."""

    def __init__(self, sources: list[Any], opener: Callable[..., Any]) -> None:
        self.sources, self.opener = sources, opener

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, i: Any) -> Any:
        return self.opener(self.sources[i])


def check_labels(values: list[Any], source: str) -> Tensor:
    """Labels 0 to 9 -> int64 (N,). Raises DigitsError for the first that is not one."""
    for number, value in enumerate(values, start=1):
        if type(value) is not int or not 0 <= value <= 9:
            raise DigitsError(f"Example {number} of {source} has the label {value!r:.50}; wanted 0 to 9.")
    return torch.tensor(values, dtype=torch.int64)


def limit_count(count: int, source: str) -> None:
    if count == 0:
        raise DigitsError(f"{source} has no examples; wanted at least one labelled drawing.")
    if count > LARGEST_SET:
        raise DigitsError(f"{source} has more than {LARGEST_SET:,} examples; split it.")
