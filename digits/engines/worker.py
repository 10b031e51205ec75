"""What trains on a machine of a cluster, Worker, and how its folder reaches the server. Nothing here knows Ray."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import torch

from digits.engines.engine import Work
from digits.engines.here import Here
from digits.files import write_together
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.run_folder import LOGS, WEIGHTS
from digits.training.teaching import TeachConfig

Files = dict[str, bytes]
Changes = dict[str, tuple[int, bytes] | None]
"""By a file's name: from which byte on it is new, and these bytes; None where it is gone."""


class Worker:
    """Works on one job after the other, each in a temporary folder of its own whose changes go with the answers."""

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self.work: Work | None = None
        self.place: tempfile.TemporaryDirectory[str] | None = None

    def begin(self, config: TrainConfig | TeachConfig, files: Files, resume: bool, watch: Watch | None) -> None:
        """Take up a job: `files` are what `read_files` found."""
        self.place = tempfile.TemporaryDirectory(prefix="digits-worker-")
        self.folder, given = Path(self.place.name, "run"), Path(self.place.name, "given")
        self.sent: dict[str, tuple[int, int, int]] = {}
        for folder in (self.folder, given):
            folder.mkdir()
        config = dataclasses.replace(config, out=self.folder)
        if isinstance(config, TeachConfig):  # the weights that it copies are no result of its
            config = dataclasses.replace(config, weights=given / config.weights.name)
        for name, content in files.items():
            ((given if isinstance(config, TeachConfig) else self.folder) / name).write_bytes(content)
        self.work = Here().work(config, resume, watch)

    def advance(self) -> tuple[Any, Changes]:
        """The next update, None after the last, and what changed in the folder. Raises whatever ends the work."""
        assert self.work is not None
        update = next(self.work, None)
        return update and dataclasses.replace(update, model=None), self._changes()

    def close(self) -> Changes:
        """End the job after the step that is done -> all of its folder, since an answer may have been left unread."""
        assert self.work is not None and self.place is not None
        self.work.close()
        self.sent = dict.fromkeys(self.sent, (0, 0, 0))
        changes = self._changes()
        self.place.cleanup()
        return changes

    def _changes(self) -> Changes:
        """Since the last time. Logs only grow, once a job has begun; files of other names are replaced as wholes."""
        changes: Changes = {}
        states = {path.name: path.stat() for path in self.folder.iterdir()}
        marks = {name: (state.st_size, state.st_mtime_ns, state.st_ino) for name, state in states.items()}
        for name in marks:
            if self.sent.get(name) != marks[name]:
                start = self.sent[name][0] if name in LOGS and name in self.sent else 0
                changes[name] = start, (self.folder / name).read_bytes()[start:]
        changes |= dict.fromkeys(self.sent.keys() - marks.keys())
        self.sent = marks
        return changes


def read_files(config: TrainConfig | TeachConfig, resume: bool) -> Files:
    """What a worker needs to begin: a run's folder as it was left, or the weights that a teaching copies."""
    paths: list[Path] = []
    if isinstance(config, TeachConfig):
        paths = [config.weights, config.weights.with_suffix(".json")]
    elif resume and config.out is not None:
        paths = [Path(config.out) / name for name in ("config.json", "state.pt", *LOGS, *WEIGHTS)]
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def write_changes(folder: Path, changes: Changes) -> None:
    """Do to this folder what was done to a worker's; readers see no half file. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    whole: dict[Path, bytes] = {}
    for name, change in changes.items():
        if change is None:
            (folder / name).unlink(missing_ok=True)
        elif change[0]:
            with (folder / name).open("ab", buffering=0) as file:
                file.write(change[1])
        else:
            whole[folder / name] = change[1]
    write_together(whole)
