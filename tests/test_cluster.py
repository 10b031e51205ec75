"""Trainings on a Ray cluster: two nodes on this machine, one of which is killed."""

import contextlib
import dataclasses
import importlib.util
import itertools
import os
import sys
import time
from pathlib import Path

import pytest
import torch

from digits import DigitsError, Recognizer, TrainConfig, train
from digits.bench.app import free_port
from digits.engines import cluster as clusters
from digits.engines.cluster import Cluster
from digits.engines.worker import Worker, read_files, write_changes
from digits.jobs import JobQueue
from digits.reading.recognizer import WEIGHTS
from digits.runs import DONE, PAUSED, RUNNING, STOPPED, KeptRuns
from digits.training.look import Watch
from digits.training.teaching import TeachConfig
from digits.ui.serve import open_engine

ROOT = Path(__file__).parents[1]
HERE = importlib.util.find_spec("ray") is not None
with_ray = pytest.mark.skipif(not HERE and not os.environ.get("CI"), reason="Ray is not installed")

QUICK = TrainConfig("mlp", epochs=3, batch_size=200, augment="none", device="cpu", examples=4_000)
LONG = dataclasses.replace(QUICK, epochs=400)
MEMORY = 100_000_000  # bytes of a node's object store


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class Machines:
    """A Ray cluster on this machine: a head that trains nothing, and nodes of one processor."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster as Local

        port = free_port()
        self.address = f"ray://127.0.0.1:{port}"
        head = {"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": port}
        self.local = Local(initialize_head=True, head_node_args=head | {"object_store_memory": MEMORY})
        self.nodes = [self.local.add_node(num_cpus=1, object_store_memory=MEMORY) for _ in range(2)]

    def kill_a_busy_one(self) -> None:
        """The node whose raylet is the parent of a worker, without a warning to anybody."""
        parents = {int(Path(path, "stat").read_text().rpartition(")")[2].split()[1]) for path in find_workers()}
        for node in self.nodes:
            if {process.process.pid for process in node.all_processes["raylet"]} & parents:
                self.local.remove_node(node, allow_graceful=False)
                return
        raise AssertionError("nobody works")


def find_workers() -> list[Path]:
    """This machine's processes that Ray calls by our class's name."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(b"ray::Worker"):
            found.append(path)
    return found


@pytest.fixture(scope="module")
def machines():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ENABLE_AUTO_CONNECT", "0")  # as Cluster does before Ray is imported
        patch.setenv("PYTHONPATH", str(ROOT))  # what an installed package needs no word for
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        made = Machines()
        yield made
        import ray

        ray.shutdown()
        made.local.shutdown()


@pytest.fixture(scope="module")
def engine(machines):
    """One for all of this file: a worker that is there already begins at once."""
    reached = []

    def reach() -> bool:
        with contextlib.suppress(DigitsError):  # Ray refuses at first, on a busy machine
            reached.append(Cluster(machines.address))
        return bool(reached)

    wait_for(reach)
    return reached[0]


@pytest.fixture
def queue(engine, tmp_path):
    made = JobQueue(runs=KeptRuns(tmp_path), engine=engine)
    yield made
    for visitor in ("ann", "bob"):
        made.stop(visitor)
    wait_for(lambda: not any(job.active for job in made.all()))
    made.close()


pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets and log files of Ray's
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
]


@with_ray
def test_a_training_there_gives_the_weights_that_it_gives_here_and_its_folder_comes_back(queue, tmp_path):
    assert queue.trainings == 2
    job = queue.start(QUICK, "ann", Watch(torch.rand(1, 28, 28)))
    wait_for(lambda: not job.active)
    assert (job.state, job.message) == (DONE, "")
    assert [update.step for update in job.updates] == list(range(1, 61))
    assert all(update.look is not None and update.model is None for update in job.updates)
    names = {path.name for path in job.folder.iterdir()}
    best = {"best.json", "best.safetensors"}
    assert (
        names == {"config.json", "log.jsonl", "looks.jsonl", "run.json", "weights.json", "weights.safetensors"} | best
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        *_, _last = train(dataclasses.replace(QUICK, out=tmp_path / "here"))
    finally:
        torch.set_num_threads(threads)
    for name in ("weights.safetensors", "best.safetensors"):
        assert (job.folder / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert len((job.folder / "log.jsonl").read_text().splitlines()) == len(job.updates)


@with_ray
def test_two_train_at_once_and_each_can_be_stopped_or_paused(queue):
    first, second = (queue.start(LONG, visitor) for visitor in ("ann", "bob"))
    wait_for(lambda: first.updates and second.updates)
    assert (first.state, second.state) == (RUNNING, RUNNING)
    queue.stop("bob")
    wait_for(lambda: not second.active)
    assert (second.state, second.message) == (STOPPED, "Stopped; the weights so far are kept.")
    assert Recognizer.load(second.weights).card["steps"] >= second.updates[-1].step
    assert not (second.folder / "state.pt").exists()
    queue.pause("ann")
    wait_for(lambda: first.state == PAUSED)
    assert first.work is None
    seen = len(first.updates)
    queue.go_on("ann")
    wait_for(lambda: len(first.updates) > seen + 20)
    steps = [update.step for update in first.updates]
    every = steps[1] - steps[0]
    assert steps[seen] <= steps[seen - 1] + 2 * every  # from where it stood, not from its last validation
    assert all(earlier.step < later.step for earlier, later in itertools.pairwise(first.updates))


@with_ray
def test_a_teaching_works_there_too_and_one_that_is_stopped_leaves_nothing(queue, small_mnist):
    weights = WEIGHTS / "mlp.safetensors"
    lesson = TeachConfig(weights, "mlp", small_mnist.images[:3], small_mnist.labels[:3].flip(0), device="cpu")
    job = queue.start(lesson, "ann")
    wait_for(lambda: not job.active)
    assert job.state == DONE, job.message
    assert job.weights.read_bytes() != weights.read_bytes()
    again = queue.start(lesson, "ann")
    wait_for(lambda: again.updates)
    queue.stop("ann")
    wait_for(lambda: not again.active)
    assert again.weights is None or again.state == DONE


@with_ray
def test_what_fails_there_says_so_here(queue, capfd, caplog):
    job = queue.start(dataclasses.replace(QUICK, optimizer="sgd", learning_rate=10.0, batch_size=1), "ann")
    wait_for(lambda: not job.active)
    assert "no longer a finite number" in job.message
    assert "Traceback" not in capfd.readouterr().err + caplog.text


def lose_every_worker(engine, monkeypatch):
    def lose(*_):
        raise clusters.WorkerLost("gone")
        yield

    monkeypatch.setattr(engine, "_work", lose)


@with_ray
def test_a_training_that_loses_one_machine_after_the_other_ends_with_a_sentence(engine, monkeypatch, tmp_path, caplog):
    lose_every_worker(engine, monkeypatch)
    with pytest.raises(DigitsError, match="were lost 4 times"):
        list(engine.work(dataclasses.replace(QUICK, out=tmp_path)))
    assert caplog.text.count("lost its worker: gone") == 4


@with_ray
@pytest.mark.parametrize(
    ("nodes", "trainings", "expected"),
    [
        ([{"CPU": 1}, {"CPU": 1}, {}], None, (2, {"num_cpus": 1}, 1)),
        ([{"CPU": 8}, {"CPU": 4}], None, (12, {"num_cpus": 1}, 1)),
        ([{"CPU": 8}, {"CPU": 4}], 2, (2, {"num_cpus": 4}, 4)),
        ([{"CPU": 8}, {"CPU": 4}], 1, (1, {"num_cpus": 8}, 8)),
        ([{"CPU": 2}], 5, (5, {"num_cpus": 1}, 1)),
        ([{"CPU": 8, "GPU": 2}, {"CPU": 8, "GPU": 1}], None, (3, {"num_cpus": 0, "num_gpus": 1}, 1)),
        ([{"CPU": 8, "GPU": 2}], 4, (4, {"num_cpus": 0, "num_gpus": 0.5}, 1)),
    ],
)
def test_trainings_share_what_the_machines_have(engine, monkeypatch, nodes, trainings, expected):
    monkeypatch.setattr("ray.nodes", lambda: [{"Alive": True, "Resources": node} for node in nodes])
    assert engine._divide(trainings) == expected


@with_ray
def test_a_cluster_without_processors_gets_a_sentence(engine, monkeypatch):
    monkeypatch.setattr("ray.nodes", lambda: [{"Alive": True, "Resources": {}}])
    with pytest.raises(DigitsError, match="has no processors"):
        engine._divide(None)


@pytest.mark.parametrize(
    "address", ["", "auto://", "http://127.0.0.1:1", "ray://", "ray://127.0.0.1:port", "[", "a:0:1"]
)
def test_an_address_that_is_none_gets_a_sentence(address, monkeypatch):
    monkeypatch.setattr(clusters.importlib.util, "find_spec", lambda name: True)
    with pytest.raises(DigitsError, match="wanted the address of a Ray cluster"):
        Cluster(address)


@with_ray
def test_a_cluster_that_does_not_answer_gets_a_sentence_within_seconds(monkeypatch):
    monkeypatch.setattr("ray.is_initialized", lambda: False)  # the module's cluster is
    began = time.monotonic()
    with pytest.raises(DigitsError, match="cannot be reached .*; start it with: ray start"):
        Cluster(f"127.0.0.1:{free_port()}")
    assert time.monotonic() - began < 10


@with_ray
@pytest.mark.skipif(sys.platform != "linux", reason="finds a worker's node by /proc")
def test_a_training_whose_machine_is_killed_goes_on_on_another(queue, machines):
    job = queue.start(LONG, "ann")
    wait_for(lambda: len(job.updates) > 30 and (job.folder / "state.pt").is_file())
    seen = len(job.updates)
    machines.kill_a_busy_one()
    wait_for(lambda: len(job.updates) > seen + 30)
    assert job.state == RUNNING
    assert {later.step - earlier.step for earlier, later in itertools.pairwise(job.updates)} <= {1, 2, 3, 4}
    queue.stop("ann")
    wait_for(lambda: not job.active)
    assert job.state == STOPPED
    assert Recognizer.load(job.weights).card["complete"] is False


@with_ray
def test_a_cluster_that_is_lost_is_waited_for_and_then_given_up(engine, monkeypatch, tmp_path):
    lose_every_worker(engine, monkeypatch)
    monkeypatch.setattr(clusters, "PATIENCE", 2)
    engine.close()  # the module's connection: no test below needs it
    with pytest.raises(clusters.WorkerLost):
        list(engine._hire())
    monkeypatch.setattr(engine, "port", free_port())
    work = engine.work(dataclasses.replace(QUICK, out=tmp_path))
    assert next(work) is None  # who waits can stop
    with pytest.raises(DigitsError, match="cannot be reached; try again later"):
        list(work)


def test_without_ray_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(clusters.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DigitsError, match=r'pip install "ray\[client\]"'):
        open_engine(None, "127.0.0.1")


@pytest.mark.parametrize("trainings", [0, -1, 1_000])
def test_a_number_of_trainings_that_makes_no_sense_gets_a_sentence(trainings):
    with pytest.raises(DigitsError, match="--trainings is .*; wanted a whole number from 1 to 256"):
        open_engine(trainings, None)


def test_a_worker_s_folder_reaches_the_server_s_whole_and_by_what_is_new(tmp_path):
    """All of it without Ray: the worker is an object like any other."""
    config, threads = dataclasses.replace(QUICK, out=tmp_path / "run"), torch.get_num_threads()
    worker = Worker(threads)
    worker.begin(config, read_files(config, False), False, None)
    for _ in range(30):
        update, changes = worker.advance()
        write_changes(tmp_path / "run", changes)
    assert 0 < changes["log.jsonl"][0] == (tmp_path / "run" / "log.jsonl").stat().st_size - len(changes["log.jsonl"][1])
    worker.advance()  # an answer that nobody reads
    write_changes(tmp_path / "run", worker.close())
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == update.step + 1
    again = Worker(threads)
    again.begin(config, read_files(config, True), True, None)
    step = again.advance()[0].step
    assert step == update.step + 2  # the one that nobody read was done
    again.close()
