"""What the class's board shows: everybody's best network, who trains, who waits and for how long."""

import heapq
import statistics
import threading
import time
from typing import Any

from digits.runs import RUNNING, WAITING, Job, in_order
from digits.training.config import TrainConfig
from digits.ui.classroom import TURN, Classroom
from digits.ui.networks import TITLES

FRESH = 1.0  # seconds: pages ask more often, and get the same
Shown = dict[str, Any]


class Board:
    """One look at the class for everybody who asks within a second."""

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self._shown: Shown = {}
        self._made = 0.0
        self._lock = threading.Lock()

    def fresh(self) -> Shown | None:
        """What was made within the last second; None where there is no such thing."""
        return self._shown if time.monotonic() - self._made < FRESH else None

    def look(self) -> Shown:
        """What `show` says, made anew where that is due: takes a thread a few milliseconds."""
        with self._lock:
            shown = self.fresh()
            if shown is None:
                shown = self._shown = show(self.classroom)
                self._made = time.monotonic()
        return shown

    def forget(self) -> None:
        """What there is has changed: the next look sees it."""
        self._made = 0.0


def show(classroom: Classroom) -> Shown:
    classroom.note_runs()
    with classroom.lock:
        now = show_queue(classroom, classroom.jobs.all())
        rows: list[Shown] = [
            {
                "pupil": pupil.number,
                "name": classroom.name_of(visitor),
                "named": bool(pupil.nickname),
                "runs": pupil.runs,
                "best": pupil.best,
            }
            for visitor, pupil in classroom.pupils.items()
            if pupil.best or pupil.nickname
        ]
    rows.sort(key=lambda row: (row["best"]["mistakes"], row["best"]["seconds"]) if row["best"] else (10**6, 0))
    return {"rows": rows, "now": now, "runs": sum(row["runs"] for row in rows)}


def show_queue(classroom: Classroom, jobs: list[Job]) -> list[Shown]:
    """Who trains, and then who waits, in turn, with the seconds until then; None where nobody knows yet."""
    running = [job for job in jobs if job.state == RUNNING]
    known = measure(jobs)
    waiting = in_order(jobs)
    slots = [turn_of(takes) for job in running if (takes := expect(job, known)) is not None]
    shown = [describe(classroom, job) | {"seconds": None} for job in running]
    heapq.heapify(slots)
    for job in waiting:
        begins = heapq.heappop(slots) if slots else None
        takes = expect(job, known)
        if begins is not None and takes is not None:
            heapq.heappush(slots, begins + turn_of(takes))
        shown.append(describe(classroom, job) | {"seconds": None if begins is None else round(begins, 1)})
    return shown


def turn_of(seconds: float) -> float:
    """Of a training that takes so many: what it has of them before others go first."""
    return seconds if seconds <= 2 * TURN else TURN


def describe(classroom: Classroom, job: Job) -> Shown:
    pupil, last = classroom.pupil_of(job.visitor), job.updates[-1] if job.updates else None
    return {
        "pupil": pupil.number if pupil else None,
        "name": classroom.name_of(job.visitor),
        "model": TITLES[job.config.model],
        "waits": job.state == WAITING,
        "share": round(last.step / last.steps, 3) if last else 0,
    }


def measure(jobs: list[Job]) -> dict[Any, float]:
    """Settings that decide how long a training takes -> seconds, as it was seen here; under None, of any training."""
    known: dict[Any, float] = {}
    for job in jobs:
        last = job.updates[-1] if job.updates and isinstance(job.config, TrainConfig) else None
        if last is not None and (last.done or job.state == RUNNING):
            known[_kind(job)] = last.elapsed + (0 if last.done else last.remaining)
    if known:
        known[None] = statistics.median(known.values())
    return known


def expect(job: Job, known: dict[Any, float]) -> float | None:
    """The seconds that it will still take, once it has its turn."""
    last = job.updates[-1] if job.updates else None
    if last is not None and hasattr(last, "remaining"):
        return float(last.remaining)
    return known.get(_kind(job), known.get(None))


def _kind(job: Job) -> Any:
    config = job.config
    if not isinstance(config, TrainConfig):
        return "teaching"
    return config.model, config.layers, config.epochs, config.examples, config.batch_size, config.augment
