"""MNIST as whole tensors, from the four files that ship with the package."""

import functools
import gzip
import hashlib
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from digits.device import select_device
from digits.errors import DigitsError
from digits.files import cache_folder, write_atomically

SHIPPED = Path(__file__).parent / "shipped"

VALIDATION_IMAGES = 5_000  # the last of the 60,000 training images: held out for every choice

_loading = threading.RLock()  # one thread unpacks MNIST, the others take what it loaded


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
        images, labels = self.images.to(device), self.labels.to(device)
        return Mnist(images, labels, self.test_images.to(device), self.test_labels.to(device), self.held_out)


def mnist_checksums() -> dict[str, str]:
    """File name -> SHA-256 of its unpacked bytes, as shipped."""
    path = SHIPPED / "SHA256SUMS"
    try:
        return {
            name: digest for digest, name in (line.split() for line in path.read_text(encoding="utf-8").splitlines())
        }
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

    Raises DigitsError if the shipped files are damaged or the device is not here. Where no cache folder
    can be written it is read from the shipped files in memory.
    """
    with _loading:
        return _load_mnist(str(select_device(str(device))))


@functools.cache
def _load_mnist(device: str) -> Mnist:
    if device != "cpu":
        return load_mnist().to(device)
    from torchvision.datasets import MNIST  # 1.8 s to import: only where it is used

    try:
        root = unpack_mnist()
    except DigitsError:  # no folder to unpack to: a read-only home, a full disk
        return _read_shipped()
    train, test = MNIST(root, train=True), MNIST(root, train=False)
    return Mnist(train.data, train.targets, test.data, test.targets)


def _read_shipped() -> Mnist:
    """The shipped files, verified and read in memory. IDX: the values follow 16 bytes (images) or 8 (labels)."""
    values = {}
    for name, digest in mnist_checksums().items():
        packed = SHIPPED / f"{name}.gz"
        try:
            content = gzip.decompress(packed.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DigitsError(f"{packed} cannot be unpacked ({error}); restore it from the repository.") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise DigitsError(f"{packed} is not the file that Digits ships (SHA-256 differs); restore it.")
        values[name] = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return Mnist(
        values["train-images-idx3-ubyte"][16:].view(-1, 28, 28).clone(),
        values["train-labels-idx1-ubyte"][8:].long(),
        values["t10k-images-idx3-ubyte"][16:].view(-1, 28, 28).clone(),
        values["t10k-labels-idx1-ubyte"][8:].long(),
    )
