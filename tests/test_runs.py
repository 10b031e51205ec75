"""Trainings that outlast the server: a queue on the same folder has them again."""

import dataclasses
import functools
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from digits import runs as runs_module
from digits.errors import DigitsError
from digits.jobs import JobQueue
from digits.runs import DONE, PAUSED, STOPPED, WAITING, KeptRuns, default_folder, hash_visitor
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.loop import train
from digits.training.plan import LONGEST_SILENCE, MOST_UPDATES, MOST_VALIDATIONS
from digits.training.run_folder import find_step
from digits.training.update import LARGEST_LOG

ROOT = Path(__file__).parents[1]
QUICK = TrainConfig("mlp", epochs=1, batch_size=2_000, augment="none", device="cpu", examples=4_000)


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def start_and_wait(queue, visitor="ann"):
    job = queue.start(QUICK, visitor)
    wait_for(lambda: not job.active)
    assert job.state == DONE, job.message
    return job


def train_one(folder, visitor="ann", name=""):
    """A finished run in that folder -> its id."""
    queue = JobQueue(runs=KeptRuns(folder))
    job = start_and_wait(queue, visitor)
    if name:
        queue.label(visitor, job.id, name)
    queue.close()
    return job.id


def pause_one(folder):
    """A run in that folder that its visitor paused before the server's end."""
    queue = JobQueue(runs=KeptRuns(folder))
    job = queue.start(dataclasses.replace(QUICK, epochs=30), "ann")
    wait_for(lambda: (job.folder / "state.pt").is_file())
    queue.pause("ann")
    wait_for(lambda: job.state == PAUSED)
    queue.close()


def test_a_finished_run_is_there_after_the_server_s_end(tmp_path):
    run = train_one(tmp_path, name="My best")
    queue = JobQueue(runs=KeptRuns(tmp_path))
    (job,) = queue.of_visitor("ann")
    assert (job.id, job.state, job.number, job.name) == (run, DONE, 1, "My best")
    assert job.weights.is_file()
    assert job.updates[-1].done
    assert job.updates[-1].test_accuracy is not None
    assert queue.of_visitor("bob") == []
    assert queue.start(QUICK, "ann").number == 2
    queue.close()


def test_no_visitor_s_id_lies_on_the_disk(tmp_path):
    visitor = "a-visitor-s-secret-id"
    run = train_one(tmp_path, visitor)
    assert visitor not in "".join(path.read_text() for path in (tmp_path / run).glob("*.json*"))
    assert json.loads((tmp_path / run / "run.json").read_text())["visitor"] == hash_visitor(visitor)


def test_a_finished_run_needs_no_gpu_to_be_there(tmp_path):
    run = train_one(tmp_path)
    say_its_device(tmp_path / run, "cuda:77")
    (job,) = KeptRuns(tmp_path).load()
    assert (job.state, job.config.device) == (DONE, "cuda:77")
    assert job.weights


@pytest.mark.parametrize("chosen", ["auto", "cuda:77"])
def test_a_run_whose_gpu_is_gone_is_stopped_and_its_weights_are_offered(tmp_path, monkeypatch, chosen):
    """Where a GPU was chosen and where the best device was, of which there is a state."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    pause_one(tmp_path)
    (path,) = tmp_path.glob("*/state.pt")
    say_its_device(path.parent, chosen)
    torch.save(torch.load(path, weights_only=True) | {"device": "cuda"}, path)
    queue = JobQueue(runs=KeptRuns(tmp_path))
    (job,) = queue.of_visitor("ann")
    assert job.state == PAUSED
    queue.go_on("ann")
    wait_for(lambda: not job.active)
    assert (job.state, "the weights so far are kept" in job.message) == (STOPPED, True), job.message
    assert job.weights
    queue.close()


def say_its_device(folder, name):
    for file, inside in (("run.json", "settings"), ("config.json", None)):
        values = json.loads((folder / file).read_text())
        (values[inside] if inside else values)["device"] = name
        (folder / file).write_text(json.dumps(values))


def say_it_runs(folder):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": "running"}))


def test_a_run_that_was_at_its_end_when_the_server_was_killed_is_done(tmp_path):
    run = train_one(tmp_path)
    say_it_runs(tmp_path / run)
    (job,) = JobQueue(runs=KeptRuns(tmp_path)).of_visitor("ann")
    assert (job.state, job.updates[-1].done) == (DONE, True)
    assert job.weights


def test_an_interrupted_run_waits_for_its_turn_again(tmp_path, monkeypatch):
    run = train_one(tmp_path)
    say_it_runs(tmp_path / run)
    card = tmp_path / run / "weights.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"complete": False}))
    monkeypatch.setattr(JobQueue, "_begin", lambda queue: None)
    (job,) = JobQueue(runs=KeptRuns(tmp_path)).of_visitor("ann")
    assert job.state == WAITING
    assert not job.resumes  # it has no state: it begins anew


def test_a_paused_run_is_still_paused_after_the_server_s_end_and_goes_on(tmp_path):
    pause_one(tmp_path)
    later = JobQueue(runs=KeptRuns(tmp_path))
    (job,) = later.of_visitor("ann")
    assert (job.state, job.resumes) == (PAUSED, True)
    steps = job.updates[-1].step
    later.go_on("ann")
    wait_for(lambda: not job.active)
    assert job.state == DONE, job.message
    assert job.updates[-1].step > steps
    later.close()


LONG = dataclasses.replace(QUICK, epochs=300, batch_size=100)  # a validation every 10 steps


@pytest.mark.parametrize("stands", ["running", "paused", "waiting"])
def test_the_server_s_end_puts_a_run_down_where_it_stands(tmp_path, monkeypatch, stands):
    queue = JobQueue(runs=KeptRuns(tmp_path))
    job = queue.start(LONG, "ann")
    wait_for(lambda: len(job.updates) > 15)
    if stands != "running":
        queue.pause("ann")
        wait_for(lambda: job.state == PAUSED)
    if stands == "waiting":
        other = queue.start(LONG, "bob")
        wait_for(lambda: other.updates)
        queue.go_on("ann")
        assert job.state == WAITING
    queue.close()
    reached = job.updates[-1].step
    assert find_step(job.folder) == reached
    monkeypatch.setattr(JobQueue, "_begin", lambda queue: None)
    (again,) = JobQueue(runs=KeptRuns(tmp_path)).of_visitor("ann")
    assert find_step(job.folder) == reached
    assert (again.state, again.resumes) == (PAUSED if stands == "paused" else WAITING, True)
    assert again.updates[-1].step == reached


def test_a_paused_run_of_an_earlier_server_can_be_stopped(tmp_path):
    pause_one(tmp_path)
    later = JobQueue(runs=KeptRuns(tmp_path))
    later.stop("ann")
    (job,) = later.of_visitor("ann")
    assert (job.state, job.message) == (STOPPED, "Stopped; the weights so far are kept.")
    assert job.weights
    assert not (job.folder / "state.pt").exists()
    later.close()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 1}', '{"format": 99}', json.dumps({"format": 1, "number": "x", "visitor": 3})]
)
def test_a_damaged_run_is_left_where_it_lies(tmp_path, text):
    run = train_one(tmp_path)
    (tmp_path / run / "run.json").write_text(text)
    assert JobQueue(runs=KeptRuns(tmp_path)).all() == []
    assert (tmp_path / run / "weights.safetensors").is_file()


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / "my holiday pictures").mkdir()
    (tmp_path / "note.txt").write_text("keep")
    run = train_one(tmp_path)
    queue = JobQueue(runs=KeptRuns(tmp_path))
    queue.remove("ann", run)
    assert not (tmp_path / run).exists()
    assert (tmp_path / "my holiday pictures").is_dir()
    assert (tmp_path / "note.txt").read_text() == "keep"


def test_the_oldest_unpinned_runs_make_room(tmp_path, monkeypatch):
    first, second, third = (train_one(tmp_path) for _ in range(3))
    queue = JobQueue(runs=KeptRuns(tmp_path))
    queue.label("ann", first, pinned=True)
    queue.close()
    sizes = sum(path.stat().st_size for path in (tmp_path / third).iterdir())
    monkeypatch.setattr(runs_module, "MOST_BYTES", 2.5 * sizes)
    left = {job.id for job in JobQueue(runs=KeptRuns(tmp_path)).all()}
    assert left == {first, third}
    assert not (tmp_path / second).exists()


def test_a_training_makes_room_for_itself_on_the_disk(tmp_path, monkeypatch):
    queue = JobQueue(runs=KeptRuns(tmp_path))
    jobs = [start_and_wait(queue) for _ in range(2)]
    sizes = sum(path.stat().st_size for path in jobs[0].folder.iterdir())
    monkeypatch.setattr(runs_module, "MOST_BYTES", 1.5 * sizes)
    queue.label("ann", jobs[1].id, pinned=True)
    start_and_wait(queue)
    assert not jobs[0].folder.exists()
    assert jobs[1].folder.exists()
    queue.close()


def test_so_many_are_pinned_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module, "MOST_PINNED", 1)
    queue = JobQueue(runs=KeptRuns(tmp_path))
    first, second = (start_and_wait(queue) for _ in range(2))
    queue.label("ann", first.id, pinned=True)
    with pytest.raises(DigitsError, match="unpin one first"):
        queue.label("ann", second.id, pinned=True)
    queue.label("ann", first.id, pinned=False)
    queue.label("ann", second.id, pinned=True)
    queue.close()


def test_a_second_server_does_not_take_up_the_runs_of_the_first(tmp_path):
    code = f"from pathlib import Path; from digits.runs import KeptRuns; KeptRuns(Path({str(tmp_path)!r}))"
    start = functools.partial(subprocess.run, [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert start().returncode == 0
    KeptRuns(tmp_path)
    assert "another running server keeps its own there" in start().stderr


def test_only_its_visitor_changes_a_run(tmp_path):
    run = train_one(tmp_path)
    queue = JobQueue(runs=KeptRuns(tmp_path))
    for act in (lambda: queue.label("bob", run, "mine"), lambda: queue.remove("bob", run)):
        with pytest.raises(DigitsError, match="not on this server"):
            act()


def test_a_folder_that_cannot_be_used_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DigitsError, match="Runs cannot be kept"):
        KeptRuns(tmp_path / "file" / "runs")


def test_the_default_folder_is_the_user_s_data_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(runs_module.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "digits" / "runs"


def watched(folder, **changes):
    """A finished run in that folder that looked at a drawing -> its updates."""
    queue = JobQueue(runs=KeptRuns(folder))
    job = queue.start(dataclasses.replace(QUICK, **changes), "ann", Watch(torch.rand(1, 28, 28)))
    wait_for(lambda: not job.active)
    queue.close()
    return job.updates


def test_what_it_saw_inside_is_there_after_the_server_s_end(tmp_path):
    before = watched(tmp_path)
    queue = JobQueue(runs=KeptRuns(tmp_path))
    (job,) = queue.of_visitor("ann")
    assert not any(update.look for update in job.updates)  # a start reads none of them
    job.recall()
    assert len(job.updates) == len(before) > 1
    for old, new in zip(before, job.updates, strict=True):
        for name in ("drawing", "ten", "filters"):
            np.testing.assert_array_equal(getattr(new.look, name), getattr(old.look, name))
        assert (new.look.units, new.look.gradients) == (old.look.units, old.look.gradients)
        np.testing.assert_array_equal(new.confusion, old.confusion)
    assert job.updates[-1].confusion.sum() == 5_000
    queue.close()


@pytest.mark.parametrize("damage", [b"", b"{", b"3\n", b'{"step": 1, "look": {}}\n', b'{"step": [], "look": 5}\n'])
def test_a_damaged_file_of_looks_costs_the_looks_alone(tmp_path, damage):
    count = len(watched(tmp_path))
    (looks,) = tmp_path.glob("*/looks.jsonl")
    looks.write_bytes(damage)
    (job,) = KeptRuns(tmp_path).load()
    job.recall()
    assert len(job.updates) == count
    assert not any(update.look for update in job.updates)


def test_a_run_that_goes_on_looks_at_the_same_drawing(tmp_path):
    queue = JobQueue(runs=KeptRuns(tmp_path))
    job = queue.start(dataclasses.replace(QUICK, epochs=30), "ann", Watch(torch.rand(1, 28, 28)))
    wait_for(lambda: (job.folder / "state.pt").is_file())
    queue.pause("ann")
    wait_for(lambda: job.state == PAUSED)
    seen = len(job.updates)
    queue.close()
    queue = JobQueue(runs=KeptRuns(tmp_path))
    (again,) = queue.of_visitor("ann")
    assert torch.equal(again.watch.ink, (job.watch.ink * 255).round() / 255)
    queue.go_on("ann")
    wait_for(lambda: len(again.updates) > seen + 2)
    queue.stop("ann")
    wait_for(lambda: not again.active)
    queue.close()
    again.recall()
    assert all(update.look is not None and update.look.drawing is not None for update in again.updates)


def test_the_looks_of_the_longest_training_are_not_too_large_to_be_read(tmp_path):
    config = dataclasses.replace(QUICK, out=tmp_path)
    *_, last = train(config, watch=Watch(torch.rand(1, 28, 28)))
    look = len(json.dumps(last.look_to_json() | {"confusion": None}))
    confusion = len(json.dumps(np.full((10, 10), 500).tolist()))
    between = 1_800 / LONGEST_SILENCE  # updates of a slow training of half an hour, beside those that every one has
    assert look > 10_000  # an MLP's twelve hidden units, each of 784 weights
    assert (MOST_UPDATES + between) * look + MOST_VALIDATIONS * confusion < LARGEST_LOG


@pytest.mark.parametrize("with_state", [True, False])
def test_what_was_logged_after_the_last_state_is_trained_again_and_listed_once(tmp_path, with_state):
    pause_one(tmp_path)
    (log,) = tmp_path.glob("*/log.jsonl")
    last = json.loads(log.read_text().splitlines()[-1])
    with log.open("a") as file:
        file.write(json.dumps(last | {"step": last["step"] + 1}) + "\n")  # the server ended before the next state
    if not with_state:
        (log.parent / "state.pt").unlink()
    (job,) = KeptRuns(tmp_path).load()
    steps = [update.step for update in job.updates]
    assert (find_step(log.parent) in steps) == with_state
    assert last["step"] + 1 not in steps
    queue = JobQueue(runs=KeptRuns(tmp_path))
    (again,) = queue.of_visitor("ann")
    queue.go_on("ann")
    wait_for(lambda: len(again.updates) > len(steps) + 2)
    queue.stop("ann")
    wait_for(lambda: not again.active)
    queue.close()
    assert all(earlier.step < later.step for earlier, later in itertools.pairwise(again.updates))
