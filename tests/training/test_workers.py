"""Two processes under torchrun train the network that one trains; when one is killed, the run's folder stays whole."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from digits.__main__ import build_parser, main
from digits.commands.train import train_config
from digits.errors import DigitsError
from digits.model.weights import load_weights
from digits.training import loop, workers
from digits.training.config import TrainConfig
from digits.training.loop import train
from digits.training.plan import make_plan
from digits.training.run_folder import load_settings
from digits.training.workers import Workers, is_first, joined, present_workers

ROOT = Path(__file__).parents[2]

# The command lines of its first argument, one after another, on the images of conftest's small_mnist.
WORKER = """
import json, os, sys
from pathlib import Path
from torch import distributed
from digits.training import loop
from digits.__main__ import main
from digits.data.mnist import Mnist, load_mnist

mnist = load_mnist()
small = Mnist(mnist.images[:3000], mnist.labels[:3000], mnist.test_images[:1000], mnist.test_labels[:1000], 1000)
loop.load_mnist = lambda device: small
Path(sys.argv[2], f"pid{os.environ['RANK']}").write_text(str(os.getpid()))
lines = json.loads(sys.argv[1])
if len(lines) > 1:
    distributed.init_process_group("gloo")  # a group cannot be made twice with torchrun's one store
codes = [main(line.split()) for line in lines]
sys.exit(0 if codes == json.loads(sys.argv[3]) else 1)
"""


def torchrun(folder: Path, lines: list[str], codes: list[int]) -> subprocess.Popen:
    """The command lines in two processes, which end with 0 if the lines end with `codes`."""
    (folder / "worker.py").write_text(WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.Popen(
        [*command, str(folder / "worker.py"), json.dumps(lines), str(folder), json.dumps(codes)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("images", [1, 2, 3, 7, 128])
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_shares_are_the_batch_and_their_weighted_gradients_its_gradient(images, count):
    generator = torch.Generator().manual_seed(images)
    batch = torch.randperm(200, generator=generator)[:images]
    inputs, weights = torch.randn(200, 5, generator=generator), torch.randn(5, generator=generator, requires_grad=True)

    def gradient(indices, weight=None):
        weights.grad = None
        (inputs[indices] @ weights).square().mean().backward(weight)
        return weights.grad

    shares = [Workers(rank, count).share(batch) for rank in range(count)]
    mean = sum(gradient(*share) for share in shares) / count
    torch.testing.assert_close(mean, gradient(batch))
    assert all(len(share) >= 1 for share, _ in shares)  # a network has nothing to say about no images
    taken = torch.cat([share for share, weight in shares if weight is None or weight > 0])
    assert torch.equal(taken, batch)


def test_a_process_alone_pays_nothing_and_joins_nothing():
    batch, model = torch.arange(10), torch.nn.Linear(2, 2)
    alone = present_workers()
    share, weight = alone.share(batch)
    assert alone == Workers(0, 1)
    assert share is batch
    assert weight is None
    assert alone.connect(model) is model
    handler = signal.getsignal(signal.SIGTERM)
    with joined("auto", "runs/x") as device:
        assert device == "auto"
        assert is_first()
        assert not torch.distributed.is_initialized()
        assert signal.getsignal(signal.SIGTERM) is handler


def test_a_half_set_environment_is_one_sentence(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DigitsError, match="start it with torchrun"), joined("cpu", "runs/x"):
        pass
    assert not torch.distributed.is_initialized()


def test_a_half_set_environment_leaves_no_error_without_a_word(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    assert main(["train", "--epochs", "0", "--device", "cpu"]) == 2
    assert capsys.readouterr().err.startswith("digits: The number of epochs is 0")


def test_each_process_takes_its_gpu_before_it_looks_at_one(monkeypatch):
    taken = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    for name in ("cpu", "auto"):
        assert main(["train", "--epochs", "0", "--device", name]) == 2  # at the first check
    assert taken == [1]


@pytest.mark.parametrize(
    ("batch_size", "processes", "fits"), [(4, 2, True), (3, 2, False), (7, 3, True), (2, 8, False)]
)
def test_each_process_has_images_enough_for_batch_norm(batch_size, processes, fits):
    config = TrainConfig(layers="c5s2n-6 f-32", batch_size=batch_size)
    if fits:
        assert make_plan(config, 7 * 20 * 4, processes).steps
        return
    with pytest.raises(DigitsError, match="a process's share of a batch has one image"):
        make_plan(config, 7 * 20 * 4, processes)
    make_plan(TrainConfig("mlp", batch_size=batch_size), 561, processes)  # it has none


def test_each_process_needs_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(workers, "select_device", torch.device)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(DigitsError, match="this machine has 1; say --nproc-per-node=1"), joined("cuda", "runs/x"):
        pass


@pytest.mark.timeout(900)  # three processes import torch, on two cores that may be busy
def test_two_processes_train_what_one_trains(small_mnist, tmp_path, monkeypatch, capfd):
    plain = (
        "train --model mlp --optimizer sgd --schedule constant --learning-rate 0.05 --augment none --device cpu --json"
    )
    lines = [
        f"{plain} --batch-size 1999",  # the second batch has one image
        f"{plain} --batch-size 151 --epochs 3",
        "train --model cnn --batch-size 64 --epochs 2 --device cpu --json",
        "train --model mlp --epochs 0",
    ]
    monkeypatch.setattr(loop, "load_mnist", lambda device: small_mnist)
    for i, line in enumerate(lines[:3]):
        assert main(f"{line} --out {tmp_path}/one{i}".split()) == 0
    config = train_config(build_parser().parse_args(f"{lines[1]} --out {tmp_path}/resumed".split()))
    stopped = train(config, small_mnist)
    while next(stopped).step < 20:
        pass
    stopped.close()

    there = [f"{line} --out {tmp_path}/two{i}" for i, line in enumerate(lines)]
    process = torchrun(tmp_path, [*there, f"train --resume {tmp_path}/resumed --device cpu --json"], [0, 0, 0, 2, 0])
    out, err = process.communicate()
    assert process.returncode == 0, err
    results = [json.loads(line) for line in out.splitlines()]
    assert len(results) == 4  # the first process alone prints
    assert err.count("digits: The number of epochs is 0") == 1

    for alone, together in (("one0", "two0"), ("one1", "two1"), ("one1", "resumed")):
        (model, card), (joint_model, joint_card) = (
            load_weights(tmp_path / name / "weights.safetensors") for name in (alone, together)
        )
        assert card["steps"] == joint_card["steps"]
        for name, tensor in model.state_dict().items():
            torch.testing.assert_close(joint_model.state_dict()[name], tensor, atol=1e-5, rtol=1e-4)
        assert sorted(os.listdir(tmp_path / alone)) == sorted(os.listdir(tmp_path / together))
    cards = [json.loads((tmp_path / name / "weights.json").read_text()) for name in ("one2", "two2")]
    assert [card["processes"] for card in cards] == [1, 2]
    # Halves of batches are normalised and augmented on their own: the same within noise.
    alone, together = (card["figures"]["validation_accuracy"] for card in cards)
    assert together == pytest.approx(alone, abs=0.03)
    logged = [json.loads(line)["step"] for line in (tmp_path / "two2" / "log.jsonl").read_text().splitlines()]
    assert logged == list(range(1, 65))[: len(logged)]


@pytest.mark.parametrize(
    ("victim", "words"), [(0, "digits: Worker 1 ended because another one did."), (1, "digits: A worker was lost")]
)
@pytest.mark.timeout(900)
def test_a_killed_worker_ends_the_run_and_leaves_the_last_checkpoint(small_mnist, tmp_path, victim, words):
    out = tmp_path / "run"
    line = f"train --model mlp --epochs 1000 --batch-size 100 --device cpu --out {out}"
    process = torchrun(tmp_path, [line], [0])
    try:
        while not (out / "state.pt").is_file():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        os.kill(int((tmp_path / f"pid{victim}").read_text()), signal.SIGKILL)
        _, err = process.communicate()
    finally:
        process.kill()
    assert process.returncode != 0
    assert err.count("\ndigits: ") == 1
    assert words in err
    assert f"{os.sep}loop.py" not in err  # torchrun prints a traceback of its own, we none
    assert not list(out.glob(".*"))
    network, card = load_weights(out / "weights.safetensors")
    assert network.name == "mlp"
    assert card["complete"] is False
    step = torch.load(out / "state.pt", weights_only=True)["step"]
    config = TrainConfig(**(load_settings(out) | {"out": out}))
    assert step < next(train(config, small_mnist, resume=True)).step <= card["steps"] + 50
