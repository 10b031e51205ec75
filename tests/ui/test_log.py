"""Whoever reads the app's output, or does not, changes nothing for those whom it serves."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from asking import ask, post
from drawings import DIGITS

from digits.bench.app import free_port

ROOT = Path(__file__).parents[2]
GARBAGE = json.dumps({"component_id": -1, "fn_name": "x" * 90, "session_hash": "x", "data": {}}).encode()


@pytest.fixture
def started():
    """The address of an app whose output goes into a pipe that nobody reads any more, its process, and the pipe."""
    port, (reading, writing) = free_port(), os.pipe()
    command = [sys.executable, "-u", "app.py", "--port", str(port), "--runs", "none"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=writing, stderr=writing)
    os.close(writing)
    said = b""
    while b"Digits is at" not in said:
        part = os.read(reading, 1_000)
        assert part, said
        said += part
    yield f"http://127.0.0.1:{port}/", process, reading
    process.kill()
    process.wait(30)


def read_seven(address: str) -> int:
    strokes = [[coordinate * 1_000 for point in stroke for coordinate in point] for stroke in DIGITS[7]]
    return ask(address, "draw", "read_strokes", {"strokes": strokes})["best"]


def send(address: str, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", urlsplit(address).port), timeout=20) as connection:
        connection.sendall(raw)
        return connection.recv(1_000)


def fill(pipe: int) -> None:
    """To the last byte, without waiting."""
    writing = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    for size in (4_096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"." * size)
    os.close(writing)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="fills the pipe by Linux's /proc")
def test_a_pipe_that_nobody_empties_holds_nobody(started):
    address, process, reading = started
    fill(reading)
    assert {post(address, GARBAGE)[0] for _ in range(1_100)} == {400}  # more lines than may wait
    assert b"400" in send(address, b"no HTTP\r\n\r\n")  # the HTTP server has a log too
    assert read_seven(address) == 7
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    os.close(reading)


@pytest.mark.slow
def test_a_log_without_a_reader_costs_no_request_and_no_orderly_end(started):
    address, process, reading = started
    os.close(reading)
    assert post(address, GARBAGE)[0] == 400
    assert post(address, GARBAGE)[0] == 400
    assert read_seven(address) == 7
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
