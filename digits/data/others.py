"""Other people's test sets, downloaded through torchvision on the first request: QMNIST, EMNIST digits, USPS."""

import shutil
import socket
import threading
from pathlib import Path

import torch

from digits.data.data_set import DataSet
from digits.errors import DigitsError, first_line
from digits.files import cache_folder

DOWNLOADABLE = {
    "qmnist-test": "QMNIST test (60,000)",
    "emnist-digits-test": "EMNIST digits test (40,000)",
    "usps-test": "USPS test (2,007)",
}

DOWNLOAD_PATIENCE = 20  # seconds without a byte

_downloading = threading.Lock()


def download(name: str) -> DataSet:
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
                f"({first_line(error)}); connect this machine to the internet and try again, delete {place.name} "
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
