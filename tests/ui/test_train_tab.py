"""The Train tab's server: what the page is told of a run, and before one."""

import time

import pytest

from digits.bench.app import run_apart
from digits.jobs import JobQueue
from digits.reading.recognizer import WEIGHTS
from digits.training.config import TrainConfig
from digits.training.teaching import TeachConfig
from digits.ui import train as module
from digits.ui.networks import Networks
from digits.ui.page_state import Page
from digits.ui.settings import settings_of
from digits.ui.train import look_at_training, prepare

VISITOR = "a-visitor-of-this-test"
MLP = TrainConfig("mlp", optimizer="adam", epochs=1, batch_size=50, examples=2_000, augment="none", device="cpu")


@pytest.fixture
def page():
    jobs = JobQueue()
    yield Page(jobs, Networks(jobs, "cpu"), "cpu")
    jobs.close()


def wait_for_end(job) -> None:
    end = time.monotonic() + 120
    while job.active:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_a_long_run_comes_in_parts_and_whole(page, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 3)
    job = page.start(MLP, VISITOR, "")
    wait_for_end(job)
    updates, more = [], True
    while more:
        question = {"visitor": VISITOR, "job": job.id, "since": len(updates)}
        answer = run_apart(look_at_training(page)(question))
        assert answer["active"] == answer["more"]  # the page asks until it has all
        updates, more = updates + answer["updates"], answer["more"]
    assert len(updates) == len(job.updates) > 3
    assert updates[-1]["epoch"] == 1


def test_layers_that_cannot_be_are_refused_at_the_layer(page):
    settings = settings_of(MLP) | {"model": "layers", "layers": "c3-8 f-10 c3-8"}
    answer = prepare(page)({"visitor": VISITOR, "settings": settings})
    assert answer["layer"] == 3
    assert answer["error"].startswith("Layer 3, 'c3-8', needs maps")


@pytest.mark.slow
def test_before_a_training_the_page_is_told_of_a_taught_network_that_nobody_kept(page, small_mnist):
    question = {"visitor": VISITOR, "settings": settings_of(MLP)}
    answer = prepare(page)(question)
    assert answer["taught"] is False
    assert set(answer["ways"]) == {"fast", "text"} and min(answer["ways"].values()) > 0  # seconds here
    page.start(
        TeachConfig(
            WEIGHTS / "mlp.safetensors", "mlp", small_mnist.images[:3], small_mnist.labels[:3].flip(0), device="cpu"
        ),
        VISITOR,
        "",
    )
    (job,) = page.jobs.of_visitor(VISITOR, TeachConfig)
    assert prepare(page)(question)["taught"] is False  # it still learns, and Train would be refused
    wait_for_end(job)
    assert prepare(page)(question)["taught"] is True
    assert prepare(page)(question | {"visitor": "another-visitor-of-it"})["taught"] is False
