"""The package that pip installs: the pins of requirements.txt, and all that it needs to read a digit."""

import re
import tomllib
from pathlib import Path

from digits.__main__ import build_parser
from digits.model.export import PACKAGES
from digits.reading.recognizer import WEIGHTS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(text: str) -> list[str]:
    return re.findall(r"^[\w-]+(?:\[\w+\])?==[\w.]+", text, flags=re.MULTILINE)


def test_pins_agree_with_requirements():
    app, bench, tests = (ROOT / "requirements.txt").read_text().split("\n\n")
    groups = PROJECT["dependency-groups"]
    assert [pin.partition(";")[0] for pin in PROJECT["project"]["dependencies"]] == pins(app)
    assert 'uvloop==0.23.0; sys_platform != "win32"' in app  # it does not build there
    assert groups["bench"] == pins(bench)
    assert groups["test"] + groups["lint"] == pins(tests)
    gradio = next(pin for pin in pins(app) if pin.startswith("gradio=="))
    extras = PROJECT["project"]["optional-dependencies"]
    assert extras["mcp"] == [gradio.replace("gradio", "gradio[mcp]")]
    assert extras["ray"] == [pin for pin in pins(tests) if pin.startswith("ray")]
    assert extras["onnx"] == [pin for pin in pins(tests) if pin.split("==")[0] in PACKAGES]


def test_a_wheel_takes_the_weights_from_where_a_checkout_has_them():
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {"weights": "digits/weights"}
    assert WEIGHTS == ROOT / "weights"
    assert sorted(path.stem for path in WEIGHTS.glob("*.safetensors")) == ["cnn", "cnn-large", "mlp"]


def test_the_digits_command_is_the_command_line():
    assert PROJECT["project"]["scripts"] == {"digits": "digits.__main__:main"}
    assert build_parser().parse_args(["read", "photo.png"]).run
