"""The package's face, what importing it may do, and which way its imports point."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import digits

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "digits"
MODULES = sorted(PACKAGE.rglob("*.py"))

# DESIGN: imports point one way. A module may import from its own floor and from those under it.
FLOORS = [
    {"errors"},
    {"ink"},  # under handwriting, which draws through it; it needs nothing of the package's but errors
    {"model", "data", "augment", "handwriting", "outliers"},
    {"checkpoint", "workers"},
    {"trainer"},
    {"teaching"},
    {"jobs", "inference", "number", "evaluation", "number_report", "robustness", "explain", "bench"},
    {"ui", "__main__", "__init__"},
    {"app"},
]

IMPORTS_QUIETLY = """
import sys

opened, connected = [], []


def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
    if event.startswith("socket.") and event not in ("socket.gethostname", "socket.__new__"):
        connected.append(event)


sys.addaudithook(watch)
import digits

heavy = {"gradio", "torchvision", "scipy"} & set(sys.modules)
assert not heavy, heavy
data = [path for path in opened if path.endswith((".safetensors", ".gz", "-ubyte", "SHA256SUMS", ".json"))]
assert not [path for path in data if "digits" in path or "weights" in path], data
assert not connected, connected
"""


def floor(name: str) -> int:
    (at,) = (i for i, names in enumerate(FLOORS) if name in names)
    return at


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, by its full name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names.add(node.module)
            if node.module == "digits":
                names |= {f"digits.{alias.name}" for alias in node.names if (PACKAGE / f"{alias.name}.py").exists()}
    return names


def test_the_public_names_are_those_of_the_design():
    assert set(digits.__all__) == {
        *("Recognizer", "Reading", "TrainConfig", "TrainingUpdate", "train", "evaluate", "Report"),
        *("load_mnist", "DigitsError"),
    }
    for name in digits.__all__:
        assert getattr(digits, name).__module__.startswith("digits.")
        assert getattr(digits, name).__doc__


def test_importing_reads_no_data_and_touches_no_network():
    done = subprocess.run([sys.executable, "-c", IMPORTS_QUIETLY], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_page_imports_gradio(path):
    names = imported(path)
    if (PACKAGE / "ui") not in path.parents:
        assert not any(name.split(".")[0].startswith("gradio") for name in names)


@pytest.mark.parametrize("path", [*MODULES, ROOT / "app.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    if not path.exists():
        pytest.skip("not written yet")
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py") if PACKAGE in path.parents else "app"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "digits" and len(parts) > 1:
            assert floor(parts[1]) <= floor(here), f"{here} imports {name}"
        assert parts[0] != "app", f"{here} imports app"


def test_a_relative_or_upward_import_would_be_seen(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    from digits import ink, train\n    import digits.ui.page as page\n")
    assert imported(tmp_path / "a.py") == {"digits", "digits.ink", "digits.ui.page"}
