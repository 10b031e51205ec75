"""A class: who is in it, what each has reached, and what its teacher lets it do. Nicknames and results are kept beside
the runs; what the teacher froze or hid is open again after a restart.
"""

import contextlib
import hmac
import json
import logging
import secrets
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from digits.errors import DigitsError
from digits.files import write_atomically
from digits.jobs import JobQueue
from digits.runs import Job, hash_visitor
from digits.training.config import TrainConfig
from digits.ui.networks import TITLES, Networks
from digits.ui.nicknames import key_of, parse_nickname

log = logging.getLogger(__name__)

HIDEABLE = {"train": "Train", "evaluate": "Evaluate", "how": "How it works"}  # Draw stays
MOST_PUPILS = 300  # visitors are easily made up
FORMAT = 1
QUEUE = 160  # places for trainings; an address may take a quarter of them, and a class has one address
TURN = 15.0  # seconds of computing, after which a training lets others go first unless as many again are enough
THREADS, WORK = 120, 80  # of the server's, and of these for work that takes tenths of a second
FROZEN = "The teacher has frozen training: what runs or waits goes on, and nobody starts another."
NO_TEACHER = "This is not the teacher's page (any more); open the link that the terminal printed at the last start."


@dataclass
class Pupil:
    """One row of the board."""

    number: int
    nickname: str = ""
    refused: list[str] = field(default_factory=list)
    """What the teacher took away: it does not come back."""
    runs: int = 0
    best: dict[str, Any] | None = None
    """model, accuracy, mistakes, seconds, parameters."""


class Classroom:
    """The class's state. Any thread may call."""

    def __init__(self, jobs: JobQueue, networks: Networks, folder: Path | None = None) -> None:
        """`folder` is where it is kept. Where there is nothing of an earlier start, runs so far are no part of it."""
        self.jobs, self.networks, self.folder = jobs, networks, folder
        self.token = secrets.token_urlsafe(16)
        self.frozen = False
        self.hidden: tuple[str, ...] = ()
        self.pupils: dict[str, Pupil] = {}  # by hashed visitor
        self.teachers: set[str] = set()  # hashed visitors
        self.lock = threading.RLock()
        self._counted: set[str] = set()  # ids of jobs whose end was seen
        if not self._load():
            self._counted = {job.id for job in jobs.all() if not job.active}

    def check_open(self) -> None:
        """Raises DigitsError where nobody may start a training."""
        if self.frozen:
            raise DigitsError(FROZEN)

    def check_teacher(self, token: object, visitor: str) -> None:
        """Raises DigitsError for a wrong token."""
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(errors="replace"), self.token.encode()):
            raise DigitsError(NO_TEACHER)
        self.teachers.add(hash_visitor(visitor))

    def choose_nickname(self, visitor: str, text: object) -> str:
        """Give this visitor a nickname, "" for none -> as it is shown. Raises DigitsError where it cannot be theirs."""
        name = parse_nickname(text) if text != "" else ""
        with self.lock:
            pupil = self.pupil_of(hash_visitor(visitor))
            if pupil is None:
                raise DigitsError(f"The board has {MOST_PUPILS} pupils and is full; ask the teacher to clear it.")
            key = key_of(name)
            if key in pupil.refused:
                raise DigitsError(f"The teacher has removed {name}; choose another nickname.")
            if name and any(key_of(named.nickname) == key for named in self.pupils.values() if named is not pupil):
                raise DigitsError(f"{name} is taken; choose another nickname.")
            pupil.nickname = name
            self._save()
        return name

    def remove_nickname(self, number: int) -> None:
        """Take a pupil's nickname away. Raises DigitsError where there is none."""
        with self.lock:
            named = [pupil for pupil in self.pupils.values() if pupil.number == number and pupil.nickname]
            if not named:
                raise DigitsError("That pupil has no nickname (any more).")
            named[0].refused.append(key_of(named[0].nickname))
            named[0].nickname = ""
            self._save()

    def clear(self) -> None:
        """Begin a new board; nicknames stay, and everybody's runs."""
        with self.lock:
            self.note_runs()
            self.pupils = {visitor: pupil for visitor, pupil in self.pupils.items() if pupil.nickname or pupil.refused}
            for pupil in self.pupils.values():
                pupil.runs, pupil.best = 0, None
            self._save()

    def pupil_of(self, visitor: str) -> Pupil | None:
        """By hashed visitor; a new one where there is room."""
        if visitor not in self.pupils and len(self.pupils) < MOST_PUPILS:
            number = 1 + max((pupil.number for pupil in self.pupils.values()), default=0)
            self.pupils[visitor] = Pupil(number)
        return self.pupils.get(visitor)

    def name_of(self, visitor: str) -> str:
        """By hashed visitor, as the board shows it."""
        if visitor in self.teachers:
            return "Teacher"
        pupil = self.pupils.get(visitor)
        return pupil.nickname or f"Pupil {pupil.number}" if pupil else "Pupil"

    def note_runs(self) -> None:
        """Count the trainings that have ended since the last look: the queue keeps a visitor's newest five only."""
        with self.lock:
            ended = [job for job in self.jobs.all() if not job.active and isinstance(job.config, TrainConfig)]
            new = [job for job in ended if job.id not in self._counted]
            for job in new:
                self._counted.add(job.id)
                if (result := self._result(job)) and (pupil := self.pupil_of(job.visitor)):
                    pupil.runs += 1
                    if pupil.best is None or result["mistakes"] < pupil.best["mistakes"]:
                        pupil.best = result
            if new:
                self._save()

    def _result(self, job: Job) -> dict[str, Any] | None:
        """None for a run that was not finished: only the last update is measured on the test set."""
        last = job.updates[-1] if job.updates else None
        network = self.networks.of_job(job)
        if last is None or last.test_accuracy is None or network is None:
            return None
        return {
            "model": TITLES[job.config.model],
            "accuracy": last.test_accuracy,
            "mistakes": round((1 - last.test_accuracy) * 10_000),
            "seconds": round(last.elapsed, 1),
            "parameters": network["parameters"],
        }

    def _save(self) -> None:
        if self.folder is None:
            return
        pupils = {visitor: asdict(pupil) for visitor, pupil in self.pupils.items()}
        known = {job.id for job in self.jobs.all()}
        content = {"format": FORMAT, "pupils": pupils, "counted": sorted(self._counted & known)}
        try:
            write_atomically(self.folder / "class.json", (json.dumps(content, indent=1) + "\n").encode())
        except OSError as error:
            log.warning("The class could not be written down (%s): %s", error.strerror, self.folder)

    def _load(self) -> bool:
        """Whether there was a whole class of an earlier start."""
        if self.folder is None:
            return False
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            content = json.loads((self.folder / "class.json").read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                return False
            pupils = {visitor: Pupil(**facts) for visitor, facts in content["pupils"].items()}
            self._counted, self.pupils = set(content["counted"]), pupils
            return True
        return False
