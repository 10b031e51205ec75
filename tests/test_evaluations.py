"""The Evaluate tab's server: evaluations that are kept and end, and requests that nobody should send."""

import base64
import os
import threading
import time

import pytest
import torch
from drawings import DIGITS
from gradio.utils import get_upload_folder

from digits.errors import DigitsError
from digits.evaluation.evaluate import EvaluationUpdate
from digits.jobs import JobQueue
from digits.reading.recognizer import WEIGHTS, Recognizer
from digits.ui import evaluations as module
from digits.ui.damage import NOTHING, damage_digits, look_at_curves, read_digits
from digits.ui.evaluate import explain_example, look_at_evaluation, read_example
from digits.ui.evaluation_requests import parse_upload
from digits.ui.evaluations import Evaluations
from digits.ui.networks import Networks
from digits.ui.page_state import Page


@pytest.fixture(scope="module")
def page():
    jobs = JobQueue()
    yield Page(jobs, Networks(jobs, "cpu"), "cpu")
    jobs.close()


def follow(look, payload: dict) -> dict:
    """Look until it has ended."""
    end = time.monotonic() + 60
    while (answer := look(payload)).get("reports", "") is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    return answer


def wait(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_an_evaluation_runs_once_and_is_kept():
    starts = []

    def start():
        starts.append(1)
        yield EvaluationUpdate(0.5)
        yield EvaluationUpdate(1.0, "report")

    evaluations = Evaluations()
    wait(lambda: evaluations.look("visitor", "key", start).ended)
    assert evaluations.look("another", "key", start).report == "report"
    assert starts == [1]
    assert evaluations.known("key") is not None and evaluations.known("other") is None


def test_clients_evaluate_in_turn_and_not_without_end(monkeypatch):
    monkeypatch.setattr(module, "MOST_A_CLIENT", 3)
    began, go = [], threading.Event()

    def start(name: str):
        def updates():
            began.append(name)
            assert go.wait(20)
            yield EvaluationUpdate(1.0, "report")

        return updates

    evaluations = Evaluations()
    rude = [evaluations.look(f"{i}", f"rude {i}", start(f"rude {i}"), client="rude") for i in range(3)]
    with pytest.raises(DigitsError, match="from your address"):
        evaluations.look("3", "rude 3", start("rude 3"), client="rude")
    ann = evaluations.look("ann", "ann", start("ann"), client="ann")
    go.set()
    wait(lambda: all(job.ended for job in (*rude, ann)))
    assert began == ["rude 0", "ann", "rude 1", "rude 2"]


def test_an_evaluation_ends_when_nobody_looks(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    closed = threading.Event()

    def start():
        try:
            while True:
                time.sleep(0.02)
                yield EvaluationUpdate(0.1)
        finally:
            closed.set()

    evaluation = Evaluations().look("visitor", "key", start)
    assert closed.wait(10)
    wait(lambda: evaluation.ended)
    assert "Nobody looked" in evaluation.error


def test_a_visitor_cannot_start_more_than_a_few_at_once():
    go = threading.Event()

    def start():
        go.wait(20)
        yield EvaluationUpdate(0.1)
        yield EvaluationUpdate(1.0, "report")

    evaluations = Evaluations()
    asked = [evaluations.look("visitor", i, start) for i in range(module.MOST_AT_ONCE + 2)]
    go.set()
    wait(lambda: all(evaluation.ended for evaluation in asked))
    assert [bool(evaluation.error) for evaluation in asked] == [True, True] + [False] * module.MOST_AT_ONCE


def test_faults_end_one_evaluation_and_the_next_look_starts_anew(caplog):
    go = threading.Event()

    def broken():
        go.wait(20)
        raise DigitsError("No such data.")
        yield

    def bug():
        raise KeyError("bug")
        yield

    evaluations = Evaluations()
    first = evaluations.look("visitor", "key", broken)
    go.set()
    wait(lambda: first.ended)
    assert evaluations.look("visitor", "key", bug).error == "No such data."  # the page hears of it
    second = evaluations.look("visitor", "key", bug)
    assert second is not first
    wait(lambda: second.ended)
    assert "fault of the server's" in second.error and "KeyError" in caplog.text


def test_two_networks_against_each_other(page):
    look = look_at_evaluation(page, Evaluations())
    answer = follow(look, {"network": "cnn", "against": "mlp", "data": "mnist-test"})
    report, compared = answer["reports"]
    (gained, lost), change = answer["comparison"]["sides"], answer["comparison"]["change"]
    assert compared["wrong"] - report["wrong"] == gained["count"] - lost["count"]
    assert sum(map(sum, change)) == 0
    labels = {compared["mistakes"][i]["index"] for i in gained["at"]}
    assert len(labels) == gained["count"] and not labels & {m["index"] for m in report["mistakes"]}
    assert answer["comparison"]["sentence"] == "CNN is better, and that is hardly chance (McNemar's test, p < 0.0001)."
    assert answer["reports"][0]["sprite"].startswith("data:image/png;base64,")


def test_own_drawings_are_read_at_once(page):
    drawings = [
        {"label": digit, "strokes": [[1_000 * number for point in stroke for number in point] for stroke in strokes]}
        for digit, strokes in DIGITS.items()
    ]
    answer = look_at_evaluation(page, Evaluations())({"data": "own", "drawings": drawings, "against": "mlp"})
    assert [report["n"] for report in answer["reports"]] == [10, 10]
    assert answer["reports"][0]["accuracy"] == 1


def test_a_file_is_one_that_was_uploaded(tmp_path):
    folder = os.path.join(get_upload_folder(), "digits-test")
    os.makedirs(folder, exist_ok=True)
    inside, link = os.path.join(folder, "mine.jsonl"), os.path.join(folder, "link.jsonl")
    outside = tmp_path / "outside.jsonl"
    outside.write_text("{}")
    with open(inside, "w") as file:
        file.write("{}")
    if not os.path.islink(link):
        os.symlink(outside, link)
    assert parse_upload({"path": inside}).name == "mine.jsonl"
    for path in (
        str(outside),
        link,
        os.path.join(folder, "..", "..", "outside.jsonl"),
        inside + "\0.zip",
        "/etc/passwd",
    ):
        with pytest.raises(DigitsError):
            parse_upload({"path": path})
    with pytest.raises(DigitsError, match="not on the server any more"):
        parse_upload({"path": os.path.join(folder, "gone.jsonl")})


PIXELS = base64.b64encode(bytes(392) + bytes([255]) * 20 + bytes(372)).decode()


@pytest.mark.parametrize(
    ("function", "payload", "words"),
    [
        ("look", {"data": "/etc/passwd"}, "There is no data set"),
        ("look", {"data": "qmnist"}, "There is no data set"),
        ("look", {"data": 3}, "not a text"),
        ("look", {"data": "file", "path": "/etc/hosts.zip"}, "not a file of labelled drawings"),
        ("look", {"data": "mnist-test", "network": "nobody's"}, "not on this server"),
        ("look", {"data": "mnist-test", "against": ["cnn"]}, "not a text"),
        ("look", {"data": "own", "drawings": []}, "wanted 1 to"),
        ("damage", {}, "move one again"),
        ("damage", {"amounts": {"turn": 1e9}}, "Turn is 1000000000.0; wanted"),
        ("damage", {"amounts": {"turn": float("nan")}}, "Turn is nan"),
        ("damage", {"amounts": {"turn": True}}, "Turn is True"),
        ("read", {"pixels": "AAAA"}, "28 x 28 pixels"),
        ("read", {"pixels": "!" * 100}, "28 x 28 pixels"),
        ("explain", {"pixels": base64.b64encode(bytes(784)).decode()}, "no ink"),
        ("curves", {"network": 7}, "not a short text"),
    ],
)
def test_what_cannot_be_asked_gets_one_sentence(page, function, payload, words):
    functions = {
        "look": look_at_evaluation(page, Evaluations()),
        "damage": damage_digits(page),
        "curves": look_at_curves(page, Evaluations()),
        "read": read_example(page),
        "explain": explain_example(page),
    }
    answer = functions[function](payload)
    assert words in answer["error"]


def test_damage_tells_two_networks_apart(page):
    answer = damage_digits(page)({"network": "cnn", "against": "mlp", "amounts": {"shift": 5}})
    convolutional, connected = answer["accuracies"]
    assert convolutional > 0.95 and connected < 0.5
    assert min(answer["undamaged"]) > 0.95
    assert len(answer["samples"][0]["digits"]) == 2


def test_ink_that_vanished_is_read_as_nothing():
    inks = torch.zeros(2, 1, 28, 28)
    inks[1, :, 6:22, 13:15] = 1
    assert read_digits(Recognizer.load(WEIGHTS / "cnn.safetensors"), inks).tolist() == [NOTHING, 1]


def test_one_example_is_read_and_explained(page):
    assert len(read_example(page)({"pixels": PIXELS, "against": "mlp"})["readings"]) == 2
    assert "decisive" in explain_example(page)({"pixels": PIXELS, "network": "mlp"})


def test_curves_of_shipped_networks_are_there_at_once(page):
    answer = look_at_curves(page, Evaluations())({"network": "cnn", "against": "mlp"})
    assert answer["share"] is None
    assert [curves["n"] for curves in answer["curves"]] == [500, 500]
    assert (WEIGHTS / "reports" / "cnn.json").is_file()
