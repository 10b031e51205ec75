"""How `python app.py` starts, ends, and starts again, on machines of many kinds."""

import itertools
import json
import os
import random
import re
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from asking import ask

from digits.model.weights import load_weights
from digits.ui.address import EVERYWHERE
from digits.ui.temporary import PREFIX

SETTINGS = {"model": "cnn-large", "optimizer": "adamw", "learning_rate": 0.003, "batch_size": 128, "epochs": 40}
SETTINGS |= {"augment": "affine", "precision": "float32", "seed": 0}
VISITOR = "visitor-of-the-life-tests"
KILLS = int(os.environ.get("DIGITS_KILLS", "3"))  # of the test that kills; twenty were tried for LOG.md


def train(address: str) -> None:
    """Start a training of many minutes, and wait for its first update."""
    job = ask(address, "train", "start_training", {"visitor": VISITOR, "settings": SETTINGS})["job"]
    end = time.monotonic() + 120
    while not ask(address, "train", "look_at_training", {"visitor": VISITOR, "job": job})["updates"]:
        assert time.monotonic() < end
        time.sleep(0.2)


def folders(place: Path) -> set[Path]:
    return set(place.glob(f"{PREFIX}*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_the_app_ends_cleanly_in_mid_training_and_a_start_clears_what_a_killed_one_left(
    start_app, monkeypatch, tmp_path
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    address, killed = start_app()
    train(address)
    with urllib.request.urlopen(address + "gradio_api/heartbeat/abc", timeout=30):  # a page that is still open
        left = folders(tmp_path)
        assert len(left) == 1
        killed.kill()
        killed.wait(30)
    assert folders(tmp_path) == left

    address, ended = start_app()
    assert len(folders(tmp_path)) == 1
    assert not folders(tmp_path) & left
    _, beside = start_app()
    assert len(folders(tmp_path)) == 2  # of two that live, neither clears the other's
    train(address)
    with urllib.request.urlopen(address + "gradio_api/heartbeat/abc", timeout=30):
        ended.send_signal(signal.SIGTERM)
        assert ended.wait(30) == 0
    assert "Traceback" not in ended.log.read_text()
    assert len(folders(tmp_path)) == 1
    beside.send_signal(signal.SIGINT)
    assert beside.wait(30) == 0
    assert folders(tmp_path) == set()


def check_files(runs: Path) -> None:
    """Whatever is there is whole, but for what a killed process was about to rename."""
    for path in runs.glob("*/*"):
        if path.suffix == ".safetensors":
            load_weights(path)
        elif path.suffix == ".json" and not path.name.startswith("."):
            json.loads(path.read_text())
        elif path.suffix == ".jsonl":
            for line in path.read_text().splitlines():
                json.loads(line)


def wait_for_all(address: str) -> list[dict]:
    """The visitor's runs, once none is active any more."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        runs = ask(address, "train", "list_runs", {"visitor": VISITOR})["runs"]
        if not any(run["active"] for run in runs):
            return runs
        time.sleep(0.2)
    raise AssertionError(runs)


def test_a_server_that_is_killed_at_any_moment_leaves_no_half_file_and_its_runs_go_on(start_app, tmp_path):
    chance = random.Random(0)
    settings = SETTINGS | {"model": "mlp", "epochs": 6, "augment": "none", "examples": 5_000}
    started: list[str] = []
    for _ in range(KILLS):
        address, process = start_app("--runs", str(tmp_path))
        runs = wait_for_all(address)
        assert [run["job"] for run in runs][:5] == started[-5:][::-1]  # so many are kept, and the latest
        assert all(run["state"] == "done" and run["network"] and run["figures"]["test"] > 0.8 for run in runs)
        wanted = {"visitor": VISITOR, "network": "mlp", "data": "mnist-validation"}
        assert ask(address, "evaluate", "look_at_evaluation", wanted)
        started.append(ask(address, "train", "start_training", {"visitor": VISITOR, "settings": settings})["job"])
        time.sleep(chance.uniform(0, 3))
        process.kill()
        process.wait(30)
        check_files(tmp_path)
    address, _ = start_app("--runs", str(tmp_path))
    runs = wait_for_all(address)
    assert [run["state"] for run in runs] == ["done"] * min(KILLS, 6)
    assert not list(tmp_path.glob("*/.*.tmp"))
    for run in runs:
        looked = ask(address, "train", "look_at_training", {"visitor": VISITOR, "job": run["job"]})
        assert all(earlier["share"] < later["share"] for earlier, later in itertools.pairwise(looked["updates"]))


PROXIES = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "all_proxy": "gopher://[nowhere",
}


def test_proxies_and_another_users_folders_keep_no_local_app_from_starting(start_app, monkeypatch, tmp_path):
    for name, value in PROXIES.items():
        monkeypatch.setenv(name, value)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "gradio").write_text("A file where Gradio wants a folder.")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio" / "uploads"))
    address, process = start_app()
    log = process.log.read_text()
    assert "The proxy of ALL_PROXY is left aside" in log
    assert "The proxy of all_proxy is left aside" in log
    assert "http_proxy" not in log.lower()
    assert f"{tmp_path / 'gradio' / 'uploads'} cannot be written to" in log
    assert "Traceback" not in log
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jsonl"\r\n\r\n{}\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(address + "gradio_api/upload", body, headers), timeout=30) as answer:
        assert PREFIX in json.load(answer)[0]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


HOSTS = ["localhost", "0.0.0.0", *(["::1", "[::1]", "::"] if has_ipv6() else [])]


@pytest.mark.parametrize("host", HOSTS)
def test_every_form_of_host_is_listened_at(start_app, host):
    """start_app asks at 127.0.0.1, which not all of these answer; so this asks at the address that is printed."""
    _, process = start_app("--host", host, at=None)
    line = next(line for line in process.log.read_text().splitlines() if line.startswith("Digits is at "))
    address = line.split()[3].replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
    while process.log.read_text().count("\n") < (2 if host in EVERYWHERE else 1):
        time.sleep(0.05)
    addresses = re.findall(r"^In the same network: (\S+)$", process.log.read_text(), flags=re.MULTILINE)
    assert len(addresses) == (host in EVERYWHERE)
    for place in (address, *addresses):
        with urllib.request.urlopen(place, timeout=30) as answer:
            assert answer.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_where_nothing_can_be_written_a_sentence_says_so(monkeypatch, tmp_path):
    from digits.errors import DigitsError
    from digits.ui import temporary

    def nowhere() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(temporary.tempfile, "gettempdir", nowhere)
    monkeypatch.setattr(temporary, "MEMORY", str(tmp_path / "memory"))
    assert temporary.find_root() == tmp_path / "memory"
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(temporary, "MEMORY", str(tmp_path / "file" / "memory"))
    with pytest.raises(DigitsError, match="set TMPDIR"):
        temporary.find_root()


@pytest.mark.skipif(os.name == "nt", reason="there a file that is open is its own lock")
def test_only_folders_of_dead_processes_of_this_user_are_cleared(monkeypatch, tmp_path):
    from digits.ui import temporary

    dead, new, old, foreign = (tmp_path / f"{PREFIX}{name}" for name in ("dead", "new", "old", "others"))
    for folder in (dead, new, old, foreign):
        folder.mkdir()
    for folder in (dead, foreign):
        (folder / temporary.LOCK).touch()
    os.utime(old, (0, 0))
    (tmp_path / f"{PREFIX}link").symlink_to(foreign)
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    temporary.clear_abandoned(tmp_path)
    assert dead.exists()
    monkeypatch.undo()
    with (foreign / temporary.LOCK).open("w") as lock:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        temporary.clear_abandoned(tmp_path)
    assert [folder.exists() for folder in (dead, new, old, foreign)] == [False, True, False, True]
