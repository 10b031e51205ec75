"""The benchmarks run and say what they measured; how fast anything is, no test says."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from digits import DigitsError
from digits.__main__ import main
from digits.bench import classroom, distribution, jobs, pad, read, soak, teach, train
from digits.data.handwriting import draw
from digits.reading.recognizer import WEIGHTS


@pytest.fixture
def writers(tmp_path):
    """A file of strokes by two writers: ann drew forty 1s and twenty 7s, bob five 1s."""
    generator = np.random.default_rng(0)
    lines = []
    for writer, label, count in (("ann", 1, 40), ("ann", 7, 20), ("bob", 1, 5)):
        for _ in range(count):
            strokes = [np.round(stroke, 1).tolist() for stroke in draw(label, generator)]
            lines.append(json.dumps({"set": "made", "label": label, "writer": writer, "strokes": strokes}))
    path = tmp_path / "drawings.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_teach_counts_the_taught_apart_from_the_writers_others(writers):
    result = teach.bench_teach(str(writers), WEIGHTS / "mlp.safetensors", seeds=1)
    ones, any_digit = result["cases"]
    assert (ones["writer"], ones["taught_n"], ones["others_n"]) == ("ann", 20, 40)
    assert (any_digit["writer"], any_digit["taught_n"], any_digit["others_n"]) == ("ann", 20, 40)
    assert any_digit["runs"][0]["taught_after"] >= any_digit["taught_before"]
    assert abs(any_digit["runs"][0]["test_points"]) < 1
    assert "20 1s of ann" in teach.table(result)


def test_teach_wants_a_writer_with_enough_drawings(tmp_path, writers):
    path = tmp_path / "few.jsonl"
    path.write_text("\n".join(writers.read_text().splitlines()[-5:]))
    with pytest.raises(DigitsError, match="No writer in few.jsonl drew 40"):
        teach.bench_teach(str(path), WEIGHTS / "mlp.safetensors", seeds=1)


def test_read_measures_both_thread_counts_and_leaves_them_as_they_were():
    before = torch.get_num_threads()
    result = read.bench_read(WEIGHTS / "mlp.safetensors", seconds=0.05)
    assert torch.get_num_threads() == before
    assert set(result["threads"]) == {1, 2}
    assert "| 2 |" in read.table(result)


def test_train_takes_every_way_as_often_and_sets_its_accuracy_beside_the_time(monkeypatch, small_mnist):
    monkeypatch.setattr(train, "load_mnist", lambda device: small_mnist)
    result = train.bench_train(seeds=2, device="cpu", baselines=["train_mnist_fast"])
    for row in (result["fast"], result["baselines"]["train_mnist_fast"]):
        assert row["n"] == len(row["seconds"]) == 2
        assert 0 < row["test_accuracy_mean"] <= 1
    assert "ratio" not in result["fast"]
    assert "| train_mnist_fast |" in train.table(result)
    with pytest.raises(DigitsError, match="0 seeds"):
        train.bench_train(seeds=0)
    with pytest.raises(DigitsError, match="no baseline called 'theirs'; choose from train_mnist_fast"):
        train.bench_train(baselines=["theirs"])


def test_a_look_is_timed_beside_a_training_without_one(monkeypatch, small_mnist):
    monkeypatch.setattr(train, "load_mnist", lambda device: small_mnist)
    watched = []
    monkeypatch.setattr(
        train,
        "fast",
        lambda seed, data, device, watch, recipe: watched.append(watch) or ((2.2 if watch else 2.0), 0.99),
    )
    result = train.bench_look(seeds=3, device="cpu")
    assert result["look"]["text"] == {"without": 2.0, "with": 2.2, "cost": 0.1}
    assert [watch is not None for watch in watched[1:7]] == [False, True, True, False, False, True]  # in turn
    assert "| fast | 2.00 | 2.20 | +10.0% |" in train.look_table(result)
    with pytest.raises(DigitsError, match="0 seeds"):
        train.bench_look(seeds=0)


def test_jobs_counts_trainings_a_minute(monkeypatch):
    monkeypatch.setattr(jobs.importlib.util, "find_spec", lambda name: None)  # tests/test_cluster.py has one
    result = jobs.bench_jobs(count=2, examples=1_000)
    assert list(result["ways"]) == ["this process, 1 at once", "this process, 2 at once"]
    assert all(rate > 0 for rate in result["ways"].values())
    assert "| this process, 2 at once |" in jobs.table(result)


def test_a_ratio_is_of_runs_side_by_side():
    timed, baseline = [(1.0, 0.99), (4.0, 0.99), (3.0, 0.99)], [(2.0, 0.98), (4.0, 0.98), (10.0, 0.98)]
    assert train._figures("theirs", baseline, timed)["ratio"] == 0.5


def test_a_distribution_counts_what_it_got():
    assert distribution([]) == {"n": 0}
    assert distribution([1.0, 2.0, 9.0])["median"] == 2


@pytest.mark.slow
def test_soak_counts_what_everybody_did_and_finds_nothing_wrong(writers):
    result = soak.bench_soak(str(writers), minutes=0.2)
    assert result["counts"]["readings"] > 100
    assert result["counts"]["evaluations"] > 1
    assert result["counts"]["garbage"] > 10
    assert (result["counts"]["failures"], result["counts"]["wrong"]) == (0, 0)
    assert result["start"]["memory"] > 100
    assert "| end |" in soak.table(result)


@pytest.mark.browser
@pytest.mark.slow
def test_pad_draws_beside_nothing_lessons_and_a_training(writers):
    with ThreadPoolExecutor(1) as thread:  # other tests may have Playwright's loop in this one
        result = thread.submit(pad.bench_pad, str(writers), count=1, people=2, seconds=1).result()
    for beside in ("idle", "lessons", "training"):
        assert result[beside]["latency"]["n"] > 3
    assert result["training"]["crowd"]["latency"]["n"] >= 2
    assert result["training"]["crowd"]["failures"] == 0  # all were read, small as the file's units are
    assert result["still_training"]
    assert "training: 2 people, server's answer" in pad.table(result)


@pytest.mark.slow
def test_class_measures_the_wait_of_each_pupil_and_the_readings_meanwhile():
    result = classroom.bench_class(pupils=1)
    assert (result["waits"]["n"], result["refused"]) == (1, 0)
    assert result["readings"]["n"] > 3
    assert result["boards"]["n"] > 1
    assert result["accuracy"] > 0.98
    assert "| network there, s | 1 |" in classroom.table(result)
    with pytest.raises(DigitsError, match="class of 0"):
        classroom.bench_class(pupils=0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("soak --minutes 0", "0 minutes cannot be soaked"),
        ("soak --minutes nan", "nan minutes cannot be soaked"),
        ("soak --minutes inf", "inf minutes cannot be soaked"),
        ("teach --seeds 0", "0 seeds cannot be trained"),
        ("train --seeds 0", "0 seeds cannot be trained"),
        ("pad --count -1", "-1 drawings cannot be drawn"),
        ("pad --count 0", "0 drawings cannot be drawn"),
        ("pad --people 0", "0 people cannot draw"),
    ],
)
def test_what_cannot_be_measured_gets_a_sentence(writers, capsys, words, said):
    assert main(["bench", *words.split(), "--drawings", str(writers)]) == 2
    assert capsys.readouterr().err.startswith(f"digits: {said}")


def test_the_clock_waits_for_every_kind_of_accelerator(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", waited.append)
    for name in ("cpu", "cuda", "mps"):
        train._wait(torch.device(name))
    assert [device.type for device in waited] == ["cuda", "mps"]
