"""Networks by their published sizes, their shapes, and weights that survive the disk or are refused."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load_file, save_file

from digits import device, files
from digits.device import select_device
from digits.errors import DigitsError
from digits.files import write_atomically
from digits.model.networks import NETWORKS, count_parameters, create_model
from digits.model.weights import load_weights, save_weights
from digits.reading.recognizer import WEIGHTS

INK = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(create_model("mlp", seed=1), path, {"network": "mlp"})
    return path


def rewrite(path, change, metadata=None):
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata=metadata or {"network": "mlp"})


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("mlp", 407_050), ("lenet", 61_706), ("cnn", 70_330), ("cnn-fast", 142_250), ("cnn-large", 435_010)],
)
def test_parameters_are_as_published(name, parameters):
    assert count_parameters(create_model(name)) == parameters
    assert f"{parameters:,} parameters" in NETWORKS[name].__doc__


@pytest.mark.parametrize("name", NETWORKS)
def test_ink_becomes_ten_logits(name):
    logits = create_model(name).eval()(INK)
    assert logits.shape == (3, 10)
    assert logits.dtype == torch.float32


def test_mlp_is_its_formula():
    network = create_model("mlp")
    state = network.state_dict()
    x = ((INK - 0.1307) / 0.3081).reshape(3, 784)
    hidden = (x @ state["layers.1.weight"].T + state["layers.1.bias"]).clamp(min=0)
    torch.testing.assert_close(network(INK), hidden @ state["layers.3.weight"].T + state["layers.3.bias"])


def test_seed_decides_the_weights_and_leaves_other_random_numbers_alone():
    before = torch.get_rng_state()
    weight, same, another_seeds = (create_model("lenet", seed).layers[0].weight for seed in (5, 5, 6))
    assert torch.equal(weight, same)
    assert not torch.equal(weight, another_seeds)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["vgg", "", None, 3])
def test_unknown_network_is_refused(name):
    with pytest.raises(DigitsError, match="no network called .* cnn-fast, cnn, cnn-large, lenet, mlp"):
        create_model(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "", None])
def test_unknown_device_is_refused(name):
    with pytest.raises(DigitsError, match="not available; this machine has .*cpu"):
        select_device(name)


def test_auto_takes_the_best_device(monkeypatch):
    monkeypatch.setattr(device, "_probe", lambda name: "")  # as if those that are named worked
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert select_device("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert select_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert select_device("auto").type == "cuda"
    assert select_device("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_reloaded_network_answers_the_same(name, tmp_path):
    network = create_model(name, seed=3)
    network.train()(INK)  # batch norm's running figures are no longer the initial ones
    network.eval()
    save_weights(network, tmp_path / "new" / "a.safetensors", {"network": name, "seed": 3})
    loaded, card = load_weights(tmp_path / "new" / "a.safetensors")
    assert torch.equal(loaded(INK), network(INK))
    assert not loaded.training
    assert card == {"network": name, "seed": 3}
    assert sorted(os.listdir(tmp_path / "new")) == ["a.json", "a.safetensors"]


def test_mean_and_std_travel_with_the_weights(tmp_path):
    network = create_model("mlp")
    network.mean.fill_(0.25)
    save_weights(network, tmp_path / "a.safetensors", {})
    assert load_weights(tmp_path / "a.safetensors")[0].mean.item() == 0.25


def test_weights_without_a_card_load(saved):
    saved.with_suffix(".json").unlink()
    assert load_weights(saved)[1] == {}


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_save_that_fails_keeps_the_old_files_and_leaves_no_others(saved, monkeypatch, step):
    before = {path.name: path.read_bytes() for path in saved.parent.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(files.Path, "write_bytes", full)
    else:
        monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(DigitsError, match="No space left"):
        save_weights(create_model("mlp", seed=2), saved, {})
    assert {path.name: path.read_bytes() for path in saved.parent.iterdir()} == before


def test_a_card_that_is_no_json_keeps_the_old_files(saved):
    before = {path.name: path.read_bytes() for path in saved.parent.iterdir()}
    with pytest.raises(TypeError):
        save_weights(create_model("mlp", seed=2), saved, {"seed": object()})
    assert {path.name: path.read_bytes() for path in saved.parent.iterdir()} == before


def test_weights_that_are_not_finite_are_not_saved(saved):
    before = saved.read_bytes()
    network = create_model("mlp")
    network.layers[3].bias.data[0] = torch.nan
    with pytest.raises(DigitsError, match="not finite"):
        save_weights(network, saved, {})
    assert saved.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DigitsError, match="cannot be written"):
        save_weights(create_model("mlp"), tmp_path / "file" / "a.safetensors", {})


def test_many_threads_write_one_file_whole(tmp_path):
    contents = [bytes([i]) * 100_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_atomically(tmp_path / "file", content), contents * 5))
    assert (tmp_path / "file").read_bytes() in contents
    assert os.listdir(tmp_path) == ["file"]


def test_missing_weights_are_refused(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path, tmp_path / ("x" * 5_000)):
        with pytest.raises(DigitsError, match="no weights file"):
            load_weights(path)


def test_truncated_weights_are_refused(saved):
    whole = saved.read_bytes()
    for length in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        saved.write_bytes(whole[:length])
        with pytest.raises(DigitsError, match="not a whole safetensors file"):
            load_weights(saved)


def test_pickled_weights_are_refused_unopened(tmp_path):
    path = tmp_path / "a.safetensors"
    torch.save(create_model("mlp").state_dict(), path)
    with pytest.raises(DigitsError, match="pickled .* not opened"):
        load_weights(path)


def test_weights_of_an_unknown_network_are_refused(saved):
    rewrite(saved, lambda tensors: None, {"network": "resnet50"})
    with pytest.raises(DigitsError, match="resnet50, but Digits knows cnn-fast, cnn, cnn-large, lenet, mlp"):
        load_weights(saved)
    save_file({"a": torch.zeros(1)}, saved)
    with pytest.raises(DigitsError, match="an unnamed network"):
        load_weights(saved)


def test_weights_of_another_network_are_refused(saved):
    rewrite(saved, lambda tensors: None, {"network": "cnn"})
    with pytest.raises(DigitsError, match="does not fit the network 'cnn'"):
        load_weights(saved)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("std"), "std is missing"),
        (lambda t: t.update({"extra": torch.zeros(2)}), r"extra is \(2,\) float32 where nothing"),
        (lambda t: t.update({"layers.3.bias": torch.zeros(9)}), r"layers.3.bias is \(9,\) float32 .* \(10,\) float32"),
        (lambda t: t.update({"std": torch.ones((), dtype=torch.float8_e4m3fn)}), "std is .* float8_e4m3fn"),
        (lambda t: t["layers.3.bias"].fill_(torch.inf), "not finite"),
        (lambda t: t["temperature"].fill_(0), "no network can read with"),
        (lambda t: t["temperature"].fill_(-1), "no network can read with"),
        (lambda t: t["std"].fill_(0), "no network can read with"),
    ],
)
def test_weights_that_do_not_fit_are_refused(saved, change, words):
    rewrite(saved, change)
    with pytest.raises(DigitsError, match=words):
        load_weights(saved)


def test_an_oversized_file_is_refused_unopened(saved):
    with saved.open("r+b") as file:
        file.truncate(100_000_001)
    with pytest.raises(DigitsError, match="too large"):
        load_weights(saved)


@pytest.mark.parametrize("card", ["{", "[1, 2]", "null", b"\xff\xfe", "[" * 100_000])
def test_a_damaged_card_is_refused(saved, card):
    saved.with_suffix(".json").write_bytes(card if isinstance(card, bytes) else card.encode())
    with pytest.raises(DigitsError, match=r"card weights\.json is not a JSON object"):
        load_weights(saved)


@pytest.mark.parametrize("name", ["cnn-large", "cnn", "mlp"])
def test_shipped_weights_have_a_whole_card(name):
    path = WEIGHTS / f"{name}.safetensors"
    network, card = load_weights(path)
    assert path.stat().st_size < 2_000_000
    assert network.name == card["network"] == name
    assert card["parameters"] == count_parameters(network)
    assert card["command"].startswith("python -m digits train --")
    assert card["config"]["model"] == name
    assert card["seed"] == card["config"]["seed"]
    assert card["complete"] is True
    assert card["torch"].startswith("2.")
    assert card["date"].count("-") == 2
    assert json.loads(path.with_suffix(".json").read_text()) == card
    assert card["figures"]["test_accuracy"] >= {"cnn-large": 0.996, "cnn": 0.994, "mlp": 0.975}[name]
