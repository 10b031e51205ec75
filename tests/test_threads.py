"""Threads by the quota of a container, and threads that wait without spinning."""

import math
import os
import subprocess
import sys

import pytest

from digits import threads

V1 = "4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n"


@pytest.fixture
def groups(monkeypatch, tmp_path):
    """groups(membership, {path: text}): control groups as a machine has them."""

    def make(membership: str, files: dict[str, str]) -> None:
        (tmp_path / "membership").write_text(membership)
        for name, text in files.items():
            (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "groups" / name).write_text(text)

    monkeypatch.setattr(threads, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(threads, "MEMBERSHIP", tmp_path / "membership")
    return make


@pytest.mark.parametrize(
    ("membership", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "max 100000\n"}, math.inf),
        ("0::/slice/app\n", {"slice/app/cpu.max": "max 100000", "slice/cpu.max": "150000 100000"}, 1.5),
        ("0::/\n", {}, math.inf),
        (V1, {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        (V1, {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, math.inf),
        (V1, {f"cpu,cpuacct/docker/abc/cpu.cfs_{name}_us": "50000" for name in ("quota", "period")}, 1),
        ("0::/\n", {"cpu.max": "rubbish"}, math.inf),
        ("0::/../../outside\n", {"cpu.max": "400000 100000"}, 4),
    ],
)
def test_the_quota_is_the_smallest_of_the_groups_of_this_process(groups, membership, files, quota):
    groups(membership, files)
    assert threads.read_quota() == quota


def test_where_there_are_no_control_groups_nothing_is_limited(monkeypatch, tmp_path):
    monkeypatch.setattr(threads, "MEMBERSHIP", tmp_path / "none")
    assert threads.read_quota() == math.inf
    assert threads.count_cores() >= 1


def test_there_are_no_more_threads_than_the_quota_and_what_was_set_stays(groups, monkeypatch):
    groups("0::/\n", {"cpu.max": "120000 100000"})
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "KMP_BLOCKTIME", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    wait = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0", "GOMP_SPINCOUNT": "1000"}
    assert threads.missing_settings() == {"OMP_NUM_THREADS": "2", **wait}
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert threads.missing_settings() == {"KMP_BLOCKTIME": "0"}


def test_it_is_settled_before_torch_is_there():
    code = """import sys, digits.threads as threads
assert "torch" in sys.modules  # digits imports it
import os
assert os.environ["OMP_WAIT_POLICY"] == "passive"
"""
    watch = """import sys, builtins, os
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("at torch:", os.environ.get("OMP_WAIT_POLICY"))
sys.meta_path.insert(0, Watch())
"""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", watch + code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "at torch: passive"
