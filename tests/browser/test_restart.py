"""The server is killed in the middle of a training: the page finds its finished runs again, and the rest goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from digits.bench.app import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serve(tmp_path):
    """serve(port) -> (address, process), on one folder of runs; what still runs is killed at the test's end."""
    processes = []

    def start(port: int):
        log = tmp_path / f"log-{len(processes)}"
        command = [sys.executable, "-u", "app.py", "--port", str(port), "--runs", str(tmp_path / "runs")]
        with log.open("w") as file:
            processes.append(subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT))
        while "Digits is at" not in log.read_text():
            assert processes[-1].poll() is None, log.read_text()
            time.sleep(0.2)
        return f"http://127.0.0.1:{port}/", processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait(30)


def test_runs_outlast_a_server_that_is_killed(visit, serve):
    port = free_port()
    address, process = serve(port)
    visitor = visit(address)
    page = visitor.page
    visitor.tab("Train")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".band-title")).to_contain_text("is done", timeout=120_000)
    page.get_by_role("button", name="Train another").click()
    page.locator(".ways button").filter(has_text="Beginners' text").click()
    page.get_by_role("textbox", name="Epochs").fill("200")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".live .title")).to_contain_text("Run 2")
    expect(page.locator(".accuracy-now")).to_contain_text("held-out", timeout=120_000)  # a validation: a state is kept
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    serve(port)
    page.reload()
    page.locator(".network b:not(:empty)").wait_for()
    visitor.tab("Train")
    expect(page.locator(".live .title")).to_contain_text("Run 2")
    # What the first server trained is part of the run.
    page.wait_for_function("Number(document.querySelector('.time').max) > 10")
    page.get_by_role("button", name="Stop and keep it").click()
    expect(page.locator(".band-title")).to_contain_text("Run 2 was stopped", timeout=60_000)
    rows = page.locator(".runs tbody tr")
    expect(rows.filter(has_text="Run 1")).to_contain_text("99.")
    expect(rows.filter(has_text="Run 2")).to_contain_text("MLP")
    rows.filter(has_text="Run 1").get_by_role("button", name="Rename").click()
    page.get_by_label("New name of Run 1").fill("First try")
    page.keyboard.press("Enter")
    expect(rows.filter(has_text="First try")).to_have_count(1)
    rows.filter(has_text="First try").get_by_role("button", name="Pin").click()
    expect(rows.filter(has_text="First try")).to_contain_text("Unpin")
    rows.filter(has_text="Run 2").get_by_role("button", name="Remove").click()
    expect(rows.filter(has_text="Run 2")).to_have_count(0)
