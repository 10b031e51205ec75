"""The README's commands and figures are true."""

import json
import re
import shlex
from pathlib import Path

import pytest

from digits.__main__ import build_parser
from digits.commands.train import train_config
from digits.training.config import command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CARDS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "weights").glob("*.json"))}


def commands() -> list[str]:
    return re.findall(r"^python -m digits .*$", README, flags=re.MULTILINE)


def test_there_are_commands():
    assert len(commands()) >= 4


@pytest.mark.parametrize("line", commands())
def test_every_command_is_one_that_the_program_takes(line):
    build_parser().parse_args(shlex.split(line)[3:])


def test_the_run_and_test_commands_are_there_word_for_word():
    assert "pip install -r requirements.txt && python app.py" in README
    assert "<!-- test command -->\n```\npip install -r requirements.txt && pytest\n```" in README


@pytest.mark.parametrize("name", CARDS)
def test_the_figures_are_the_cards(name):
    card = CARDS[name]
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    figures = card["figures"]
    assert cells == [
        f"`{name}`",
        f"{card['parameters']:,}",
        f"{figures['test_accuracy']:.2%}",
        f"{figures['validation_accuracy']:.2%}",
        f"`{card['command']}`",
        f"{figures['seconds']:.0f}",
    ]


@pytest.mark.parametrize("name", CARDS)
def test_a_cards_command_is_the_one_that_its_settings_give(name):
    card = CARDS[name]
    config = train_config(build_parser().parse_args(shlex.split(card["command"])[3:]))
    assert command(config) == card["command"]
    assert config.peak_learning_rate() == card["config"]["learning_rate"]
    assert (config.epochs, config.batch_size, config.augment) == tuple(
        card["config"][key] for key in ("epochs", "batch_size", "augment")
    )


def test_the_python_example_runs(tmp_path, monkeypatch, small_mnist):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("digits.training.loop.load_mnist", lambda device: small_mnist)
    example = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)[1]
    exec(compile(example, "README.md", "exec"), {})
    assert (tmp_path / "runs" / "first" / "weights.safetensors").is_file()


def test_every_file_that_the_readme_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_the_front_matter_makes_the_repository_a_space():
    matter = dict(line.split(": ", 1) for line in README.split("---")[1].strip().splitlines())
    assert matter["sdk"] == "gradio"
    assert (ROOT / matter["app_file"]).is_file()
    pins = (ROOT / "requirements.txt").read_text()
    assert f"gradio=={matter['sdk_version']}" in pins


def test_every_picture_of_the_repository_is_shown():
    """In README.md or CONTRIBUTING.md, and there are few."""
    pictures = [path for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".svg", ".webp")]
    pages = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(pictures) <= 8
    for picture in pictures:
        assert f"(docs/{picture.name})" in pages
