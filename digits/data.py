"""Data sets as whole tensors: MNIST from the files beside this one, others through torchvision or from a path.

Two kinds of data come out of here: `ink`, which is already in MNIST's geometry and goes straight to a network, and
`drawings` (strokes or pictures), which `digits.ink` has to normalise first.
"""

import functools
import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from digits.errors import DigitsError
from digits.model import select_device, write_atomically

SHIPPED = Path(__file__).parent / "mnist"
VALIDATION_IMAGES = 5_000  # the last of the 60,000 training images: held out for every choice

DOWNLOADABLE = {
    "qmnist-test": "QMNIST test (60,000)",
    "emnist-digits-test": "EMNIST digits test (40,000)",
    "usps-test": "USPS test (2,007)",
}
DATA_SETS = {
    "mnist-test": "MNIST test (10,000)",
    "mnist-validation": "MNIST validation (5,000)",
    **DOWNLOADABLE,
}
LARGEST_SET = 200_000  # examples in one file of a visitor's
LARGEST_UNPACKED = 200_000_000  # bytes
LONGEST_LINE = 2_000_000  # bytes of one drawing; a drawing has at most 20,000 points
DOWNLOAD_PATIENCE = 20  # seconds without a byte

_loading = threading.RLock()  # one thread unpacks MNIST, the others take what it loaded
_downloading = threading.Lock()


@dataclass(frozen=True)
class Mnist:
    """MNIST on one device. Images are uint8 (N, 28, 28), paper 0, ink 255; labels int64 (N,)."""

    images: Tensor  # (60000, 28, 28)
    labels: Tensor  # (60000,)
    test_images: Tensor  # (10000, 28, 28)
    test_labels: Tensor  # (10000,)
    held_out: int = VALIDATION_IMAGES

    @property
    def training(self) -> tuple[Tensor, Tensor]:
        """The 55,000 images and labels that networks learn from."""
        return self.images[: -self.held_out], self.labels[: -self.held_out]

    @property
    def validation(self) -> tuple[Tensor, Tensor]:
        """The 5,000 images and labels that every choice is made on."""
        return self.images[-self.held_out :], self.labels[-self.held_out :]

    def to(self, device: str | torch.device) -> "Mnist":
        tensors = (self.images, self.labels, self.test_images, self.test_labels)
        return Mnist(*(tensor.to(device) for tensor in tensors), self.held_out)


@dataclass(frozen=True)
class DataSet:
    """Labelled examples for an evaluation. Exactly one of `ink` and `drawings` is given.

    A drawing is strokes, a picture as an array, or a picture file that nobody has opened yet: a Path or a BytesIO.
    """

    name: str
    labels: Tensor  # int64 (N,)
    ink: Tensor | None = None  # uint8 (N, 28, 28), in MNIST's geometry
    drawings: Sequence | None = None  # N drawings
    sets: list[str] | None = None  # where each drawing came from
    writers: list[str] | None = None  # whose hand each drawing is, "" where nobody knows; only with strokes


def cache_folder() -> Path:
    """Where unpacked and downloaded data sets are kept: $DIGITS_CACHE, or digits/ in the user's cache folder."""
    folder = os.environ.get("DIGITS_CACHE")
    path = Path(folder or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "digits"))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigitsError(
            f"The cache folder {path} cannot be made ({error.strerror}); set DIGITS_CACHE to another."
        ) from None
    return path


def mnist_checksums() -> dict[str, str]:
    """File name -> SHA-256 of its unpacked bytes, as shipped."""
    path = SHIPPED / "SHA256SUMS"
    try:
        return {name: digest for digest, name in (line.split() for line in path.read_text().splitlines())}
    except (OSError, ValueError) as error:
        raise DigitsError(f"{path} cannot be read ({error}); restore it from the repository.") from None


def unpack_mnist() -> Path:
    """The shipped files, verified and unpacked where torchvision looks for them -> torchvision's root folder."""
    root = cache_folder()
    folder = root / "MNIST" / "raw"
    for name, digest in mnist_checksums().items():
        path = folder / name
        packed = SHIPPED / f"{name}.gz"
        try:
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
                continue
        except OSError as error:
            raise DigitsError(f"{path} cannot be read ({error.strerror}); delete it or set DIGITS_CACHE.") from None
        try:
            content = gzip.decompress(packed.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DigitsError(f"{packed} cannot be unpacked ({error}); restore it from the repository.") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise DigitsError(f"{packed} is not the file that Digits ships (SHA-256 differs); restore it.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
        except OSError as error:
            raise DigitsError(
                f"{folder} cannot be written ({error.strerror}); set DIGITS_CACHE to a folder that can be."
            ) from None
    return root


def load_mnist(device: str | torch.device = "cpu") -> Mnist:
    """The whole of MNIST on `device` (see `select_device`), kept for the next caller: 55 MB. No download.

    Raises DigitsError if the shipped files are damaged, the cache folder cannot be written or the device is not here.
    """
    with _loading:
        return _load_mnist(str(select_device(str(device))))


@functools.cache
def _load_mnist(device: str) -> Mnist:
    if device != "cpu":
        return load_mnist().to(device)
    from torchvision.datasets import MNIST  # 1.8 s to import: only where it is used

    root = unpack_mnist()
    train, test = MNIST(root, train=True), MNIST(root, train=False)
    return Mnist(train.data, train.targets, test.data, test.targets)


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
        return _download(name)
    path = Path(name)
    if os.path.isdir(path):  # unlike Path.is_dir, also says no to a name that is too long or not ours to look up
        return _read_folder(path)
    if not os.path.isfile(path):
        raise DigitsError(
            f"There is no data set or file called {name[:200]!r}; give a path, or one of {', '.join(DATA_SETS)}."
        )
    readers = {".jsonl": _read_strokes, ".jsonl.gz": _read_strokes, ".npz": _read_arrays, ".zip": _read_zip}
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
    return _read_strokes(path, labelled=False)


def _download(name: str) -> DataSet:
    """QMNIST, EMNIST digits or USPS through torchvision, downloaded on the first request."""
    root = cache_folder()
    place = root / {"qmnist-test": "QMNIST", "emnist-digits-test": "EMNIST", "usps-test": "usps.t.bz2"}[name]
    with _downloading:
        was_there, patience = place.exists(), socket.getdefaulttimeout()
        socket.setdefaulttimeout(DOWNLOAD_PATIENCE)  # torchvision sets none and would wait forever
        try:
            return _read_with_torchvision(name, root)
        except BaseException as error:  # no network, a wrong checksum, torchvision's readers on half a file, Ctrl-C
            if not was_there:  # torchvision would take half a file for the whole one from now on
                place.unlink(missing_ok=True) if place.is_file() else shutil.rmtree(place, ignore_errors=True)
            if not isinstance(error, Exception):
                raise
            raise DigitsError(
                f"{name} could be neither read from the cache nor downloaded through torchvision "
                f"({_first_line(error)}); connect this machine to the internet and try again, delete {place.name} "
                "if it is damaged, or choose mnist-test, which needs no download."
            ) from None
        finally:
            socket.setdefaulttimeout(patience)


def _read_with_torchvision(name: str, root: Path) -> DataSet:
    from torchvision import datasets

    if name == "qmnist-test":
        data = datasets.QMNIST(root, what="test", download=True)
        return DataSet(name, data.targets[:, 0], ink=data.data)
    if name == "emnist-digits-test":
        data = datasets.EMNIST(root, split="digits", train=False, download=True)
        # EMNIST's files hold each picture transposed (Cohen et al. 2017).
        return DataSet(name, data.targets, ink=data.data.transpose(1, 2).contiguous())
    data = datasets.USPS(root, train=False, download=True)
    # 16x16 and filling the frame: a picture like any other, for digits.ink to fit into MNIST's box.
    return DataSet(name, torch.tensor(data.targets), drawings=list(data.data))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _labels(values: list, source: str) -> Tensor:
    """Labels 0 to 9 -> int64 (N,). Raises DigitsError for the first that is not one."""
    for number, value in enumerate(values, start=1):
        if type(value) is not int or not 0 <= value <= 9:
            raise DigitsError(f"Example {number} of {source} has the label {value!r:.50}; wanted 0 to 9.")
    return torch.tensor(values, dtype=torch.int64)


def _limit(count: int, source: str) -> None:
    if count == 0:
        raise DigitsError(f"{source} has no examples; wanted at least one labelled drawing.")
    if count > LARGEST_SET:
        raise DigitsError(f"{source} has more than {LARGEST_SET:,} examples; split it.")


def _limit_unpacked(size: int, source: str) -> None:
    if size > LARGEST_UNPACKED:
        raise DigitsError(f"{source} unpacks to more than {LARGEST_UNPACKED:,} bytes; split it.")


class _Opened(Sequence):
    """Drawings that are opened when they are asked for, so that all of them need not fit into memory at once."""

    def __init__(self, sources: list, opener: Callable) -> None:
        self.sources, self.opener = sources, opener

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, i: int):
        return self.opener(self.sources[i])


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a text file, gzip or not, up to LONGEST_LINE and LARGEST_UNPACKED bytes."""
    read = 0
    with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
        while line := file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise DigitsError(f"{path.name} has a line over {LONGEST_LINE:,} bytes; wanted one drawing a line.")
            read += len(line)
            _limit_unpacked(read, path.name)
            yield line


def _read_strokes(path: Path, labelled: bool = True) -> DataSet:
    lines, labels, sets, writers = [], [], [], []
    try:
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            try:
                drawing = json.loads(line)
                drawing["strokes"]
                labels.append(drawing["label"] if labelled else -1)
                sets.append(str(drawing.get("set", "")))
                writers.append(str(drawing.get("writer", "")))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                wanted = '{"label": 0 to 9, "strokes": [[[x, y], ...]]}' if labelled else '{"strokes": [[[x, y], ...]]}'
                raise DigitsError(f"Line {number} of {path.name} is not a drawing; wanted {wanted}.") from None
            lines.append(line)
            _limit(len(lines), path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise DigitsError(f"{path.name} cannot be read ({_first_line(error)}); make it again.") from None
    _limit(len(lines), path.name)
    # Parsed again when they are drawn: as lists of numbers they take nine times the memory.
    drawings = _Opened(lines, lambda line: json.loads(line)["strokes"])
    labels = _labels(labels, path.name) if labelled else torch.tensor(labels)
    sets = sets if any(sets) else None
    return DataSet(path.name, labels, drawings=drawings, sets=sets, writers=writers)


def _read_arrays(path: Path) -> DataSet:
    try:
        with zipfile.ZipFile(path) as archive:
            _limit_unpacked(sum(member.file_size for member in archive.infolist()), path.name)
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = np.asanyarray(arrays["images"]), np.asanyarray(arrays["labels"])
            sets = [str(name) for name in arrays["set"]] if "set" in arrays else None
    except DigitsError:
        raise
    except Exception as error:  # zipfile's and numpy's readers raise many kinds on broken files
        raise DigitsError(f"{path.name} is not an .npz with `images` and `labels` ({_first_line(error)}).") from None
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or labels.shape != images.shape[:1]:
        raise DigitsError(
            f"{path.name} has images {images.dtype} {images.shape} and labels {labels.shape}; "
            "wanted uint8 (N, H, W) and (N,)."
        )
    if sets is not None and len(sets) != len(labels):
        raise DigitsError(f"{path.name} has {len(labels)} labels, but {len(sets)} entries in `set`; wanted as many.")
    _limit(len(images), path.name)
    return DataSet(path.name, _labels(labels.tolist(), path.name), drawings=list(images), sets=sets)


def _digit_folders(names: list[str], source: str) -> Tensor:
    """Class folder names, one a picture -> labels."""
    wrong = next((name for name in names if name not in tuple("0123456789")), None)
    if wrong is not None:
        raise DigitsError(f"{source} has pictures in a folder {wrong!r}; wanted one folder a digit: 0, 1, ... 9.")
    return torch.tensor([int(name) for name in names])


def _read_folder(path: Path) -> DataSet:
    from torchvision.datasets import ImageFolder

    try:
        files = [Path(file) for file, _ in ImageFolder(path, allow_empty=True).samples]
    except FileNotFoundError:
        raise DigitsError(f"{path} has no folders of pictures in it; wanted one folder a digit: 0, 1, ... 9.") from None
    except OSError as error:
        raise DigitsError(f"The folder {path} cannot be read ({error.strerror}); check its permissions.") from None
    _limit(len(files), str(path))
    labels = _digit_folders([file.relative_to(path).parts[0] for file in files], str(path))
    return DataSet(path.resolve().name, labels, drawings=files)


def _read_zip(path: Path) -> DataSet:
    """A .zip of an ImageFolder: the folder just above each picture is its label."""
    from torchvision.datasets.folder import is_image_file

    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds on broken files
        raise DigitsError(f"{path.name} is not a whole .zip file ({_first_line(error)}).") from None
    members = [
        member
        for member in archive.infolist()
        if is_image_file(member.filename) and not member.filename.startswith("__MACOSX/")
    ]
    _limit_unpacked(sum(member.file_size for member in members), path.name)
    _limit(len(members), path.name)
    labels = _digit_folders([Path(member.filename).parent.name for member in members], path.name)

    def opener(member: zipfile.ZipInfo) -> io.BytesIO:
        try:
            return io.BytesIO(archive.read(member))
        except Exception as error:  # as above, and an encrypted file
            raise DigitsError(f"{member.filename} in {path.name} cannot be unpacked ({_first_line(error)}).") from None

    return DataSet(path.name, labels, drawings=_Opened(members, opener))
