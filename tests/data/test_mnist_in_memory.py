"""MNIST where no folder can be written."""

import torch

from digits.data import mnist


def test_mnist_loads_without_a_cache_folder(monkeypatch):
    ordinary = mnist.load_mnist()
    monkeypatch.setenv("DIGITS_CACHE", "/dev/null/digits")  # cannot be made, not even by root
    in_memory = mnist._load_mnist.__wrapped__("cpu")
    for name in ("images", "labels", "test_images", "test_labels"):
        assert torch.equal(getattr(in_memory, name), getattr(ordinary, name))
