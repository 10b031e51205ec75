"""The page's pure modules under node; the same tests run in half a second with `node --test tests/web/`."""

import shutil
import subprocess
from pathlib import Path

import pytest


def test_modules_under_node():
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here; on Debian or Ubuntu: apt-get install nodejs")
    files = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
