"""The folder of a run: what a training leaves on the disk while it goes on, and what it can be resumed from.

    config.json          the settings
    log.jsonl            one line an update
    looks.jsonl          one line an update: the look inside, where somebody watches
    weights.safetensors  the last weights, and their card weights.json
    best.safetensors     those with the best validation accuracy, and their card best.json
    state.pt             all that the next step depends on, as of the last validation, or of where it was closed; gone
                         when the run is finished

Files are replaced as wholes and the log grows by whole lines: a run that is killed at any moment can be resumed.
"""

import contextlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import torch

from digits.errors import DigitsError
from digits.files import write_atomically
from digits.model.networks import Network
from digits.model.weights import save_weights

WEIGHTS = ("weights.json", "weights.safetensors", "best.json", "best.safetensors")
LOGS = ("log.jsonl", "looks.jsonl")
FORMAT = "digits run 1"  # of state.pt; to be changed when the meaning of what it holds changes


class RunFolder:
    """The folder of one run. `settings` is a dictionary that JSON gives back as it is; all of it but `device` decides
    what the run is.
    """

    def __init__(self, path: str | Path, settings: dict[str, Any]):
        self.path, self.settings = Path(path), settings

    def begin(self) -> None:
        """Make it the folder of a run that has done nothing yet; an earlier run in it is deleted, its state first."""
        for name in ("state.pt", *WEIGHTS):
            self._delete(name)
        self._clear()
        self._delete("looks.jsonl")
        self._write("log.jsonl", b"")
        self._write("config.json", (json.dumps(self.settings, indent=2) + "\n").encode())

    def log(self, line: dict[str, Any], look: dict[str, Any] | None = None) -> None:
        """Append an update's line, and its look's: each by one write, of which a killed process leaves all or nothing.
        Both have the update's `step`.
        """
        for name, content in zip(LOGS, (line, look), strict=True):
            if content is not None:
                self._append(name, content)

    def _append(self, name: str, line: dict[str, Any]) -> None:
        path = self.path / name
        try:
            with path.open("ab", buffering=0) as file:
                file.write((json.dumps(line) + "\n").encode())
        except OSError as error:
            raise DigitsError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None

    def keep_weights(self, model: Network, card: dict[str, Any], best: bool = False) -> None:
        """Write the last weights and, where they are the `best` so far, these too."""
        for name in ("best", "weights") if best else ("weights",):
            save_weights(model, self.path / f"{name}.safetensors", card)

    def keep_state(self, state: dict[str, Any]) -> None:
        """Write what `load_state` will return: tensors, numbers and strings, in dictionaries and lists."""
        file = io.BytesIO()
        torch.save({"format": FORMAT, "settings": self.settings, **state}, file)
        self._write("state.pt", file.getvalue())

    def load_state(self) -> dict[str, Any] | None:
        """The state of the last validation, or of where it was closed, on the CPU; None before the first.

        Raises DigitsError for a finished run, for settings other than the saved ones, and for a file that is not a
        whole state of this run.
        """
        saved = load_settings(self.path)
        if is_finished(self.path):
            raise DigitsError(f"The run in {self.path} is finished: there is nothing to resume.")
        for name in self.settings | saved:
            value = self.settings.get(name)
            if name != "device" and (saved.get(name) != value or (value is None and name not in saved)):
                raise DigitsError(
                    f"The run in {self.path} was started with {name} {saved.get(name)!r} and cannot be resumed with "
                    f"{value!r}; leave that setting out, or train anew in another folder."
                )
        self.settings = saved
        path = self.path / "state.pt"
        if not path.is_file():
            return None
        state = None
        with contextlib.suppress(Exception):  # foreign bytes lead the unpickler to exceptions of any kind
            if zipfile.is_zipfile(path):  # what torch.save writes; torch.load would take bare pickles too
                state = torch.load(path, map_location="cpu", weights_only=True)  # plain data only: nothing is run
        if not isinstance(state, dict) or state.get("format") != FORMAT or not _same_run(state.get("settings"), saved):
            raise DigitsError(f"{path} is not a whole state of this run; delete it to train from the first step again.")
        return state

    def resume(self, step: int) -> None:
        """Cut the logs back to `step`, and delete what a killed process left half written."""
        for name in LOGS:
            path = self.path / name
            if name != "log.jsonl" and not path.is_file():  # nobody watched
                continue
            try:
                lines = path.read_bytes().splitlines(keepends=True)
                kept = b"".join(line for line in lines if json.loads(line)["step"] <= step)
            except (OSError, ValueError, TypeError, KeyError):
                raise DigitsError(
                    f"{path} is not the log of a run; restore it, or empty it to log from here."
                ) from None
            self._write(name, kept)
        self._clear()

    def finish(self) -> None:
        """Delete the state; the card says that the run is complete."""
        self._delete("state.pt")

    def _clear(self) -> None:
        for name in ("config.json", *LOGS, "state.pt", *WEIGHTS):
            for leftover in self.path.glob(f".{name}.*.tmp"):  # of write_atomically
                self._delete(leftover.name)

    def _write(self, name: str, content: bytes) -> None:
        try:
            write_atomically(self.path / name, content)
        except OSError as error:
            message = f"{self.path / name} cannot be written ({error.strerror}); choose another folder."
            raise DigitsError(message) from None

    def _delete(self, name: str) -> None:
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            message = f"{self.path / name} cannot be deleted ({error.strerror}); choose another folder."
            raise DigitsError(message) from None


class NoFolder:
    """Keeps nothing: where nobody asked for a folder, and in the processes beside the first."""

    def begin(self) -> None: ...

    def resume(self, step: int) -> None: ...

    def log(self, line: dict[str, Any], look: dict[str, Any] | None = None) -> None: ...

    def keep_weights(self, model: Network, card: dict[str, Any], best: bool = False) -> None: ...

    def keep_state(self, state: dict[str, Any]) -> None: ...

    def finish(self) -> None: ...


def find_step(path: Path) -> int:
    """The step that the run in this folder can be resumed from; 0 where its state cannot be read."""
    with contextlib.suppress(Exception):  # as in `load_state`, which says what is wrong with it
        return int(torch.load(path / "state.pt", map_location="cpu", weights_only=True, mmap=True)["step"])
    return 0


def snapshot(parts: dict[str, Any]) -> dict[str, Any]:
    """Generators, and things with a state_dict -> their states by name, for `keep_state`; what is None has none."""
    states = {}
    for name, part in parts.items():
        if part is not None:
            states[name] = part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
    return states


def restore(parts: dict[str, Any], states: dict[str, Any]) -> None:
    """Bring `parts` to the states that `snapshot` took of them."""
    for name, part in parts.items():
        if part is not None:
            (part.set_state if isinstance(part, torch.Generator) else part.load_state_dict)(states[name])


def load_settings(path: str | Path) -> dict[str, Any]:
    """The settings that the run in this folder was started with. Raises DigitsError where there is no run."""
    path = Path(path) / "config.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DigitsError(f"There is no run in {path.parent}: it has no {path.name}.") from None
    except (OSError, ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise DigitsError(f"{path} cannot be read as a JSON object; restore it, or train anew in another folder.")
    return settings


def _same_run(settings: object, saved: dict[str, Any]) -> bool:
    """Whether these are the saved settings; the device may have another name: a run can be resumed as auto, say."""
    return isinstance(settings, dict) and settings | {"device": ""} == saved | {"device": ""}


def is_finished(path: Path) -> bool:
    """Whether the run in this folder was trained to its end."""
    try:
        card = json.loads((path / "weights.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(card, dict) and card.get("complete") is True
