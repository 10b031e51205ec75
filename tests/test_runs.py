"""Trainings that outlast the server: a queue on the same folder has them again."""

import dataclasses
import itertools
import json
import time

import numpy as np
import pytest
import torch

from digits import runs as runs_module
from digits.errors import DigitsError
from digits.jobs import JobQueue
from digits.runs import DONE, PAUSED, STOPPED, WAITING, KeptRuns, default_folder, hash_visitor
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.run_folder import find_step

QUICK = TrainConfig("mlp", epochs=1, batch_size=2_000, augment="none", device="cpu", examples=4_000)


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def train_one(folder, visitor="ann", name=""):
    """A finished run in that folder -> its id."""
    queue = JobQueue(runs=KeptRuns(folder))
    job = queue.start(QUICK, visitor)
    wait_for(lambda: not job.active)
    assert job.state == DONE, job.message
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


def test_an_interrupted_run_waits_for_its_turn_again(tmp_path, monkeypatch):
    run = train_one(tmp_path)
    path = tmp_path / run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": "running"}))
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


@pytest.mark.parametrize("paused", [False, True])
def test_the_server_s_end_puts_a_run_down_where_it_stands(tmp_path, monkeypatch, paused):
    queue = JobQueue(runs=KeptRuns(tmp_path))
    job = queue.start(dataclasses.replace(QUICK, epochs=300, batch_size=100), "ann")
    wait_for(lambda: len(job.updates) > 15)  # a validation every 10 steps
    if paused:
        queue.pause("ann")
        wait_for(lambda: job.state == PAUSED)
    queue.close()
    reached = job.updates[-1].step
    assert find_step(job.folder) == reached
    monkeypatch.setattr(JobQueue, "_begin", lambda queue: None)
    (again,) = JobQueue(runs=KeptRuns(tmp_path)).of_visitor("ann")
    assert (again.state, again.resumes) == (PAUSED if paused else WAITING, True)
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
