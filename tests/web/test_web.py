"""The page's pure modules under node; the same tests run in half a second with `node --test tests/web/`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOW = "no node here; on Debian or Ubuntu: apt-get install nodejs"


def test_modules_under_node():
    node = shutil.which("node")
    if node is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW)
    files = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
