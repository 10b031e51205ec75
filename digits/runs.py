"""A training or teaching of a visitor's, Job, and trainings that outlast the server, KeptRuns.

A kept run's folder is `training.run_folder`'s, with run.json beside its files: the visitor (a hash of the id, which is
the key to their networks), the number, the state. A visitor's page finds its runs again, and one that the server's end
interrupted goes on from where it was put down, or from its last validation where the server was killed.
"""

import contextlib
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from digits.errors import DigitsError
from digits.files import write_atomically
from digits.training.config import TrainConfig, settings_of
from digits.training.look import Watch
from digits.training.run_folder import find_step, is_finished
from digits.training.teaching import TeachConfig
from digits.training.update import read_lines, read_updates
from digits.turns import in_turn

log = logging.getLogger(__name__)

WAITING, RUNNING, PAUSED = "waiting", "running", "paused"
DONE, STOPPED, FAILED = "done", "stopped", "failed"

MOST_PAUSED, MOST_PAUSED_A_CLIENT = 8, 2  # each keeps its memory: some 20 MB
MOST_PINNED = 20  # of one visitor's
MOST_BYTES = 2_000_000_000  # of all runs together; the oldest unpinned ones make room
FORMAT = 1
ID = re.compile(r"[\w-]{20,40}")  # of a run: its folder's name

_recalling = threading.Lock()  # of looks inside


def hash_visitor(visitor: str) -> str:
    """A visitor's id -> what may lie on the disk in its place."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:32]


def default_folder() -> Path:
    """Where this system's programs keep a user's data. Raises DigitsError where there is no such place."""
    try:
        if sys.platform == "win32":
            root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            root = Path.home() / "Library" / "Application Support"
        else:
            root = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    except RuntimeError:
        raise DigitsError("There is no home folder to keep runs in; name one with --runs DIR.") from None
    return root / "digits" / "runs"


@dataclass(frozen=True)
class Opened:
    """In a training's place: the network came in a file."""

    model: str
    """As in `digits.model.networks.NETWORKS`, or `digits.model.builder.BUILT`."""


@dataclass(eq=False)
class Job:
    """One training or teaching, from the click to its network. Any thread may read it, only its JobQueue changes it."""

    config: Any
    """TrainConfig, or TeachConfig for a teaching, of which `updates` are; or Opened."""
    visitor: str
    """Hashed, see `digits.runs.hash_visitor`."""
    folder: Path
    client: str = ""
    """Whose turn it takes: the visitor's address, since anybody can make up visitors."""
    number: int = 1
    """Which of its visitor's jobs this is, counted from 1."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: str = WAITING
    message: str = ""
    """Why it ended, where that was not by finishing; one sentence."""
    updates: list[Any] = field(default_factory=list)
    """All so far, without their live networks; only ever appended to."""
    started: datetime | None = None
    looks: Path | None = None
    """Where the looks inside of an earlier server's updates are, until `recall` takes them up."""
    watch: Watch | None = field(default=None, repr=False)
    """What a training looks at while it goes on."""
    name: str = ""
    """What its visitor calls it, where they gave it a name."""
    pinned: bool = False
    """Whether it stays when the oldest runs make room."""
    resumes: bool = False
    """Whether it was interrupted, by the end of an earlier server, say, and goes on from its last state."""
    kept: bool = True
    """Whether its network is offered to its visitor; a taught one is once the visitor has kept it."""
    work: Generator[Any, None, None] | None = field(default=None, repr=False)
    """What yields the updates, from its turn to its end; a paused job's stands still, or was put down."""
    seconds: float = 0.0
    """How long it has run, of the time that a run may take."""
    stop_requested: threading.Event = field(default_factory=threading.Event, repr=False)
    pause_requested: threading.Event = field(default_factory=threading.Event, repr=False)
    put_down_requested: threading.Event = field(default_factory=threading.Event, repr=False)
    """At the server's end: a later one takes it up."""

    def belongs_to(self, visitor: str) -> bool:
        return self.visitor == hash_visitor(visitor)

    @property
    def active(self) -> bool:
        return self.state in (WAITING, RUNNING, PAUSED)

    @property
    def begun(self) -> bool:
        return bool(self.updates) or self.resumes

    @property
    def pausable(self) -> bool:
        """A teaching takes seconds, and is not."""
        at_work = self.state in (WAITING, RUNNING) and not self.pause_requested.is_set()
        return at_work and isinstance(self.config, TrainConfig)

    @property
    def what_is_left(self) -> str:
        """Of a job that ends early, in words."""
        if isinstance(self.config, TeachConfig):
            return "nothing was taught"
        return "the weights so far are kept" if self.begun else "there are no weights"

    def put_down(self) -> bool:
        """Nobody works on it until it goes on from its last state, or from its start where there is none -> whether it
        is done instead, and has all its updates: another machine may have been at its last step.
        """
        try:
            if self.work is not None:
                self.work.close()
        finally:
            self.work, self.resumes = None, (self.folder / "state.pt").is_file()
        if not isinstance(self.config, TrainConfig) or not is_finished(self.folder):
            return False
        last = self.updates[-1].step if self.updates else 0
        self.updates += [update for update in read_updates(self.folder / "log.jsonl") if update.step > last]
        self.looks = self.folder / "looks.jsonl"
        return True

    def takes_longer_than(self, seconds: float) -> bool:
        """From now on; a teaching does not."""
        return bool(self.updates) and getattr(self.updates[-1], "remaining", 0.0) > seconds

    def close(self) -> None:
        """Nobody works on it any more."""
        try:
            if self.work is not None:
                self.work.close()  # a training writes its weights then
        finally:
            self.work = None
        (self.folder / "state.pt").unlink(missing_ok=True)  # the largest file, and what has ended is not resumed

    @property
    def weights(self) -> Path | None:
        """The kept weights, or None while there are none; a training that failed has none."""
        path = self.folder / "weights.safetensors"
        return path if self.state in (DONE, STOPPED) and path.is_file() else None

    def recall(self) -> None:
        """Add the looks inside to an earlier server's updates, once somebody asks for them: they take megabytes a run,
        and up to a second. What is damaged is left out.
        """
        with _recalling:  # who asks at the same time waits for them
            path = self.looks
            if path is not None:
                self._recall(path)
                self.looks = None

    def _recall(self, path: Path) -> None:
        looks = {values["step"]: values for values in read_lines(path) if type(values.get("step")) is int}
        for i, update in enumerate(self.updates):
            with contextlib.suppress(ValueError, TypeError, KeyError):
                self.updates[i] = update.with_look(looks[update.step])

    def validation_accuracy(self) -> float | None:
        """The latest there is."""
        known = (update.validation_accuracy for update in reversed(self.updates))
        return next((accuracy for accuracy in known if accuracy is not None), None)


def check_room_to_pause(jobs: list[Job], client: str) -> None:
    """Raises DigitsError where too many stand still, in all or of this client's."""
    paused = [job for job in jobs if job.state == PAUSED or job.pause_requested.is_set()]
    if len(paused) >= MOST_PAUSED or sum(job.client == client for job in paused) >= MOST_PAUSED_A_CLIENT:
        raise DigitsError("Too many trainings are paused on this server; stop yours, or let it go on.")


def in_order(jobs: list[Job]) -> list[Job]:
    """Those that wait, in the order they will run."""
    served = sorted((job for job in jobs if job.started), key=lambda job: job.started or datetime.min)
    return in_turn((job for job in jobs if job.state == WAITING), served)


def surplus(jobs: list[Job], visitor: str, most: int, most_of_visitor: int) -> list[Job]:
    """Jobs, oldest first -> those that make room where more than `most` have ended, or this visitor has more.

    Jobs that cost nothing never cost anybody a trained network: those without one, and opened files, of which most are
    gone sooner, are counted on their own account.
    """
    ended = [job for job in jobs if not job.active and not job.pinned]
    kept = [job for job in ended if job.weights]
    empty = [job for job in ended if not job.weights]
    opened = [job for job in kept if isinstance(job.config, Opened)]
    trained = [job for job in kept if not isinstance(job.config, Opened)]
    own = [job for job in kept if job.visitor == visitor]
    groups = ((trained, most), (opened, most // 4), (empty, most), (own, most_of_visitor))
    return list(dict.fromkeys(job for group, room in groups for job in group[: max(0, len(group) - room)]))


_locks: dict[Path, FileLock] = {}  # held until this process ends


def _lock(folder: Path) -> None:
    lock = FileLock(folder / ".in-use", timeout=0, thread_local=False, fallback_to_soft=False)
    _locks.setdefault(folder.resolve(), lock).acquire()


class KeptRuns:
    """The folder of all visitors' runs."""

    def __init__(self, folder: Path) -> None:
        """Raises DigitsError where the folder cannot be made or written to, and where another process keeps its runs
        there: both would go on with the same trainings.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".writable"
            probe.write_bytes(b"")
            probe.unlink()
            _lock(folder)
        except Timeout:
            raise DigitsError(f"Runs cannot be kept in {folder}: another running server keeps its own there.") from None
        except NotImplementedError:
            log.warning("%s cannot be locked; let no second server use it.", folder)  # some network disks
        except OSError as error:
            raise DigitsError(f"Runs cannot be kept in {folder} ({error.strerror}).") from None

    def save(self, job: Job) -> None:
        """Write down whose run this is and how it stands. A disk that refuses costs the run nothing but its future."""
        folder = self.folder / job.id
        facts = {name: getattr(job, name) for name in ("visitor", "number", "name", "pinned", "state", "message")}
        facts["settings"] = settings_of(job.config)
        facts["drawing"] = job.watch.to_text() if job.watch else None
        try:
            folder.mkdir(exist_ok=True)
            write_atomically(folder / "run.json", (json.dumps({"format": FORMAT, **facts}, indent=2) + "\n").encode())
        except OSError as error:
            log.warning("A run could not be written down (%s): %s", error.strerror, folder)

    def load(self) -> list[Job]:
        """All whole runs, the oldest first, after the oldest have made room. What is damaged or not ours is left where
        it lies. One that was in the middle waits for its turn again.
        """
        found = []
        for folder in sorted(self.folder.iterdir(), key=_changed):
            if ID.fullmatch(folder.name) and (folder / "run.json").is_file():
                try:
                    found.append(_read(folder))
                except (OSError, ValueError, KeyError, TypeError, DigitsError):
                    continue
        too_much = beyond_the_disk(found)
        for job in too_much:
            shutil.rmtree(job.folder, ignore_errors=True)
        return [job for job in found if job not in too_much]


def beyond_the_disk(jobs: list[Job]) -> list[Job]:
    """Jobs, oldest first -> the unpinned ones that have ended and must go, so that all take MOST_BYTES at most."""
    sizes = {job: _size(job.folder) for job in jobs}
    left, go = sum(sizes.values()), []
    for job in jobs:
        if left > MOST_BYTES and not job.pinned and not job.active:
            go.append(job)
            left -= sizes[job]
    return go


def _size(folder: Path) -> int:
    size = 0
    for file in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # of a training that goes on
            size += file.stat().st_size
    return size


def _changed(folder: Path) -> float:
    try:
        return (folder / "run.json").stat().st_mtime
    except OSError:
        return 0.0


def _read(folder: Path) -> Job:
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    config = TrainConfig(**facts["settings"], out=folder)
    replace(config, device="cpu").check()  # what has ended needs no GPU; what has not asks for it at its turn
    texts = {name: facts[name] for name in ("visitor", "name", "state", "message")}
    if facts["format"] != FORMAT or not all(isinstance(text, str) and len(text) < 1_000 for text in texts.values()):
        raise ValueError("not a run of this version's")
    job = Job(
        config, folder=folder, number=int(facts["number"]), id=folder.name, pinned=facts["pinned"] is True, **texts
    )
    job.updates, job.looks = read_updates(folder / "log.jsonl"), folder / "looks.jsonl"
    if job.active and is_finished(folder):  # killed before its state was written down
        job.state = DONE
    if job.active:
        job.state, job.watch = PAUSED if job.state == PAUSED else WAITING, Watch.from_text(facts.get("drawing"))
        job.resumes = (folder / "state.pt").is_file()
        last = find_step(folder) if job.resumes else 0  # what came later is trained again
        job.updates = [update for update in job.updates if update.step <= last]
    return job
