"""A run that was stopped, killed or cut off anywhere ends as the run that was not; what is no run is refused."""

import dataclasses
import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from digits.__main__ import main
from digits.data.augment import augment
from digits.data.mnist import Mnist
from digits.errors import DigitsError
from digits.model.networks import CNN, NETWORKS
from digits.model.weights import load_weights
from digits.training import loop, record
from digits.training.calibration import Score, calibrate, compute_logits
from digits.training.config import TrainConfig
from digits.training.loop import train
from digits.training.run_folder import RunFolder, load_settings

ROOT = Path(__file__).parents[2]
QUICK = TrainConfig(model="mlp", epochs=2, batch_size=150, device="cpu")  # 2 epochs of 14 steps, the last of 50 images
FINISHED = ["best.json", "best.safetensors", "config.json", "log.jsonl", "weights.json", "weights.safetensors"]


@pytest.fixture(scope="module")
def few(small_mnist) -> Mnist:
    """100 images to train on, 50 to validate, 50 to test: a run takes milliseconds."""
    return Mnist(
        *(tensor[:150] for tensor in (small_mnist.images, small_mnist.labels)),
        *(tensor[:50] for tensor in (small_mnist.test_images, small_mnist.test_labels)),
        50,
    )


def lines(folder: Path) -> list[dict]:
    """The log, without what a clock decides."""
    times = ("elapsed", "remaining", "images_per_second")
    read = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in times} for line in read]


def left(folder: Path) -> tuple:
    """All that a run leaves that must not depend on how it came about."""
    kept = []
    for name in ("weights", "best"):
        network, card = load_weights(folder / f"{name}.safetensors")
        figures = {name: card["figures"][name] for name in ("validation_loss", "validation_accuracy", "test_accuracy")}
        kept.append((network.state_dict(), card["steps"], card["complete"], figures))
    return *kept, lines(folder), sorted(os.listdir(folder))


def assert_same(run: tuple, repeated_run: tuple) -> None:
    for (tensors, *rest), (repeated, *other_rest) in zip(run[:2], repeated_run[:2], strict=True):
        assert rest == other_rest
        assert all(torch.equal(tensors[name], repeated[name]) for name in tensors | repeated)
    assert run[2:] == repeated_run[2:]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "cnn"},
        {"model": "lenet", "optimizer": "sgd", "seed": 2**63 - 1},
        {"model": "mlp", "optimizer": "adam", "augment": "none"},
    ],
    ids=lambda changes: changes["model"],
)
def test_a_resumed_run_ends_with_the_same_weights_to_the_bit(changes, small_mnist, tmp_path):
    config = dataclasses.replace(QUICK, **changes)
    list(train(dataclasses.replace(config, out=tmp_path / "whole"), small_mnist))
    config = dataclasses.replace(config, out=tmp_path / "parts")
    reached = 0
    for stop, first in ((3, 1), (9, 4), (16, 10), (19, 17), (25, 20)):  # a validation every 4 steps
        updates = train(config, small_mnist, resume=stop > 3)
        for update in updates:
            reached = reached or update.step
            if update.step == stop:
                break
        updates.close()
        assert (stop, reached) == (stop, first)
        reached = 0
        torch.manual_seed(stop)  # nobody else's random numbers matter
    assert next(iter(train(config, small_mnist, resume=True))).step == 26
    list(train(config, small_mnist, resume=True))
    assert_same(left(tmp_path / "parts"), left(tmp_path / "whole"))
    assert sorted(os.listdir(tmp_path / "parts")) == FINISHED


def test_a_run_killed_between_any_two_changes_on_the_disk_can_be_resumed(few, tmp_path, monkeypatch):
    config = TrainConfig(model="lenet", batch_size=34, device="cpu")  # 3 steps, a validation at each
    list(train(dataclasses.replace(config, out=tmp_path / "whole"), few))
    whole = left(tmp_path / "whole")

    class Killed(BaseException):
        pass

    def mortal(operation):
        def operate(*arguments, **options):
            nonlocal life
            life -= 1
            if life < 0:  # a dead process changes nothing any more
                raise Killed
            return operation(*arguments, **options)

        return operate

    refused, lived = [], False
    for lifetime in range(1_000):
        life = lifetime
        out = dataclasses.replace(config, out=tmp_path / str(lifetime))
        with monkeypatch.context() as patch:
            patch.setattr("os.replace", mortal(os.replace))
            patch.setattr(Path, "unlink", mortal(Path.unlink))
            patch.setattr(Path, "write_bytes", mortal(Path.write_bytes))
            patch.setattr(RunFolder, "log", mortal(RunFolder.log))
            try:
                list(train(out, few))
                lived = True
            except Killed:
                pass
        for weights in out.out.glob("*.safetensors"):
            load_weights(weights)
        if not lived:
            try:
                list(train(out, few, resume=True))
            except DigitsError as error:
                refused.append((lifetime, str(error)))
                if "There is no run" in str(error):
                    assert lifetime < 20  # before config.json, the first thing that a run does
                    continue
                assert "is finished" in str(error)
                assert_same(left(out.out)[:3], whole[:3])
                continue
        assert_same(left(out.out), whole)
        if lived:
            break
    assert lived
    assert lifetime > 40
    assert len(refused) < 25


KILLED = """
import sys
from digits.data.mnist import Mnist, load_mnist
from digits.training.config import TrainConfig
from digits.training.loop import train

mnist = load_mnist()
few = Mnist(mnist.images[:3000], mnist.labels[:3000], mnist.test_images[:1000], mnist.test_labels[:1000], 1000)
for update in train(TrainConfig(model="mlp", epochs=2, batch_size=150, device="cpu", out=sys.argv[1]), few):
    print(update.step, flush=True)
"""


def test_a_run_that_the_system_kills_can_be_resumed(small_mnist, tmp_path):
    out = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        while process.stdout.readline() != b"10\n":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    finally:
        process.kill()
        process.stdout.close()
    assert (out / "state.pt").is_file()
    _, card = load_weights(out / "weights.safetensors")
    assert card["steps"] >= 8
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as many as the killed run had
    try:
        list(train(dataclasses.replace(QUICK, out=out), small_mnist, resume=True))
        list(train(dataclasses.replace(QUICK, out=tmp_path / "whole"), small_mnist))
    finally:
        torch.set_num_threads(threads)
    assert_same(left(out), left(tmp_path / "whole"))


@pytest.fixture
def unfinished(few, tmp_path) -> TrainConfig:
    """A run that was stopped behind its first validation."""
    config = TrainConfig(model="lenet", batch_size=10, device="cpu", out=tmp_path / "run")
    updates = train(config, few)
    assert [next(updates).step for _ in range(5)] == [1, 2, 3, 4, 5]
    updates.close()
    return config


def test_the_log_has_one_line_an_update(few, tmp_path):
    updates = list(train(dataclasses.replace(QUICK, out=tmp_path), few))
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert logged == [update.to_json() for update in updates]
    assert "model" not in logged[0]


def test_config_json_is_the_settings(unfinished):
    assert TrainConfig(**load_settings(unfinished.out), out=unfinished.out) == unfinished


def test_the_best_weights_are_of_the_first_best_validation(few, tmp_path, monkeypatch):
    accuracies = iter([0.3, 0.8, 0.5])  # before the last validation, which is a `finish`
    monkeypatch.setattr(record, "examine", lambda *_: (Score(1.0, next(accuracies)), None))
    monkeypatch.setattr(record, "finish", lambda *_: (Score(1.0, 0.8), None))
    updates = train(dataclasses.replace(QUICK, epochs=1, batch_size=25, out=tmp_path), few)
    kept = {
        update.step: {k: v.clone() for k, v in update.model.state_dict().items()}
        for update in updates
        if update.step < 4
    }
    monkeypatch.undo()
    network, card = load_weights(tmp_path / "best.safetensors")
    assert (card["steps"], card["figures"]["validation_accuracy"]) == (2, 0.8)
    weights = {name: tensor for name, tensor in network.state_dict().items() if name != "temperature"}
    assert all(torch.equal(tensor, kept[2][name]) for name, tensor in weights.items())


def test_weights_kept_on_the_way_have_honest_probabilities_and_the_training_knows_nothing_of_it(few, tmp_path):
    config = dataclasses.replace(QUICK, out=tmp_path)
    for update in train(config, few):
        if update.validation_accuracy is None or update.done:
            continue
        assert update.model.temperature == 1
        state = torch.load(tmp_path / "state.pt", weights_only=True)
        assert state["parts"]["model"]["temperature"] == 1
        network, _ = load_weights(tmp_path / "weights.safetensors")
        temperature = network.temperature.clone()
        calibrate(network, compute_logits(network, few.validation[0]), few.validation[1])
        torch.testing.assert_close(temperature, network.temperature, rtol=1e-3, atol=0)
        assert temperature != 1
    assert load_weights(tmp_path / "best.safetensors")[0].temperature != 1


def test_seconds_go_on_where_they_stopped(unfinished, few):
    before = [json.loads(line)["elapsed"] for line in (unfinished.out / "log.jsonl").read_text().splitlines()]
    list(train(unfinished, few, resume=True))
    after = [json.loads(line)["elapsed"] for line in (unfinished.out / "log.jsonl").read_text().splitlines()]
    assert after[: len(before)] == before  # as far as it was closed
    assert after == sorted(after)
    assert len(after) == 10


def test_a_run_that_is_closed_before_its_first_validation_goes_on(few, tmp_path):
    config = dataclasses.replace(QUICK, batch_size=10, out=tmp_path)
    updates = train(config, few)
    next(updates)
    assert not (tmp_path / "state.pt").exists()
    updates.close()
    assert next(train(config, few, resume=True)).step == 2


def test_what_ends_in_the_middle_of_a_step_goes_on_from_its_last_validation(small_mnist, tmp_path, monkeypatch):
    """Half a step is nothing to go on from: the batch norm has seen the batch, say, and the weights have not."""
    config, steps = dataclasses.replace(QUICK, out=tmp_path), iter(range(1, 100))

    def interrupt(*arguments) -> torch.Tensor:
        if next(steps) == 7:
            raise KeyboardInterrupt
        return augment(*arguments)

    monkeypatch.setattr(loop, "augment", interrupt)
    with pytest.raises(KeyboardInterrupt):
        list(train(config, small_mnist))
    monkeypatch.undo()
    assert next(train(config, small_mnist, resume=True)).step == 5  # a validation every 4 steps


def test_a_new_run_replaces_the_one_before(unfinished, few):
    updates = train(dataclasses.replace(unfinished, model="mlp"), few)
    next(updates)
    assert len(lines(unfinished.out)) == 1
    assert load_settings(unfinished.out)["model"] == "mlp"
    assert sorted(os.listdir(unfinished.out)) == ["config.json", "log.jsonl"]


def refusal(config, data) -> str:
    before = {path.name: path.read_bytes() for path in config.out.glob("*")}
    with pytest.raises(DigitsError) as refused:
        next(train(config, data, resume=True))
    assert "\n" not in str(refused.value)
    assert {path.name: path.read_bytes() for path in config.out.glob("*")} == before
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "mlp"}, "was started with model 'lenet' and cannot be resumed with 'mlp'"),
        ({"epochs": 9}, "was started with epochs 1 and cannot be resumed with 9"),
        ({"learning_rate": 0.1}, "was started with learning_rate None and cannot be resumed with 0.1"),
        ({"seed": 1}, "was started with seed 0 and cannot be resumed with 1"),
    ],
)
def test_other_settings_are_refused(unfinished, few, changes, words):
    assert words in refusal(dataclasses.replace(unfinished, **changes), few)


def test_other_images_are_refused(unfinished, small_mnist):
    assert "on 100 images and cannot be resumed with 2,000" in refusal(unfinished, small_mnist)


def test_another_device_is_refused_and_another_name_of_the_same_is_not(unfinished, few):
    updates = train(dataclasses.replace(unfinished, device="auto"), few, resume=True)
    assert next(updates).step == 6
    updates.close()
    assert next(train(unfinished, few, resume=True)).step == 7
    state = torch.load(unfinished.out / "state.pt", weights_only=True)
    torch.save({**state, "device": "cuda"}, unfinished.out / "state.pt")
    assert "trained on cuda and cannot be resumed on cpu; resume it with --device cuda" in refusal(unfinished, few)


def test_a_finished_run_says_so(unfinished, few):
    list(train(unfinished, few, resume=True))
    assert "is finished: there is nothing to resume" in refusal(unfinished, few)


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


KINDS = ["empty", "text", "cut", "a tensor", "a trap", "a pickle", "another file of torch's", "another run's"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_that_is_not_ours_is_one_sentence(unfinished, few, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = unfinished.out / "state.pt"
    state = path.read_bytes()
    if kind == "another file of torch's":
        torch.save({"step": 3}, path)
    elif kind == "a trap":
        torch.save(Trap(), path)
    elif kind == "a tensor":
        torch.save(torch.zeros(3), path)
    elif kind == "another run's":
        foreign = torch.load(path, weights_only=True)
        torch.save({**foreign, "settings": {**foreign["settings"], "seed": 5}}, path)
    else:
        contents = {"empty": b"", "text": b"step 3", "cut": state[: len(state) // 2], "a pickle": pickle.dumps(Trap())}
        path.write_bytes(contents[kind])
    assert "is not a whole state of this run; delete it" in refusal(unfinished, few)
    assert not Path("trapped").exists()
    path.unlink()
    assert next(train(unfinished, few, resume=True)).step == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", None, "There is no run in "),
        ("config.json", "{", "cannot be read as a JSON object"),
        ("config.json", "[1]", "cannot be read as a JSON object"),
        ("config.json", "{}", "was started with model None"),
        ("log.jsonl", "{", "is not the log of a run"),
        ("log.jsonl", "3\n", "is not the log of a run"),
    ],
)
def test_a_folder_that_is_no_run_is_one_sentence(unfinished, few, name, content, words):
    path = unfinished.out / name
    path.unlink() if content is None else path.write_text(content)
    assert words in refusal(unfinished, few)


def test_resuming_needs_a_folder(few):
    with pytest.raises(DigitsError, match="no folder to resume from"):
        train(QUICK, few, resume=True)


def test_resuming_clears_what_a_killed_process_left_half_written(unfinished, few):
    (unfinished.out / ".state.pt.0a1b2c3d.tmp").write_bytes(b"half")
    next(train(unfinished, few, resume=True))
    assert not list(unfinished.out.glob(".*"))


def test_the_command_line_resumes_with_the_saved_settings(unfinished, few, monkeypatch, capsys):
    monkeypatch.setattr(loop, "load_mnist", lambda device: few)
    folder = str(unfinished.out)
    assert main(["train", "--resume", folder, "--epochs", "2"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"digits: The run in {folder} was started with epochs 1")
    assert error.count("\n") == 1
    with pytest.raises(SystemExit):
        main(["train", "--resume", folder, "--out", folder])
    assert "not allowed with argument" in capsys.readouterr().err
    assert main(["train", "--resume", folder, "--batch-size", "10", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["complete"], result["weights"]) == (True, f"{folder}/weights.safetensors")
    assert [line["step"] for line in lines(unfinished.out)] == list(range(1, 11))
    assert main(["train", "--resume", folder]) == 2
    assert "is finished" in capsys.readouterr().err
    assert main(["train", "--resume", f"{folder}/nothing"]) == 2
    assert "There is no run in" in capsys.readouterr().err


def test_a_run_of_another_version_s_network_is_one_sentence(unfinished, few, monkeypatch):
    monkeypatch.setitem(NETWORKS, unfinished.model, CNN)
    assert "begun by another version of Digits" in refusal(unfinished, few)
