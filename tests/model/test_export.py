"""Networks as ONNX: the same answers without PyTorch."""

import importlib.util
import json

import numpy as np
import onnxruntime
import pytest
import torch

from digits.__main__ import main
from digits.data.handwriting import handwriting
from digits.errors import DigitsError
from digits.ink.geometry import to_ink
from digits.model.builder import build_network
from digits.model.export import to_onnx
from digits.model.networks import NETWORKS, create_model
from digits.model.weights import load_weights
from digits.reading.recognizer import WEIGHTS, Recognizer

DRAWINGS = handwriting(100, seed=3)[0]


def answers(content: bytes, images: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    return onnxruntime.InferenceSession(content).run(["logits", "probabilities"], {"images": images.numpy()})


@pytest.mark.parametrize("name", ["cnn-large", "mlp"])
def test_a_shipped_network_answers_as_pytorch_does(name):
    model, _ = load_weights(WEIGHTS / f"{name}.safetensors")
    content = to_onnx(model)
    logits, probabilities = answers(content, DRAWINGS)
    with torch.inference_mode():
        wanted = model(to_ink(DRAWINGS)).numpy()
    np.testing.assert_allclose(logits, wanted, atol=1e-4)
    np.testing.assert_allclose(probabilities, Recognizer(model).scores(to_ink(DRAWINGS))[0], atol=1e-4)
    one, _ = answers(content, DRAWINGS[:1])
    np.testing.assert_allclose(one, wanted[:1], atol=1e-4)


@pytest.mark.parametrize("name", [*sorted(set(NETWORKS) - {"cnn-large", "mlp"}), "built"])
def test_every_kind_of_network_can_be_exported(name):
    model = (build_network("c5s2-8 c3kn-8 c3pt-12 d-20 fu-32 fi-32") if name == "built" else create_model(name)).eval()
    with torch.inference_mode():
        wanted = model(to_ink(DRAWINGS[:10])).numpy()
    np.testing.assert_allclose(answers(to_onnx(model), DRAWINGS[:10])[0], wanted, atol=1e-4)


def test_without_the_packages_a_sentence_says_so(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else found(name))
    with pytest.raises(DigitsError, match=r"^ONNX wants onnxscript, .* pip install onnx onnxscript\.$"):
        to_onnx(create_model("mlp"))


def test_the_command_line_writes_one(tmp_path, capsys):
    path = tmp_path / "new" / "mlp.onnx"
    assert main(["export", "--weights", str(WEIGHTS / "mlp.safetensors"), "--out", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"onnx": str(path), "bytes": path.stat().st_size}
    assert answers(path.read_bytes(), DRAWINGS)[1].argmax(axis=1).shape == (100,)
    assert main(["export", "--out", str(tmp_path / "mlp.txt")]) == 2
    assert "wanted one that ends in .onnx" in capsys.readouterr().err
