"""What several test files share."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["DIGITS_RUNS"] = "none"  # what tests train is not for the data folder of whoever runs them

from digits.bench.app import free_port
from digits.data.mnist import Mnist, load_mnist

ROOT = Path(__file__).parents[1]

# urllib keeps the opener of its first request, proxies of the environment included: of one that a test sets, too.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))

SLOW = tuple(
    f"tests/{name}"
    for name in (
        "training",
        "test_app.py",
        "test_bench.py",
        "test_cluster.py",
        "test_jobs.py",
        "test_runs.py",
        "test_life.py",
        "test_command_line",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks by place: what drives a browser, and what trains networks or starts the app."""
    for item in items:
        path = item.path.relative_to(ROOT).as_posix()
        if path.startswith("tests/browser/"):
            item.add_marker(pytest.mark.browser)
        elif path.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def small_mnist() -> Mnist:
    """The real MNIST's first 2,000 images to train on, 1,000 to validate and 1,000 to test."""
    mnist = load_mnist()
    return Mnist(
        mnist.images[:3_000], mnist.labels[:3_000], mnist.test_images[:1_000], mnist.test_labels[:1_000], 1_000
    )


@pytest.fixture(scope="session")
def start_app(tmp_path_factory):
    """start_app(*flags) -> (address, process): `python app.py` in a process of its own, up and answering; `at` where it
    is asked, None for nowhere.
    """
    processes = []

    def start(*flags: str, at: str | None = "127.0.0.1") -> tuple[str, subprocess.Popen]:
        port = free_port()
        log = tmp_path_factory.mktemp("app") / "log"
        command = [sys.executable, "-u", "app.py", "--port", str(port), *flags]
        with log.open("w") as file:
            process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        process.log = log
        processes.append(process)
        address = f"http://{at}:{port}/"
        while "Digits is at" not in log.read_text():
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"app.py ended with {process.returncode}: {log.read_text()}")
        if at:
            # A proxy of the environment is none of this test's.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(address, timeout=30) as answer:
                assert answer.status == 200
        return address, process

    yield start
    for process in processes:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def app(start_app) -> str:
    return start_app()[0]
