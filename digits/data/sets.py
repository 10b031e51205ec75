"""Data sets by name or path: load_data(), and load_outliers() for drawings that are not digits."""

import os
from pathlib import Path

from digits.data.data_set import DataSet
from digits.data.mnist import load_mnist
from digits.data.others import DOWNLOADABLE, download
from digits.data.readers import read_arrays, read_folder, read_strokes_file, read_zip
from digits.errors import DigitsError

DATA_SETS = {
    "mnist-test": "MNIST test (10,000)",
    "mnist-validation": "MNIST validation (5,000)",
    **DOWNLOADABLE,
}


def load_data(name: str | Path) -> DataSet:
    """A data set by its name in DATA_SETS, or from a path -> DataSet.

    Paths: `.jsonl` or `.jsonl.gz` with one {"label", "strokes"} a line (and "set", if there are several); `.npz` with
    `images` (N, H, W) and `labels` (N,); a folder of pictures in torchvision's ImageFolder layout (`7/photo.png`), or
    a `.zip` of one. Raises DigitsError for anything else.
    """
    name = str(name)
    if name in ("mnist-test", "mnist-validation"):
        mnist = load_mnist()
        images, labels = (mnist.test_images, mnist.test_labels) if name == "mnist-test" else mnist.validation
        return DataSet(name, labels, ink=images)
    if name in DOWNLOADABLE:
        return download(name)
    path = Path(name)
    if os.path.isdir(path):  # unlike Path.is_dir, also says no to a name that is too long or not ours to look up
        return read_folder(path)
    if not os.path.isfile(path):
        raise DigitsError(
            f"There is no data set or file called {name[:200]!r}; give a path, or one of {', '.join(DATA_SETS)}."
        )
    readers = {".jsonl": read_strokes_file, ".jsonl.gz": read_strokes_file, ".npz": read_arrays, ".zip": read_zip}
    for ending, reader in readers.items():
        if path.name.lower().endswith(ending):
            return reader(path)
    raise DigitsError(f"{path.name} is no data set that Digits reads; wanted {', '.join(readers)} or a folder.")


def load_outliers(path: str | Path) -> DataSet:
    """Drawings that are no digits, `.jsonl` or `.jsonl.gz` with one {"strokes"} a line -> DataSet, its labels all -1.

    Raises DigitsError for anything else.
    """
    path = Path(path)
    if not os.path.isfile(path) or not path.name.lower().endswith((".jsonl", ".jsonl.gz")):
        raise DigitsError(f"{str(path)[:200]!r} is no file of drawings; wanted a .jsonl or .jsonl.gz with strokes.")
    return read_strokes_file(path, labelled=False)
