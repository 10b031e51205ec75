"""MNIST where no folder can be written."""

import pytest
import torch

from digits.data import mnist
from digits.errors import DigitsError
from digits.files import cache_folder


def test_mnist_loads_without_a_cache_folder(monkeypatch):
    ordinary = mnist.load_mnist()
    monkeypatch.setenv("DIGITS_CACHE", "/dev/null/digits")  # cannot be made, not even by root
    in_memory = mnist._load_mnist.__wrapped__("cpu")
    for name in ("images", "labels", "test_images", "test_labels"):
        assert torch.equal(getattr(in_memory, name), getattr(ordinary, name))


def test_no_folder_is_ever_called_tilde(monkeypatch, tmp_path):
    """Simulates a container's user without HOME and without an entry in the user database."""
    monkeypatch.chdir(tmp_path)
    for name in ("DIGITS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(DigitsError, match="DIGITS_CACHE"):
        cache_folder()
    assert not list(tmp_path.iterdir())
