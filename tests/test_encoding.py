"""Text files are UTF-8 whatever the machine's locale: a Korean or Chinese Windows reads CP949 or GBK by default."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "digits").rglob("*.py")), *sorted((ROOT / "docs").rglob("*.py"))]


def unnamed_encodings(source: str) -> list[int]:
    """Lines that read or write a text file in the locale's encoding."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        read_or_written = name == "read_text" and not node.args or name == "write_text" and len(node.args) < 2
        opened_as_text = name == "open" and isinstance(node.func, ast.Name) and len(node.args) < 2
        if read_or_written or opened_as_text:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_files_name_their_encoding(path):
    assert unnamed_encodings(path.read_text(encoding="utf-8")) == []


def test_the_page_is_built_under_an_ascii_locale(tmp_path):
    """Simulates a machine whose locale is not UTF-8; the switches turn Python's own repair of such locales off."""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code = (
        "import locale; assert locale.getpreferredencoding(False) != 'UTF-8'\n"
        "from digits.ui.page import build_ui; build_ui('cpu')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
