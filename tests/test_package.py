"""The package's face, what importing it may do, and which way its imports point."""

import ast
import graphlib
import inspect
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import digits

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "digits"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A room is what stands directly in digits/. Each imports from those to its right only, never from its neighbours within
# braces; what is not named here may not be imported by any of them.
ORDER = [
    {"__main__", "ui"},
    {"commands"},
    {"bench"},
    {"jobs"},
    {"engines"},
    {"runs"},
    {"training", "evaluation"},
    {"reading"},
    {"data", "model"},
    {"ink"},
    {"device", "files", "threads", "turns"},
    {"errors"},
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


def is_module(path: Path) -> bool:
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, by its full name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names.add(node.module)
            if node.module.split(".")[0] == "digits":
                folder = PACKAGE.joinpath(*node.module.split(".")[1:])
                names |= {f"{node.module}.{alias.name}" for alias in node.names if is_module(folder / alias.name)}
    return names


def test_every_public_name_is_documented_and_comes_from_a_room():
    public = {name for name, value in vars(digits).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert public == set(digits.__all__)
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


def room(module: str) -> str:
    """digits.data.mnist -> data; digits itself, which only gathers the public names, is a room of its own."""
    return (module.split(".") + ["__init__"])[1]


def rooms_imported() -> dict[str, set[str]]:
    """Each room -> the other rooms that any of its files imports from."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        here = room(".".join(("digits", *path.relative_to(PACKAGE).with_suffix("").parts)))
        names = {name for name in imported(path) if name.startswith("digits.")}
        found.setdefault(here, set()).update({room(name) for name in names} - {here})
    return found


def test_imports_point_one_way():
    """There is no circle of rooms: a topological order exists, and it is the documented one."""
    imports = rooms_imported()
    list(graphlib.TopologicalSorter(imports).static_order())  # raises CycleError, naming the circle
    assert set().union(*ORDER) == set(imports) - {"__init__"}
    for at, rooms in enumerate(ORDER):
        below = set().union(*ORDER[at + 1 :])
        for name in rooms:
            assert imports[name] <= below, f"{name} imports {imports[name] - below}"


def test_modules_form_no_circle():
    """Within a room too."""
    names = {path: ".".join(("digits", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in MODULES}
    known = {name.removesuffix(".__init__") for name in names.values()}
    graph = {
        name.removesuffix(".__init__"): (imported(path) & known) - {name.removesuffix(".__init__"), "digits"}
        for path, name in names.items()
    }
    list(graphlib.TopologicalSorter(graph).static_order())


def test_each_room_says_what_lives_there_and_what_it_imports():
    for path in PACKAGE.glob("*/__init__.py"):
        words = ast.get_docstring(ast.parse(path.read_text()))
        assert words and len(words.splitlines()) <= 4, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path):
    if path.name != "templates.py":
        assert len(path.read_text().splitlines()) <= 330


def test_a_relative_or_nested_import_would_be_seen(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    from digits import ink, train\n    import digits.ui.page as page\n")
    assert imported(tmp_path / "a.py") == {"digits", "digits.ink", "digits.ui.page"}


# Names say what they hold.
WORDS = "it this that these those them each one other others none some several every mine ours theirs came"
PRONOUNS = set(WORDS.split())


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def test_functions_are_short():
    """From def to its last line, docstring included."""
    lengths = {
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in functions_of(path)
    }
    assert len(lengths) > 500
    assert not {name: length for name, length in lengths.items() if length >= 60}
    assert statistics.median(lengths.values()) < 12


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_variable_is_a_pronoun(path):
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    assert not names & PRONOUNS
