"""Show me the PyTorch: the script's losses are the app's to the bit, on a slice, for recipes and a built network."""

import dataclasses
import json

import pytest
import torch
import torchvision
from torch.nn import functional

from digits.__main__ import main
from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.training import optimizer, script
from digits.training.config import RECIPES, TrainConfig
from digits.training.loop import train
from digits.training.script import make_notebook, make_script

SLICE = {"epochs": 1, "examples": 300, "batch_size": 50, "precision": "float32", "device": "cpu"}
CONFIGS = {
    "text": RECIPES["text"],
    "fast": RECIPES["fast"],
    "best": RECIPES["best"],
    "sgd": TrainConfig("lenet", optimizer="sgd", learning_rate=0.02),
    "muon": TrainConfig("cnn-fast", optimizer="muon", augment="none"),
    "muon, constant": TrainConfig("mlp", optimizer="muon", schedule="constant"),
    "built": TrainConfig(layers="c5s2n-6 c3nk-6 m-2 d-20 ft-32 fk-32"),
    "built, all at once": TrainConfig(layers="c3n-6 c3nk-6 m-2 c3nk-6 d-20 ft-32 fk-32 d-10", optimizer="muon"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_script_has_the_losses_of_the_app_to_the_bit(name, monkeypatch, tmp_path):
    config = dataclasses.replace(CONFIGS[name], **SLICE)
    losses, real = [], functional.cross_entropy

    def noted(*arguments, **options):
        value = real(*arguments, **options)
        if value.requires_grad:
            losses.append(value.item())
        return value

    with monkeypatch.context() as patched:
        patched.setattr(optimizer, "cross_entropy", noted)
        list(train(config))
    trained = list(losses)
    losses.clear()
    mnist = load_mnist()
    kept = type("Kept", (), {"data": mnist.images, "targets": mnist.labels})
    monkeypatch.setattr(torchvision.datasets, "MNIST", lambda *_, **__: kept)
    monkeypatch.setattr(functional, "cross_entropy", noted)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng(devices=[]):
        exec(compile(make_script(config), "script.py", "exec"), {"__name__": "__main__"})
    assert len(trained) == 6 and trained == losses


@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_short_and_the_notebook_is_valid(name):
    source = make_script(CONFIGS[name])
    assert (
        source.count("\n") < 80
        and max(map(len, source.splitlines())) <= 120
        and "digits" not in "".join(line for line in source.splitlines() if line.startswith(("import", "from")))
    )
    notebook = json.loads(make_notebook(CONFIGS[name]))
    assert notebook["nbformat"] == 4 and "".join(notebook["cells"][0]["source"]) == source


@pytest.mark.parametrize("name", ["fast", "muon"])
def test_the_rate_of_a_single_step_has_no_course_as_in_the_app(name):
    config = dataclasses.replace(CONFIGS[name], **SLICE)
    assert "OneCycleLR" in make_script(config)
    single = make_script(dataclasses.replace(config, batch_size=300))
    assert "schedule" not in single
    compile(single, "script.py", "exec")


@pytest.mark.parametrize("has", [True, False])
def test_it_computes_in_bfloat16_only_where_the_training_does(has, monkeypatch):
    monkeypatch.setattr(script, "computes_in_bfloat16", lambda device: has)
    assert f"torch.bfloat16, enabled={has})" in make_script(RECIPES["fast"])
    assert "torch.bfloat16, enabled=False)" in make_script(RECIPES["text"])


def test_what_a_short_script_cannot_do_is_said():
    with pytest.raises(DigitsError, match="drawings that Digits makes"):
        make_script(RECIPES["shipped"])


def test_the_command_line_writes_it(tmp_path, capsys):
    assert main(["train", "--recipe", "fast", "--script", str(tmp_path / "a.py")]) == 0
    assert "a.py" in capsys.readouterr().out
    compile((tmp_path / "a.py").read_text(), "a.py", "exec")
    assert main(["train", "--script", str(tmp_path / "a.txt")]) == 2
