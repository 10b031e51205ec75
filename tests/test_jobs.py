"""The job queue, with real trainings of real digits, few of them."""

import dataclasses
import os
import sys
import threading
import time
from datetime import timedelta

import pytest
import torch

from digits import DigitsError, Recognizer, TrainConfig, files, runs
from digits.device import NICENESS
from digits.engines import here, to_end
from digits.engines.here import Here
from digits.jobs import JobQueue
from digits.model.weights import load_weights
from digits.reading.recognizer import WEIGHTS
from digits.runs import DONE, FAILED, PAUSED, RUNNING, STOPPED, WAITING
from digits.training import loop, teaching
from digits.training.teaching import TeachConfig

QUICK = TrainConfig(model="mlp", optimizer="adam", augment="none", device="cpu")
ENDLESS = TrainConfig(model="mlp", epochs=1_000, device="cpu")


@pytest.fixture
def queue(monkeypatch, small_mnist, request):
    """It trains one at a time, or as many as a test's parameter says."""
    for module in (loop, teaching):
        monkeypatch.setattr(module, "load_mnist", lambda device: small_mnist)
    made = JobQueue(trainings=getattr(request, "param", 1))
    yield made
    made.close()
    assert made.folder is None or not made.folder.exists()


one_or_two_at_once = pytest.mark.parametrize("queue", [1, 2], indirect=True)
two_at_once = pytest.mark.parametrize("queue", [2], indirect=True)


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)


@one_or_two_at_once
def test_a_job_trains_to_its_end_and_leaves_a_network(queue):
    job = queue.start(QUICK, "ann")
    wait_for(lambda: not job.active)
    assert job.state == DONE
    assert [update.step for update in job.updates] == sorted({update.step for update in job.updates})
    assert job.updates[-1].done
    assert all(update.model is None for update in job.updates)  # no network is kept alive by its curve
    assert Recognizer.load(job.weights).model.name == "mlp"
    assert job.validation_accuracy() == job.updates[-1].validation_accuracy


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux only")
def test_readings_come_before_a_training(queue):
    job = queue.start(ENDLESS, "ann")
    wait_for(lambda: job.updates)
    thread = next(thread for thread in threading.enumerate() if thread.name == "training")
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS


def test_one_trains_and_the_others_wait_in_order(queue):
    first, second, third = (queue.start(ENDLESS, name) for name in ("ann", "bob", "cem"))
    wait_for(lambda: first.updates)
    assert (first.state, second.state, third.state) == (RUNNING, WAITING, WAITING)
    assert [queue.ahead(job) for job in (first, second, third)] == [0, 1, 2]
    queue.stop("bob")
    assert second.state == STOPPED
    assert second.weights is None
    queue.stop("ann")
    wait_for(lambda: third.updates)
    assert first.state == STOPPED
    assert Recognizer.load(first.weights).card["complete"] is False
    assert queue.ahead(third) == 0
    queue.stop("cem")


@two_at_once
def test_two_train_at_once_and_the_third_waits_for_either(queue):
    first, second, third, fourth = (queue.start(ENDLESS, name) for name in ("ann", "bob", "cem", "dan"))
    wait_for(lambda: first.updates and second.updates)
    assert [job.state for job in (first, second, third, fourth)] == [RUNNING, RUNNING, WAITING, WAITING]
    assert [queue.ahead(job) for job in (first, second, third, fourth)] == [0, 0, 2, 3]
    assert queue.ahead() == 4
    queue.stop("dan")
    queue.stop("bob")
    wait_for(lambda: third.updates)
    assert (first.state, second.state) == (RUNNING, STOPPED)
    queue.pause("ann")
    wait_for(lambda: first.state == PAUSED)
    assert queue.ahead() == 0  # there is a place
    for visitor in ("ann", "cem"):
        queue.stop(visitor)


@two_at_once
def test_two_at_once_learn_what_each_learns_alone(queue):
    config = dataclasses.replace(QUICK, epochs=10)
    pair = [queue.start(config, name) for name in ("ann", "bob")]
    wait_for(lambda: not any(job.active for job in pair))
    alone = queue.start(config, "cem")
    wait_for(lambda: not alone.active)
    assert pair[1].started < pair[0].started + timedelta(seconds=1)
    contents = {job.weights.read_bytes() for job in (*pair, alone)}
    assert len(contents) == 1


@one_or_two_at_once
def test_a_paused_training_lets_others_train_and_goes_on_where_it_stood(queue):
    job = queue.start(dataclasses.replace(QUICK, epochs=20), "ann")
    whole = queue.start(dataclasses.replace(QUICK, epochs=20), "bob")
    wait_for(lambda: job.updates)
    queue.pause("ann")
    wait_for(lambda: job.state == PAUSED)
    seen = len(job.updates)
    wait_for(lambda: not whole.active)
    assert (job.state, job.active, len(job.updates)) == (PAUSED, True, seen)
    with pytest.raises(DigitsError, match="has not ended"):
        queue.start(QUICK, "ann")
    elapsed = job.updates[-1].elapsed
    threading.Event().wait(0.5)
    queue.go_on("ann")
    wait_for(lambda: not job.active)
    assert job.state == DONE
    assert job.updates[seen].step > job.updates[seen - 1].step
    assert job.updates[seen].elapsed - elapsed < 0.5  # the pause does not count
    weights = [Recognizer.load(ended.weights).model.state_dict() for ended in (job, whole)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


@one_or_two_at_once
def test_a_paused_training_is_stopped_at_once_and_keeps_its_weights(queue):
    job, bobs = queue.start(ENDLESS, "ann"), queue.start(ENDLESS, "bob")
    wait_for(lambda: job.updates)
    queue.pause("ann")
    wait_for(lambda: job.state == PAUSED and bobs.state == RUNNING)
    queue.stop("ann")
    assert (job.state, job.message) == (STOPPED, "Stopped; the weights so far are kept.")
    assert Recognizer.load(job.weights).card["complete"] is False
    queue.go_on("ann")
    assert job.state == STOPPED
    queue.stop("bob")


def test_one_that_waits_can_be_paused_too(queue):
    first, second = queue.start(ENDLESS, "ann"), queue.start(QUICK, "bob")
    queue.pause("bob")
    assert second.state == PAUSED
    wait_for(lambda: first.updates)
    queue.stop("ann")
    wait_for(lambda: not first.active)
    assert second.state == PAUSED
    queue.go_on("bob")
    wait_for(lambda: second.state == DONE)


@one_or_two_at_once
def test_so_many_stand_still_and_no_more(queue, monkeypatch):
    monkeypatch.setattr(runs, "MOST_PAUSED", 3)
    for visitor, client in (("ann", "a"), ("bob", "a"), ("cem", "a"), ("dan", "b"), ("eva", "c")):
        queue.start(ENDLESS, visitor, client=client)
    queue.pause("ann")
    queue.pause("ann")  # pressed twice
    queue.pause("bob")
    with pytest.raises(DigitsError, match="Too many trainings are paused"):
        queue.pause("cem")  # the client's third
    queue.pause("dan")
    with pytest.raises(DigitsError, match="Too many trainings are paused"):
        queue.pause("eva")  # the server's fourth
    for visitor in ("ann", "bob", "cem", "dan", "eva"):
        queue.stop(visitor)


@one_or_two_at_once
def test_a_visitor_trains_one_at_a_time_and_sees_only_their_own(queue):
    job = queue.start(ENDLESS, "ann")
    with pytest.raises(DigitsError, match="has not ended"):
        queue.start(QUICK, "ann")
    bobs = queue.start(QUICK, "bob")
    assert queue.of_visitor("ann") == [job]
    assert queue.of_visitor("bob") == [bobs]
    assert queue.of_visitor("") == []
    assert not queue.stop("cem")
    assert queue.stop("ann")
    wait_for(lambda: not bobs.active)


@one_or_two_at_once
def test_a_config_that_cannot_be_used_never_becomes_a_job(queue):
    with pytest.raises(DigitsError, match="learning rate"):
        queue.start(TrainConfig(learning_rate=float("nan")), "ann")
    assert queue.of_visitor("ann") == []


def test_a_full_queue_says_so(queue):
    queue.longest_queue = 1
    running = queue.start(ENDLESS, "ann")
    wait_for(lambda: running.state == RUNNING)
    queue.start(ENDLESS, "bob")
    with pytest.raises(DigitsError, match="try again in a few minutes"):
        queue.start(ENDLESS, "cem")


def test_a_client_takes_no_more_than_a_quarter_of_the_places(queue):
    queue.longest_queue = 8
    running = queue.start(ENDLESS, "ann", client="ann")
    wait_for(lambda: running.state == RUNNING)
    rude = [queue.start(QUICK, f"rude {i}", client="rude") for i in range(2)]
    with pytest.raises(DigitsError, match="2 trainings from your address"):
        queue.start(QUICK, "rude 2", client="rude")
    bob = queue.start(QUICK, "bob", client="bob")
    assert [queue.ahead(job) for job in (running, *rude, bob)] == [0, 1, 3, 2]
    queue.stop("ann")
    wait_for(lambda: not any(job.active for job in (*rude, bob)))
    assert rude[0].started < bob.started < rude[1].started


def test_a_training_that_others_wait_for_has_a_shorter_limit(queue):
    queue.longest_turn = 0
    job = queue.start(ENDLESS, "ann")
    wait_for(lambda: len(job.updates) > 2)
    assert job.active
    queue.start(QUICK, "bob")
    wait_for(lambda: not job.active)
    assert "while others wait" in job.message
    assert job.weights


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "fail",
    [
        lambda: bytearray(2**60),
        lambda: torch.empty(2**60, dtype=torch.uint8),
        lambda: _raise(torch.OutOfMemoryError("CUDA out of memory.")),
        lambda: _raise(RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB ...)")),
    ],
)
def test_a_job_without_enough_memory_says_so_and_the_next_one_runs(queue, monkeypatch, caplog, fail):
    def run_out(config, resume=False, watch=None):
        fail()
        yield

    monkeypatch.setattr(here, "train", run_out)
    job = queue.start(QUICK, "ann")
    wait_for(lambda: not job.active)
    assert (job.state, job.message) == (FAILED, to_end.OUT_OF_MEMORY)
    monkeypatch.setattr(here, "train", loop.train)
    after = queue.start(QUICK, "ann")
    wait_for(lambda: not after.active)
    assert after.state == DONE
    assert "Traceback" not in caplog.text


@one_or_two_at_once
def test_a_full_disk_gets_a_sentence(queue, monkeypatch):
    def fill(config, resume=False, watch=None):
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(here, "train", fill)
    job = queue.start(QUICK, "ann")
    wait_for(lambda: not job.active)
    assert job.state == FAILED
    assert "No space left on device" in job.message


def test_a_paused_training_that_a_full_disk_does_not_let_stop_in_order_has_ended_all_the_same(queue, monkeypatch):
    job = queue.start(ENDLESS, "ann")
    wait_for(lambda: job.updates)
    queue.pause("ann")
    wait_for(lambda: job.state == PAUSED)

    def fill(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_together", fill)
    queue.stop("ann")
    assert job.state == FAILED
    assert "No space left on device" in job.message
    monkeypatch.undo()
    queue.remove("ann", job.id)


class FarAway(Here):
    """As on another machine: it is at the last step while it is told to stop."""

    holds_paused = False

    def work(self, config, resume, watch):
        updates = super().work(config, resume, watch)
        try:
            yield next(updates)
            while True:
                yield None
        finally:
            list(updates)


def test_a_training_that_ended_elsewhere_while_it_was_paused_is_done(small_mnist, monkeypatch):
    monkeypatch.setattr(loop, "load_mnist", lambda device: small_mnist)
    queue = JobQueue(engine=FarAway())
    job = queue.start(QUICK, "ann")
    wait_for(lambda: job.updates)
    queue.pause("ann")
    wait_for(lambda: not job.active)
    assert job.state == DONE
    assert job.updates[-1].done
    assert [update.step for update in job.updates] == sorted({update.step for update in job.updates})
    queue.close()


def test_where_the_system_refuses_another_priority_trainings_run_all_the_same(queue, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refuse)
    job = queue.start(QUICK, "ann")
    wait_for(lambda: not job.active)
    assert job.state == DONE
    assert "Operation not permitted" in caplog.text


def test_after_its_turn_a_training_lets_the_others_go_first_and_goes_on_where_it_stood(queue):
    queue.turn = 0.0
    long = queue.start(ENDLESS, "ann")
    wait_for(lambda: len(long.updates) > 3)
    assert long.state == RUNNING  # nobody waits
    short = queue.start(QUICK, "bob")
    wait_for(lambda: not short.active)
    assert short.state == DONE
    assert long.active
    wait_for(lambda: long.state == RUNNING)
    steps = len(long.updates)
    wait_for(lambda: len(long.updates) > steps)
    assert [update.step for update in long.updates] == sorted({update.step for update in long.updates})
    queue.stop("ann")
    wait_for(lambda: not long.active)
    assert long.weights


def test_one_that_waits_for_its_next_turn_is_stopped_at_once_and_keeps_its_weights(queue):
    queue.turn = 0.0
    first = queue.start(ENDLESS, "ann")
    wait_for(lambda: first.updates)
    second = queue.start(ENDLESS, "bob")
    wait_for(lambda: first.state == WAITING and second.state == RUNNING)
    queue.turn = 1_000.0
    queue.stop("ann")
    wait_for(lambda: first.state == STOPPED)
    assert first.weights
    queue.stop("bob")


class SlowToPutDown(Here):
    """As a cluster, where nothing is held in memory: closing takes a while, and Stop may come meanwhile."""

    holds_paused = False

    def __init__(self):
        self.closing, self.go_on = threading.Event(), threading.Event()

    def work(self, config, resume, watch):
        updates = super().work(config, resume, watch)
        try:
            yield from updates
        finally:
            self.closing.set()
            self.go_on.wait(60)
            updates.close()


@pytest.mark.parametrize("by", ["its turn's end", "Pause"])
def test_a_training_that_is_stopped_while_it_is_put_down_ends_and_keeps_its_weights(small_mnist, monkeypatch, by):
    monkeypatch.setattr(loop, "load_mnist", lambda device: small_mnist)
    engine = SlowToPutDown()
    queue = JobQueue(engine=engine)
    queue.turn = 0.0
    job = queue.start(ENDLESS, "ann")
    wait_for(lambda: job.updates)
    if by == "Pause":
        queue.pause("ann")
    queue.start(ENDLESS, "bob")
    wait_for(engine.closing.is_set)
    assert queue.stop("ann")
    assert job.state == RUNNING
    engine.go_on.set()
    wait_for(lambda: job.state != RUNNING)
    queue.stop("ann")  # pressed again
    wait_for(lambda: not job.active, 20)
    queue.stop("bob")
    assert (job.state, job.message) == (STOPPED, "Stopped; the weights so far are kept.")
    assert Recognizer.load(job.weights).card["complete"] is False
    assert not (job.folder / "state.pt").exists()
    queue.close()


@one_or_two_at_once
def test_the_time_limit_stops_a_training_and_keeps_its_weights(queue):
    queue.longest_run = 0
    job = queue.start(ENDLESS, "ann")
    wait_for(lambda: not job.active)
    assert job.state == STOPPED
    assert "limit" in job.message
    assert job.weights


@one_or_two_at_once
def test_a_failed_training_says_why_and_the_next_one_runs(queue, monkeypatch, caplog):
    bad = TrainConfig(model="mlp", optimizer="sgd", learning_rate=10.0, batch_size=1, epochs=5, augment="none")
    job = queue.start(bad, "ann")
    wait_for(lambda: not job.active)
    assert job.state == FAILED
    assert "no longer a finite number" in job.message
    assert job.weights is None

    monkeypatch.setattr(here, "train", lambda config, resume=False, watch=None: 1 / 0)
    job = queue.start(QUICK, "ann")
    wait_for(lambda: not job.active)
    assert (job.state, "ZeroDivisionError" in job.message) == (FAILED, False)
    assert "ZeroDivisionError" in caplog.text  # for the server's log
    monkeypatch.undo()


@one_or_two_at_once
def test_only_the_newest_networks_of_a_visitor_are_kept(queue):
    queue.kept_a_visitor = 2
    made = []
    for _ in range(4):
        made.append(queue.start(QUICK, "ann"))
        wait_for(lambda: not made[-1].active)
    assert queue.of_visitor("ann") == made[:0:-1]
    assert not made[0].folder.exists()
    assert queue.get(made[0].id) is None


@one_or_two_at_once
def test_a_slow_training_can_be_stopped_between_its_usual_updates(queue):
    job = queue.start(TrainConfig(model="lenet", batch_size=1, epochs=1_000, device="cpu"), "ann")
    wait_for(lambda: job.updates)  # its first usual update is 1,000 steps away
    assert job.updates[0].step < job.updates[0].steps // 2_000 + 2_000
    queue.stop("ann")
    wait_for(lambda: not job.active)
    assert job.state == STOPPED
    assert job.weights


def test_trainings_without_a_network_cost_nobody_theirs(queue):
    queue.kept = 3
    anns = queue.start(QUICK, "ann")
    wait_for(lambda: not anns.active)
    holding = queue.start(ENDLESS, "bob")
    wait_for(lambda: holding.state == RUNNING)
    for i in range(10):
        queue.start(QUICK, f"rude {i}")
        queue.stop(f"rude {i}")
    assert queue.get(anns.id) is anns
    assert anns.weights.is_file()
    assert sum(job.belongs_to(f"rude {i}") for job in queue._jobs.values() for i in range(10)) <= 4


def test_opened_files_cost_nobody_a_trained_network(queue):
    queue.kept = 8
    anns = queue.start(QUICK, "ann")
    wait_for(lambda: not anns.active)
    model, card = load_weights(WEIGHTS / "mlp.safetensors")
    for i in range(12):
        queue.adopt(model, card, "weights", f"rude {i}")
    assert anns.weights.is_file()
    assert sum(job.belongs_to(f"rude {i}") for job in queue.all() for i in range(12)) == 2


@pytest.fixture
def lesson(small_mnist):
    """Three training images, one of them with a wrong label."""
    return TeachConfig(
        WEIGHTS / "mlp.safetensors", "mlp", small_mnist.images[:3], small_mnist.labels[:3].flip(0), device="cpu"
    )


def test_a_taught_network_waits_for_its_visitor_to_keep_it(queue, lesson):
    job = queue.start(lesson, "ann")
    wait_for(lambda: not job.active)
    assert (job.state, job.kept) == (DONE, False)
    assert Recognizer.load(job.weights).model.name == "mlp"
    assert queue.of_visitor("ann", TrainConfig) == []
    with pytest.raises(DigitsError, match="teach it again"):
        queue.keep("bob", job.id)
    queue.discard("bob", job.id)
    assert queue.keep("ann", job.id) is job
    queue.discard("ann", job.id)  # too late: it is kept
    assert job.kept
    assert job.weights.is_file()


@one_or_two_at_once
def test_a_taught_network_that_is_discarded_or_taught_anew_is_deleted(queue, lesson):
    first = queue.start(lesson, "ann")
    wait_for(lambda: not first.active)
    queue.discard("ann", first.id)
    assert queue.get(first.id) is None
    assert not first.folder.exists()
    second = queue.start(lesson, "ann")
    wait_for(lambda: not second.active)
    third = queue.start(lesson, "ann")
    assert queue.of_visitor("ann", TeachConfig) == [third]
    assert not second.folder.exists()
    wait_for(lambda: not third.active)


@one_or_two_at_once
def test_a_teaching_that_is_stopped_leaves_nothing(queue, lesson):
    queue.longest_run = 0
    job = queue.start(lesson, "ann")
    wait_for(lambda: not job.active)
    assert job.state == STOPPED
    assert "nothing was taught" in job.message
    assert job.weights is None
    with pytest.raises(DigitsError, match="teach it again"):
        queue.keep("ann", job.id)


def test_drawings_that_cannot_be_taught_never_become_a_job(queue, lesson):
    with pytest.raises(DigitsError, match="label"):
        queue.start(dataclasses.replace(lesson, labels=torch.tensor([1, 2, 30])), "ann")
    assert queue.of_visitor("ann") == []
