"""Who asks, how much, and that one who asks a lot keeps nobody from asking."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from asking import ask

from digits.bench.app import run_apart
from digits.errors import DigitsError
from digits.ui.client import KnowClient, Work, name_client, present_client


def test_an_address_names_its_client():
    assert name_client("203.0.113.7") == "203.0.113.7"
    assert name_client("::ffff:203.0.113.7") == "203.0.113.7"
    assert name_client("2001:db8:1:2:3:4:5:6") == name_client("2001:db8:1:2::1") != name_client("2001:db8:1:3::1")
    assert len(name_client("x" * 10_000)) == 64
    assert name_client("") == ""


def test_everything_that_a_request_starts_knows_its_client():
    async def app(scope, receive, send):
        seen.append(present_client())
        seen.append(await asyncio.to_thread(present_client))

    seen = []
    for client in (("203.0.113.7", 1), None):
        run_apart(KnowClient(app)({"type": "http", "client": client}, None, None))
    assert seen == ["203.0.113.7", "203.0.113.7", "", ""]


@pytest.mark.parametrize(
    ("client", "known"), [(("203.0.113.7", 1), [b"203.0.113.7"]), (("2001:db8::7", 1), [b"2001:db8::7"]), (None, [])]
)
def test_whoever_passes_a_request_s_headers_on_passes_no_address_on_that_its_client_made_up(client, known):
    """Gradio's MCP server does."""

    async def app(scope, receive, send):
        seen.append(scope["headers"])

    seen = []
    sent = [(b"host", b"a"), (b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"198.51.100.2")]
    scope = {"type": "http", "client": client, "headers": sent}
    run_apart(KnowClient(app)(scope, None, None))
    assert seen == [[(b"host", b"a"), *((b"x-forwarded-for", address) for address in known)]]
    assert len(sent) == 3


def elsewhere(act):
    """Do it in another thread, as another request would."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_who_has_had_too_much_waits_and_others_do_not():
    work = Work(saved=0.1)
    with work.turn("rude"):
        burn(0.3)
    with pytest.raises(DigitsError, match="wait 1 seconds"), work.turn("rude"):
        pass
    with work.turn("ann"):
        pass
    time.sleep(0.4)
    with work.turn("rude"):
        pass


def test_calls_at_once_are_few_for_a_client_and_more_in_all():
    work, leave = Work(at_once=1, patience=30, most=4, most_a_client=2), threading.Event()

    def call(client: str) -> None:
        with work.turn(client):
            leave.wait(30)

    def start(client: str) -> threading.Thread:
        before = work._present.total()
        thread = threading.Thread(target=call, args=[client], daemon=True)
        thread.start()
        while work._present.total() == before:
            time.sleep(0.001)
        return thread

    threads = [start("rude"), start("rude")]
    with pytest.raises(DigitsError, match="busy"), work.turn("rude"):
        pass
    threads += [start("ann"), start("bob")]
    with pytest.raises(DigitsError, match="busy"), work.turn("cem"):
        pass
    leave.set()
    for thread in threads:
        thread.join()
    with work.turn("rude"):
        pass


def test_who_waits_too_long_for_a_place_is_told_so():
    work = Work(at_once=1, patience=0.01)
    with work.turn("ann"), pytest.raises(DigitsError, match="busy"):
        elsewhere(work.turn("bob").__enter__)
    with work.turn("bob"):
        pass


@pytest.mark.slow
def test_one_client_that_invents_visitors_keeps_nobody_from_training(app):
    """Over HTTP, behind the proxy that this test says it is."""
    settings = {"model": "mlp", "optimizer": "adam", "learning_rate": 0.001, "batch_size": 1000, "epochs": 1}
    settings |= {"augment": "none", "precision": "float32", "seed": 0}
    long = settings | {"epochs": 200, "batch_size": 64}

    def ask_as(client: str, function: str, **data: object) -> dict:
        # What is before the last comma is what the client wrote itself; it must not count.
        forwarded = {"x-forwarded-for": f"192.0.2.{len(invented)}, {client}"}
        return ask(app, "train", function, data, **forwarded)

    invented: list[str] = []
    refused = 0
    for number in range(25):
        invented.append(f"invented-visitor-number-{number}")
        answer = ask_as("203.0.113.7", "start_training", visitor=invented[-1], settings=long)
        refused += "from your address" in answer.get("error", "")
    try:
        assert refused >= 10
        honest = ask_as("203.0.113.8", "start_training", visitor="honest-visitor-number-1", settings=settings)
        look = {"visitor": "honest-visitor-number-1", "job": honest["job"]}
        assert ask_as("203.0.113.8", "look_at_training", **look)["ahead"] <= 1
        ask_as("203.0.113.7", "stop_training", visitor=invented[0])  # the one that runs; ten others of theirs wait
        end = time.monotonic() + 120
        while (state := ask_as("203.0.113.8", "look_at_training", **look)["state"]) in ("waiting", "running"):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert state == "done"
    finally:
        for visitor in invented:
            ask_as("203.0.113.7", "stop_training", visitor=visitor)


def test_what_is_asked_for_within_a_turn_belongs_to_it():
    work = Work(at_once=1, patience=0.1, most_a_client=1)
    with work.turn("ann"), work.turn("ann"), pytest.raises(DigitsError, match="busy"):
        elsewhere(work.turn("bob").__enter__)
    with work.turn("bob"):
        pass


def test_a_turn_is_charged_for_what_another_process_did():
    work = Work(saved=0.1)
    with work.turn("ann"):
        work.charge(5)
    with pytest.raises(DigitsError, match="wait 5 seconds"), work.turn("ann"):
        pass
    with work.turn("bob"):
        pass
