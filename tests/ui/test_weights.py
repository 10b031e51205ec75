"""Weights that a visitor sends: theirs from then on, or a sentence."""

import base64
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest
import torch
from gradio.utils import get_upload_folder
from safetensors.torch import save_file

from digits.jobs import JobQueue
from digits.model.builder import BUILT, build_network
from digits.model.weights import save_weights
from digits.reading.recognizer import WEIGHTS
from digits.ui.networks import Networks
from digits.ui.page_state import Page
from digits.ui.weights import computed_since, export_network, open_weights, read_weights, title_of

VISITOR = "a" * 22


@pytest.fixture
def page():
    jobs = JobQueue()
    yield Page(jobs, Networks(jobs, "cpu"), "cpu")
    jobs.close()


@pytest.fixture
def sent():
    """sent(name) -> a path in Gradio's upload folder, for a test to write to."""
    folder = Path(get_upload_folder()) / "test-weights"
    folder.mkdir(parents=True, exist_ok=True)
    yield lambda name: folder / name
    shutil.rmtree(folder)


def test_it_is_the_visitors_and_reads_as_it_did(page, sent):
    shutil.copy(WEIGHTS / "mlp.safetensors", sent("my best.safetensors"))
    answer = open_weights(page)({"path": str(sent("my best.safetensors")), "visitor": VISITOR})
    (own, *shipped) = page.networks.listed(VISITOR)
    assert (own["key"], own["name"], own["detail"]) == (answer["network"], "my best", "opened from a file")
    assert own["accuracy"] == next(network["accuracy"] for network in shipped if network["key"] == "mlp")
    assert page.networks.get(own["key"]).model.name == "mlp"
    assert not [network for network in page.networks.listed("b" * 22) if network["own"]]


def test_a_built_network_comes_back_with_its_layers(page, sent):
    save_weights(build_network("c5s2-8 f-32", seed=1), sent("built.safetensors"), {})
    answer = open_weights(page)({"path": str(sent("built.safetensors")), "visitor": VISITOR})
    model = page.networks.get(answer["network"]).model
    assert (model.name, model.text) == (BUILT, "c5s2-8 f-32")


@pytest.mark.parametrize("kind", ["pickle", "cut short", "foreign", "not finite", "of no network", "built too large"])
def test_what_is_not_ours_gets_a_sentence(page, sent, kind):
    path = sent("weights.safetensors")
    whole = (WEIGHTS / "mlp.safetensors").read_bytes()
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    elif kind == "cut short":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "foreign":
        save_file({"x": torch.zeros(3)}, path, metadata={"network": "mlp"})
    elif kind == "not finite":
        model = build_network("f-8")
        tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        tensors[next(name for name in tensors if name.endswith("weight"))][0] = float("nan")
        save_file(tensors, path, metadata={"network": BUILT, "layers": "f-8"})
    elif kind == "of no network":
        save_file({"x": torch.zeros(3)}, path)
    else:
        save_file(
            {"x": torch.zeros(3)},
            path,
            metadata={"network": BUILT, "layers": "f-100000"},
        )
    answer = open_weights(page)({"path": str(path), "visitor": VISITOR})
    assert set(answer) == {"error"}
    assert answer["error"].endswith((".", ")."))
    assert not [network for network in page.networks.listed(VISITOR) if network["own"]]


def test_only_what_was_sent_is_opened(page, sent, tmp_path):
    shutil.copy(WEIGHTS / "mlp.safetensors", tmp_path / "outside.safetensors")
    os.symlink(tmp_path / "outside.safetensors", sent("link.safetensors"))
    for path in (
        WEIGHTS / "mlp.safetensors",
        tmp_path / "outside.safetensors",
        sent("link.safetensors"),
        "/etc/passwd",
    ):
        assert "not a file of weights" in open_weights(page)({"path": str(path), "visitor": VISITOR})["error"]
    assert "not on the server" in open_weights(page)({"path": str(sent("gone.safetensors"))})["error"]
    assert set(open_weights(page)({})) == {"error"}


@pytest.mark.parametrize(
    ("name", "title"),
    [("run 3.safetensors", "run 3"), ("\u202e\x07evil.safetensors", "evil"), ("x" * 99 + ".safetensors", "x" * 30)],
)
def test_a_files_name_is_the_networks(name, title):
    assert title_of(Path(name)) == title


def test_a_network_is_saved_as_weights_and_as_onnx(page, monkeypatch, tmp_path):
    saved = read_weights(page)({"network": "mlp"})
    assert base64.b64decode(saved["base64"]) == (WEIGHTS / "mlp.safetensors").read_bytes()
    exported = export_network(page)({"network": "mlp"})
    session = onnxruntime.InferenceSession(base64.b64decode(exported["base64"]))
    assert (exported["name"], [part.name for part in session.get_inputs()]) == ("network.onnx", ["images"])
    for save in (read_weights, export_network):
        assert "not on this server" in save(page)({"network": "nobody's"})["error"]
    monkeypatch.setattr(page.networks, "path", lambda key: tmp_path / "gone.safetensors")
    assert export_network(page)({"network": "mlp"})["error"].startswith("There is no weights file at ")


def test_what_another_process_computed_is_charged_and_not_how_long_it_waited():
    before = os.times()
    subprocess.run([sys.executable, "-c", "import time; time.sleep(1.5)"], check=True)
    assert 0 < computed_since(before) < 1
    before = os.times()
    subprocess.run([sys.executable, "-c", "while __import__('time').process_time() < 1.5: pass"], check=True)
    assert computed_since(before) >= 1.4
