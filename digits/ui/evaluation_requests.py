"""What a request of the Evaluate tab names: networks, a file, and amounts of damage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from digits.device import beside_training
from digits.errors import DigitsError
from digits.evaluation.damage import SLIDERS
from digits.reading.recognizer import Recognizer
from digits.ui.networks import DEFAULT
from digits.ui.page_state import Page
from digits.ui.requests import parse_text, parse_visitor

ENDINGS = (".jsonl", ".jsonl.gz", ".npz", ".zip")
LARGEST_FILE = 20_000_000  # bytes, as `serve.LARGEST_UPLOAD` says


@dataclass(frozen=True)
class Chosen:
    """A network that a request names."""

    key: str
    weights: Path
    recognizer: Recognizer
    name: str


def choose(page: Page, payload: dict[str, Any]) -> list[Chosen]:
    """The network in use, and the one it is compared with where the request names one."""
    keys = [payload.get("network") or DEFAULT] + ([parse_text(payload, "against")] if payload.get("against") else [])
    names = {network["key"]: network["name"] for network in page.networks.listed(parse_visitor(payload))}
    return [
        Chosen(
            key,
            page.networks.path(key),
            page.networks.get(key, beside_training(page.device)),
            names.get(key, "The other network"),
        )
        for key in keys
    ]


def parse_upload(payload: dict[str, Any], endings: tuple[str, ...] = ENDINGS, what: str = "labelled drawings") -> Path:
    """{"path"} that Gradio's upload gave to the page -> it. Raises DigitsError for any other path."""
    path = Path(parse_text(payload, "path", 1_000).replace("\0", "")).resolve()  # links are followed before the check
    folder = Path(get_upload_folder()).resolve()
    if not path.is_relative_to(folder) or not path.name.lower().endswith(endings):
        raise DigitsError(f"That is not a file of {what}; wanted one that ends in {', '.join(endings)}.")
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise DigitsError("That file is not on the server any more; choose it again.")
    return path


def parse_amounts(payload: dict[str, Any]) -> dict[str, float]:
    """{"amounts": {name: number}} -> amounts within their sliders' ends. Raises DigitsError for others."""
    amounts = payload.get("amounts")
    if not isinstance(amounts, dict):
        raise DigitsError("The sliders did not arrive; move one again.")
    parsed = {}
    for slider in SLIDERS:
        value = amounts.get(slider.name, 0)
        if type(value) not in (int, float) or not slider.least <= value <= slider.most:
            raise DigitsError(f"{slider.title} is {value!r:.30}; wanted {slider.least} to {slider.most}.")
        parsed[slider.name] = float(value)
    return parsed
