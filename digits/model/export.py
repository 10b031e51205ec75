"""A network as ONNX, which runs without PyTorch: in a browser, on a phone, in other languages."""

import importlib.util

import torch
from torch import Tensor, nn

from digits.errors import DigitsError
from digits.ink.geometry import SIDE, to_ink
from digits.model.networks import Network

PACKAGES = ("onnx", "onnxscript")  # the extra `onnx` of pyproject.toml


class _FromImages(nn.Module):
    """A network with the preparation of its input and the end of its answer inside."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(to_ink(images))
        return logits, (logits / self.network.temperature).softmax(1)


def to_onnx(network: Network) -> bytes:
    """A network in evaluation mode -> an ONNX file's content.

    Its input is `images`, uint8 (n, 28, 28) as MNIST has them, paper 0 and ink 255, for any n; its outputs are
    `logits`, float32 (n, 10), and `probabilities`, float32 (n, 10), which are softmax of the logits divided by the
    network's temperature. Takes some seconds, and is not for a server's threads: torch.export fails where two use it,
    and changes what a training beside it learns (LOG.md). Raises DigitsError where the packages for it are missing.
    """
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise DigitsError(
            f"ONNX wants {' and '.join(missing)}, which this server does not have; install them with: "
            "pip install onnx onnxscript."
        )
    example = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    program = torch.onnx.export(
        _FromImages(network).eval(),
        (example,),
        input_names=["images"],
        output_names=["logits", "probabilities"],
        dynamic_shapes={"images": {0: torch.export.Dim("n")}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # it is with dynamo
    return program.model_proto.SerializeToString()
