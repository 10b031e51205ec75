"""python -m digits: what it prints for people and for programs, one sentence for bad input, and Ctrl-C."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.__main__ import build_parser, main
from digits.commands import train as train_module
from digits.commands.train import train_config
from digits.model.weights import load_weights
from digits.reading.recognizer import WEIGHTS
from digits.training import loop
from digits.training.config import TrainConfig, command

ROOT = Path(__file__).parent.parent
MLP = str(WEIGHTS / "mlp.safetensors")


def start(*arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "digits", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def last_line(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.fixture
def on_small_mnist(small_mnist, monkeypatch):
    monkeypatch.setattr(loop, "load_mnist", lambda device: small_mnist)


@pytest.fixture
def seven(tmp_path) -> Path:
    picture = Image.new("L", (120, 140), 250)
    ImageDraw.Draw(picture).line([(30, 30), (90, 28), (55, 115)], fill=20, width=10, joint="curve")
    picture.save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


def test_train_prints_one_object_last(on_small_mnist, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["train", "--model", "mlp", "--device", "cpu", "--seed", "3", "--out", str(out), "--json"]) == 0
    result = last_line(capsys)
    assert set(result) == {
        *("validation_accuracy", "test_accuracy", "seconds", "images_per_second", "parameters"),
        *("device", "seed", "weights", "complete"),
    }
    assert 0.5 < result["validation_accuracy"] <= 1
    assert 0.5 < result["test_accuracy"] <= 1
    assert result["seconds"] > 0
    assert result["images_per_second"] > 0
    assert (result["parameters"], result["device"], result["seed"]) == (407_050, "cpu", 3)
    assert (result["weights"], result["complete"]) == (str(out / "weights.safetensors"), True)
    _, card = load_weights(result["weights"])
    assert card["figures"]["validation_accuracy"] == result["validation_accuracy"]
    assert card["command"] == "python -m digits train --model mlp --seed 3"


def test_train_says_where_the_weights_are(on_small_mnist, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--model", "mlp", "--device", "cpu"]) == 0
    captured = capsys.readouterr()
    (weights,) = tmp_path.glob("runs/mlp-*/weights.safetensors")
    assert f"Done: the weights are in {weights.relative_to(tmp_path)}; validation accuracy " in captured.out
    assert "loss" in captured.err


def test_trainings_that_begin_in_the_same_second_have_a_folder_each(on_small_mnist, tmp_path, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr(train_module, "datetime", Clock)
    monkeypatch.chdir(tmp_path)
    for seed in ("1", "2"):
        assert main(["train", "--model", "mlp", "--device", "cpu", "--seed", seed]) == 0
    seeds = {path.parent.name: json.loads(path.read_text())["seed"] for path in tmp_path.glob("runs/*/config.json")}
    assert seeds == {"mlp-20260102-030405": 1, "mlp-20260102-030405-2": 2}


def test_evaluate_prints_one_object_last(tmp_path, capsys):
    lines = [{"label": 7, "strokes": [[[0, 0], [6, 0], [3, 10]]], "set": name} for name in ("a", "b", "a")]
    (tmp_path / "drawn.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert main(["evaluate", "--data", str(tmp_path / "drawn.jsonl"), "--device", "cpu", "--json"]) == 0
    result = last_line(capsys)
    assert {"accuracy", "interval", "n", "confusion", "per_class", "by_set"} <= set(result)
    assert (result["accuracy"], result["n"]) == (1, 3)
    assert result["confusion"][7][7] == 3
    assert result["per_class"][7]["f1"] == 1
    assert (result["by_set"]["a"]["n"], result["by_set"]["b"]["n"]) == (2, 1)


def test_evaluate_prints_tables_for_people(tmp_path, capsys):
    images = np.full((3, 40, 40), 255, np.uint8)
    images[:2, 5:35, 18:22] = 0
    np.savez(tmp_path / "ones.npz", images=images, labels=[1, 1, 8], set=["bar", "bar", "blank"])
    assert main(["evaluate", "--weights", MLP, "--data", str(tmp_path / "ones.npz"), "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "ones.npz: 66.67% of 3 read right (95% interval 20.77% to 93.85%)" in printed
    assert "bar: 100.00% of 2" in printed
    assert "    1  " in printed


def test_read_prints_one_object_last(seven, capsys):
    assert main(["read", str(seven), "--json"]) == 0
    result = last_line(capsys)
    assert result["digit"] == 7
    assert len(result["probabilities"]) == 10
    assert sum(result["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert 0.9 < result["digit_score"] <= 1


def test_read_answers_people(seven, tmp_path, capsys):
    assert main(["read", str(seven)]) == 0
    assert capsys.readouterr().out.startswith("7 (")
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    assert main(["read", str(tmp_path / "blank.png")]) == 0
    assert "no ink was found" in capsys.readouterr().out
    assert main(["read", str(tmp_path / "blank.png"), "--json"]) == 0
    assert last_line(capsys) == {"digit": None, "probabilities": [0.0] * 10, "digit_score": 0.0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train --model vgg", "no network called 'vgg'"),
        ("train --epochs 0", "epochs is 0"),
        ("train --epochs 1000000000", "epochs is 1000000000"),
        ("train --epochs many", "argument --epochs: invalid int value: 'many'"),
        ("train --learning-rate 0", "learning rate is 0.0"),
        ("train --learning-rate -1", "learning rate is -1.0"),
        ("train --learning-rate nan", "learning rate is nan"),
        ("train --learning-rate 1e9", "learning rate is 1000000000.0"),
        ("train --device tpu", "'tpu' is not available"),
        ("train --out README.md/run", "cannot be made"),
        ("train --resume runs/x --recipe nonsense", "leave out --recipe"),
        ("evaluate --data nothing", "no data set or file called 'nothing'"),
        ("evaluate --weights nothing.safetensors", "no weights file at nothing.safetensors"),
        ("evaluate --weights pyproject.toml", "not a whole safetensors file"),
        ("evaluate --device tpu", "'tpu' is not available"),
        ("export --weights .", "no weights file at ."),
        ("read nothing.png", "nothing.png"),
        ("read pyproject.toml", "pyproject.toml"),
        ("read", "the following arguments are required: picture"),
        ("paint", "invalid choice: 'paint'"),
        ("", "required: train | evaluate | read"),
        ("read a.png --no-such-option", "unrecognized arguments: --no-such-option"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("text")
    (tmp_path / "pyproject.toml").write_text("text")
    try:
        code = main(arguments.split())
    except SystemExit as stop:  # argparse's own
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2
    assert words in captured.err
    assert captured.err.startswith("digits: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert sorted(os.listdir(tmp_path)) == ["README.md", "pyproject.toml"]


def test_a_program_sees_the_exit_code_and_no_traceback():
    process = start("read", "nothing.png", "--json")
    out, err = process.communicate()
    assert process.returncode == 2
    assert out == b""
    assert err.startswith(b"digits: ")
    assert b"Traceback" not in err


def test_ctrl_c_keeps_the_weights(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    options = ["--model", "mlp", "--epochs", "1000", "--device", "cpu", "--json"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job, and its children, ignore it
    process = start("train", *options, "--out", str(tmp_path / "run"), env=environment)
    try:
        seen = b""
        while b"loss" not in seen:  # the first update
            part = os.read(process.stderr.fileno(), 1_000)
            assert part, seen
            seen += part
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in err
    result = json.loads(out.splitlines()[-1])
    assert result["complete"] is False
    assert result["test_accuracy"] is None
    network, card = load_weights(result["weights"])
    assert network.name == "mlp"
    assert 0 < card["steps"] < 430_000
    assert not list((tmp_path / "run").glob(".*"))  # nothing half written


def test_ctrl_c_before_training_is_no_traceback(monkeypatch, tmp_path, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "load_mnist", interrupt)
    assert main(["train", "--model", "mlp", "--out", str(tmp_path)]) == 130
    monkeypatch.setattr("digits.commands.read.open_image", interrupt)
    assert main(["read", "a.png"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(),
        TrainConfig(model="mlp", optimizer="adam", learning_rate=0.001, batch_size=64, epochs=10, augment="none"),
        TrainConfig(model="lenet", optimizer="sgd", schedule="one-cycle", seed=9, learning_rate=1e-5),
    ],
)
def test_the_command_on_a_card_trains_the_same(config):
    words = command(config).split()
    assert words[:3] == ["python", "-m", "digits"]
    trained = train_config(build_parser().parse_args(words[3:]))
    assert dataclasses.replace(trained, out=None) == config


@pytest.mark.parametrize("name", ["cnn-large", "cnn", "mlp"])
def test_the_shipped_cards_command_is_their_configuration(name):
    _, card = load_weights(WEIGHTS / f"{name}.safetensors")
    config = train_config(build_parser().parse_args(card["command"].split()[3:]))
    wanted = {**card["config"], "learning_rate": config.peak_learning_rate()}
    wanted["schedule"] = "one-cycle" if config.one_cycle() else "constant"
    assert card["config"] == wanted
    for key in ("model", "epochs", "optimizer", "batch_size", "augment", "seed"):
        assert getattr(config, key) == card["config"][key]
