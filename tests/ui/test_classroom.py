"""A class: the board, the teacher's token, what is frozen, hidden and cleared."""

import asyncio
import json
import threading
import time
from datetime import datetime
from types import SimpleNamespace

import pytest

from digits.bench.app import run_apart
from digits.errors import DigitsError
from digits.jobs import JobQueue
from digits.runs import DONE, RUNNING, STOPPED, WAITING, Job, hash_visitor
from digits.training.config import TrainConfig
from digits.training.update import TrainingUpdate
from digits.ui import class_tab
from digits.ui.board import Board, show, show_queue
from digits.ui.classroom import FROZEN, MOST_PUPILS, QUEUE, TURN, Classroom
from digits.ui.client import Work, name_visitor, present_asker
from digits.ui.networks import Networks
from digits.ui.page import build_page
from digits.ui.page_state import Page

ANN, BOB = "visitor-number-1-ann", "visitor-number-2-bob"


def run(visitor: str, accuracy: float | None, state: str = DONE, steps: int = 10, seconds: float = 4.0) -> Job:
    """One that has ended, or stands at half of its steps."""
    job = Job(TrainConfig(model="mlp"), hash_visitor(visitor), None, state=state)
    share = 1 if state in (DONE, STOPPED) else 0.5
    facts = {"epoch": share, "loss": 0.1, "accuracy": 0.9, "learning_rate": 0.1, "validation_loss": 0.1}
    facts |= {"validation_accuracy": 0.9, "images_per_second": 1, "elapsed": seconds * share}
    last = TrainingUpdate(int(steps * share), steps, remaining=seconds * (1 - share), done=state == DONE, **facts)
    job.updates.append(TrainingUpdate(**{**vars(last), "test_accuracy": accuracy}))
    return job


@pytest.fixture
def jobs():
    listed = []
    return SimpleNamespace(listed=listed, all=lambda: list(listed))


@pytest.fixture
def make_class(jobs):
    networks = SimpleNamespace(of_job=lambda job: {"parameters": 407_050})
    return lambda folder=None: Classroom(jobs, networks, folder)


def call(function, **payload):
    """A server function's answer."""
    answer = function(payload)
    if not asyncio.iscoroutine(answer):
        return answer
    return run_apart(answer)


def test_the_board_has_everybodys_best_and_the_fewest_mistakes_first(jobs, make_class):
    classroom = make_class()
    classroom.choose_nickname(ANN, "Ann")
    classroom.choose_nickname("visitor-number-3-cem", "Cem")
    jobs.listed += [run(ANN, 0.97), run(BOB, 0.98), run(ANN, 0.99, seconds=7.0), run(ANN, None, STOPPED)]
    rows = show(classroom)["rows"]
    assert [(row["name"], row["runs"], row["named"]) for row in rows] == [
        ("Ann", 2, True),
        ("Pupil 3", 1, False),
        ("Cem", 0, True),
    ]
    best = {"model": "MLP 784-512-10", "accuracy": 0.99, "mistakes": 100, "seconds": 7.0, "parameters": 407_050}
    assert rows[0]["best"] == best
    jobs.listed.clear()  # the queue keeps a visitor's newest five; what they reached stays
    assert show(classroom)["rows"] == rows
    assert hash_visitor(ANN) not in json.dumps(show(classroom))


def test_who_trains_and_who_waits_for_how_long(jobs, make_class):
    classroom = make_class()
    classroom.choose_nickname(BOB, "Bob")
    running = run(ANN, None, RUNNING, seconds=8.0)
    running.started = datetime.now()
    waiting = [Job(TrainConfig(model="mlp"), hash_visitor(visitor), None) for visitor in (BOB, "visitor-number-3-cem")]
    jobs.listed += [running, *waiting]
    now = show_queue(classroom, jobs.all())
    assert [(entry["name"], entry["waits"], entry["share"]) for entry in now] == [
        ("Pupil 2", False, 0.5),
        ("Bob", True, 0),
        ("Pupil 3", True, 0),
    ]
    assert [entry["seconds"] for entry in now] == [None, 4.0, 12.0]
    jobs.listed[0] = run(ANN, None, RUNNING, seconds=1_000.0)  # it will let the others go first
    assert [entry["seconds"] for entry in show_queue(classroom, jobs.all())] == [None, TURN, 2 * TURN]
    del jobs.listed[0]
    assert [entry["seconds"] for entry in show_queue(classroom, jobs.all())] == [None, None]


def test_a_board_is_made_once_a_second_for_all(jobs, make_class, monkeypatch):
    made = []
    monkeypatch.setattr("digits.ui.board.show", lambda classroom: made.append(1) or {"rows": []})
    board = Board(make_class())
    assert board.fresh() is None
    threads = [threading.Thread(target=board.look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert board.fresh() == {"rows": []}
    board.forget()
    board.look()
    assert len(made) == 2


def test_nicknames_belong_to_one_and_the_teacher_takes_them_away(make_class):
    classroom = make_class()
    assert classroom.choose_nickname(ANN, " Ann ") == "Ann"
    assert classroom.choose_nickname(ANN, "ANN") == "ANN"  # one's own may be changed
    with pytest.raises(DigitsError, match="aNN is taken"):
        classroom.choose_nickname(BOB, "aNN")
    classroom.remove_nickname(1)
    with pytest.raises(DigitsError, match="no nickname"):
        classroom.remove_nickname(1)
    with pytest.raises(DigitsError, match="teacher has removed ann"):
        classroom.choose_nickname(ANN, "ann")
    assert classroom.choose_nickname(BOB, "Ann") == "Ann"
    assert classroom.choose_nickname(BOB, "") == ""


def test_a_board_is_no_place_for_thousands(make_class):
    classroom = make_class()
    for number in range(MOST_PUPILS):
        classroom.pupil_of(str(number))
    with pytest.raises(DigitsError, match="is full"):
        classroom.choose_nickname(ANN, "Ann")
    assert classroom.pupil_of("one more") is None


def test_clearing_begins_anew_and_nicknames_stay(jobs, make_class):
    classroom = make_class()
    classroom.choose_nickname(ANN, "Ann")
    jobs.listed += [run(ANN, 0.97), run(BOB, 0.98)]
    show(classroom)
    jobs.listed.append(run(BOB, 0.99))  # one that nobody has looked at yet
    classroom.clear()
    assert [(row["name"], row["best"]) for row in show(classroom)["rows"]] == [("Ann", None)]
    jobs.listed.append(run(ANN, 0.96))
    assert show(classroom)["rows"][0]["best"]["mistakes"] == 400


def test_nicknames_and_results_outlast_a_restart_and_what_was_frozen_does_not(tmp_path, jobs, make_class):
    jobs.listed.append(run(ANN, 0.95))
    classroom = make_class(tmp_path)
    assert show(classroom)["rows"] == []  # what was there before the class is no part of it
    classroom.choose_nickname(ANN, "Ann")
    jobs.listed.append(run(ANN, 0.97))
    rows = show(classroom)["rows"]
    classroom.frozen, classroom.hidden = True, ("train",)
    again = make_class(tmp_path)
    assert show(again)["rows"] == rows != []
    assert (again.frozen, again.hidden) == (False, ())
    assert again.token != classroom.token
    assert ANN not in (tmp_path / "class.json").read_text()
    (tmp_path / "class.json").write_text('{"format": 1, "pupils": {"x": {"nonsense": 1}}}')
    assert show(make_class(tmp_path))["rows"] == []


def test_a_disk_that_refuses_costs_nothing_but_the_restart(tmp_path, make_class, caplog):
    classroom = make_class(tmp_path / "gone")
    assert classroom.choose_nickname(ANN, "Ann") == "Ann"
    assert "could not be written down" in caplog.text


@pytest.fixture
def functions(jobs, make_class):
    """The class, and its server functions by name."""
    classroom = make_class()
    page, board = Page(jobs, None, "cpu", classroom=classroom), Board(classroom)
    made = [class_tab.look_at_class(page, classroom, board), class_tab.choose_nickname(classroom, board)]
    made += [class_tab.freeze_training(classroom), class_tab.hide_tabs(classroom)]
    made += [class_tab.clear_board(classroom, board), class_tab.remove_nickname(classroom, board)]
    return classroom, {function.__name__: function for function in made}


@pytest.mark.parametrize("token", [None, "", "x" * 22, "ä" * 22, 5, ["x"], {"x": 1}, "x" * 100_000])
def test_nobody_but_the_teacher_may(functions, token):
    classroom, named = functions
    classroom.choose_nickname(ANN, "Ann")
    wishes = {"freeze_training": {"frozen": True}, "hide_tabs": {"tabs": ["train"]}}
    wishes |= {"clear_board": {}, "remove_nickname": {"pupil": 1}}
    for name, wish in wishes.items():
        assert "not the teacher's page" in call(named[name], token=token, visitor=BOB, **wish)["error"]
    assert (classroom.frozen, classroom.hidden, classroom.pupils[hash_visitor(ANN)].nickname) == (False, (), "Ann")
    if token is not None:
        assert "not the teacher's page" in call(named["look_at_class"], token=token, visitor=BOB)["error"]
    assert "teacher" not in call(named["look_at_class"], visitor=BOB, board=True)


def test_what_the_teacher_wants_is_told_to_all(functions):
    classroom, named = functions
    token = classroom.token
    assert call(named["freeze_training"], token=token, frozen=True) == {}
    assert call(named["hide_tabs"], token=token, tabs=["how", "train", "train"]) == {}
    answer = call(named["look_at_class"], visitor=BOB)
    assert answer == {"frozen": FROZEN, "hidden": ("train", "how")}
    assert call(named["look_at_class"], visitor=ANN, token=token)["teacher"] is True
    assert classroom.name_of(hash_visitor(ANN)) == "Teacher"
    for wish in ({"tabs": "train"}, {"tabs": ["draw"]}, {"tabs": [[]]}, {}):
        assert "not a list of" in call(named["hide_tabs"], token=token, **wish)["error"]
    assert "wanted true or false" in call(named["freeze_training"], token=token, frozen=1)["error"]
    assert "number of a row" in call(named["remove_nickname"], token=token, pupil="1")["error"]
    assert "no nickname" in call(named["remove_nickname"], token=token, pupil=99)["error"]


def test_one_knows_which_row_is_ones_own(functions):
    _, named = functions
    assert call(named["choose_nickname"], visitor=ANN, nickname="Ann") == {"nickname": "Ann"}
    assert "21 characters" in call(named["choose_nickname"], visitor=ANN, nickname="x" * 21)["error"]
    assert "not a text" in call(named["choose_nickname"], visitor=ANN, nickname={})["error"]
    answer = call(named["look_at_class"], visitor=ANN, board=True)
    assert answer["own"] == {"pupil": 1, "nickname": "Ann"}
    assert [row["pupil"] for row in answer["board"]["rows"]] == [1]
    assert call(named["look_at_class"], visitor=BOB, board=True)["own"] == {"pupil": None, "nickname": ""}


def test_a_look_costs_well_under_a_millisecond(jobs, functions):
    classroom, named = functions
    for number in range(30):
        jobs.listed.append(run(f"visitor-number-{number:04}", 0.9))
    call(named["look_at_class"], board=True)

    async def look() -> float:
        began = time.perf_counter()
        for _ in range(200):
            await named["look_at_class"]({"visitor": ANN, "board": True})
        return (time.perf_counter() - began) / 200

    assert run_apart(look()) < 1e-3


def test_frozen_training_is_refused_in_a_sentence(make_class):
    jobs = JobQueue()
    classroom = Classroom(jobs, Networks(jobs, "cpu"))
    page = Page(jobs, classroom.networks, "cpu", classroom=classroom)
    classroom.frozen = True
    with pytest.raises(DigitsError, match="teacher has frozen training"):
        page.start(TrainConfig(model="mlp"), ANN, "")
    assert jobs.all() == []


def test_a_page_without_a_class_has_nothing_of_it(tmp_path):
    for classroom in (False, True):
        demo, page = build_page("cpu", classroom=classroom)
        parts = {block.elem_id for block in demo.blocks.values()}
        assert ("class" in parts) is classroom
        texts = json.dumps(demo.get_config_file(), default=str)
        assert ("tab-class" in texts) is ("choose_nickname" in texts) is classroom
        assert (page.classroom is not None) is classroom


def test_thirty_pupils_behind_one_address_may_all_wait():
    _, page = build_page("cpu", classroom=True)
    for number in range(30):
        page.jobs._check_room("203.0.113.7")
        job = Job(TrainConfig(), f"pupil-{number}", None, client="203.0.113.7", state=WAITING)
        page.jobs._jobs[job.id] = job
    for number in range(30, QUEUE // 4):
        job = Job(TrainConfig(), f"pupil-{number}", None, client="203.0.113.7", state=WAITING)
        page.jobs._jobs[job.id] = job
    with pytest.raises(DigitsError, match="from your address"):
        page.jobs._check_room("203.0.113.7")


def test_in_a_class_work_is_charged_to_the_visitor_and_not_to_the_address(monkeypatch):
    work = Work()
    monkeypatch.setattr("digits.ui.client.work", work)
    name_visitor(ANN)
    assert present_asker() == ""
    work.open_to_a_class(80)
    assert present_asker() == f" {ANN}"
    name_visitor("")


GARBAGE = [None, [], {}, -1, 1e308, True, "", "x" * 50_000, "../../etc/passwd", "\0", "\ud800", [[[]]], {"a": 1}]


def test_garbage_never_reaches_a_fault_of_ours(functions):
    classroom, named = functions
    for function in named.values():
        for value in GARBAGE:
            for token in (classroom.token, value):
                payload = {"visitor": value, "token": token, "nickname": value, "tabs": value, "pupil": value}
                answer = call(function, **payload, frozen=value, board=value)
                assert "by a fault of its own" not in answer.get("error", ""), (function.__name__, value)
