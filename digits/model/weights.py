"""The only pair of functions that saves and loads a network's weights: safetensors, and the card beside them."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from digits.errors import DigitsError
from digits.files import write_together
from digits.model.builder import BUILT, BuiltNetwork, create_network
from digits.model.networks import NETWORKS, Network

LARGEST_WEIGHTS_FILE = 100_000_000  # bytes; the largest network here takes 1.7 MB


def save_weights(model: Network, path: str | Path, card: dict[str, Any]) -> None:
    """Write `path` (safetensors) and, beside it, the card: the same name with .json.

    The weights alone are enough to load the network: its name travels in the file's metadata. Raises DigitsError for
    weights that are not finite and where the files cannot be written; what was there before stays then.
    """
    path = Path(path)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if not _finite(tensors):
        raise DigitsError(f"The network has weights that are not finite, so {path} is not written; train it again.")
    metadata = {"network": model.name}
    if isinstance(model, BuiltNetwork):
        metadata["layers"] = model.text
    weights = serialize(tensors, metadata=metadata)
    text = json.dumps(card, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_together({path: weights, path.with_suffix(".json"): text.encode()})
    except OSError as error:
        raise DigitsError(
            f"The weights cannot be written to {path} ({error.strerror}); choose another folder."
        ) from None


def load_weights(path: str | Path, device: str | torch.device = "cpu") -> tuple[Network, dict[str, Any]]:
    """Weights file -> (network in evaluation mode, its card; empty without one).

    Raises DigitsError for a missing, truncated, pickled or foreign file, for one whose tensors do not fit the network
    that it names, and for weights that are not finite.
    """
    path = Path(path)
    if not os.path.isfile(path):  # unlike Path.is_file, also says no to a name that is too long
        raise DigitsError(f"There is no weights file at {path}; train one with: python -m digits train --out RUN.")
    if path.stat().st_size > LARGEST_WEIGHTS_FILE:
        raise DigitsError(f"{path.name} is too large for a network of Digits ({path.stat().st_size:,} bytes).")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise DigitsError(
            f"{path.name} is not a whole safetensors file ({error}); use one that Digits saved, and copy it again "
            "if it was cut short (pickled .pt and .pth files are not opened, for safety)."
        ) from None
    name = metadata.get("network")
    if name not in (*NETWORKS, BUILT):
        raise DigitsError(
            f"{path.name} holds weights of {name or 'an unnamed network'}, but Digits knows {', '.join(NETWORKS)}; "
            "use a file that Digits saved."
        )
    try:
        model = create_network(name, metadata.get("layers"))
    except DigitsError as error:
        raise DigitsError(f"{path.name} holds a network that cannot be built: {error}") from None
    wanted, found = _shapes(model.state_dict()), _shapes(tensors)
    if wanted != found:
        key = next(key for key in [*wanted, *found] if wanted.get(key) != found.get(key))
        raise DigitsError(
            f"{path.name} does not fit the network {name!r}: {key} is {found.get(key, 'missing')} "
            f"where {wanted.get(key, 'nothing')} is wanted; use a file that this version of Digits saved."
        )
    if not _finite(tensors):
        raise DigitsError(f"{path.name} holds numbers that are not finite; train the network again.")
    if not _computes(tensors):
        raise DigitsError(f"{path.name} holds numbers that no network can read with; train the network again.")
    model.load_state_dict(tensors)
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8")) if card_path.is_file() else {}
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict):
        raise DigitsError(f"The card {card_path.name} is not a JSON object; restore it or delete it.")
    return model.to(device).eval(), card


def _shapes(tensors: dict[str, Tensor]) -> dict[str, str]:
    return {key: f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}" for key, tensor in tensors.items()}


def _computes(tensors: dict[str, Tensor]) -> bool:
    """Whether what the network divides by, and takes the root of, is above zero."""
    divisors = [tensor for key, tensor in tensors.items() if key.endswith(("temperature", "std", "running_var"))]
    return all(bool((tensor >= 0).all()) for tensor in divisors) and bool(tensors["temperature"] and tensors["std"])


def _finite(tensors: dict[str, Tensor]) -> bool:
    return all(torch.isfinite(tensor).all() for tensor in tensors.values())
