"""Trainings and teachings that the server owns: they go on when the page that started them is closed.

One job trains at a time, or so many as were asked for; the others wait, and clients take turns (`digits.turns`). Each
job belongs to a visitor, and its id, 128 random bits, is the key to its network: who does not have it cannot read with
that network. What works on the jobs is an engine (`digits.engines`).
"""

import dataclasses
import logging
import math
import shutil
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

from digits import runs
from digits.device import give_way
from digits.engines.engine import Engine
from digits.engines.here import Here
from digits.engines.to_end import explain_failure, run_to_end
from digits.errors import DigitsError
from digits.model.networks import Network
from digits.model.weights import save_weights
from digits.runs import DONE, FAILED, PAUSED, RUNNING, STOPPED, WAITING, Job, KeptRuns, Opened, hash_visitor
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.teaching import TeachConfig

log = logging.getLogger(__name__)


class JobQueue:
    """The server's trainings. `start` and `stop` are for visitors, `close` is for the server's end."""

    def __init__(
        self,
        longest_run: float = 1_800,
        longest_turn: float = 600,
        longest_queue: int = 40,
        kept_a_visitor: int = 5,
        kept: int = 200,
        runs: KeptRuns | None = None,
        engine: Engine | None = None,
        trainings: int | None = None,
    ):
        """`longest_run` seconds a training, and `longest_turn` while others wait; at most `longest_queue` waiting; the
        newest ended jobs are kept, so many a visitor and so many in all. With `runs` trainings outlast the server:
        those of an earlier one are there again, and what it left in the middle is queued to go on. So many `trainings`
        go on at once (default: as many as the `engine`, this process by default, has places for).
        """
        self.longest_run, self.longest_turn, self.longest_queue = longest_run, longest_turn, longest_queue
        self.kept_a_visitor, self.kept = kept_a_visitor, kept
        self.turn = math.inf  # seconds of computing after which a training lets those who wait go first
        self.folder: Path | None = None  # made at the first start
        self.runs = runs
        self._jobs = {job.id: job for job in (runs.load() if runs else ())}  # oldest first
        self._lock = threading.Condition()  # notified when a job comes, and at the end
        self._closed = False
        self._engine = engine or Here()
        self.trainings = trainings or self._engine.places
        self._threads: list[threading.Thread] = []
        self.torch_threads = max(1, torch.get_num_threads() // self.trainings)
        if any(job.state == WAITING for job in self._jobs.values()):
            with self._lock:
                self._begin()

    def _begin(self) -> None:
        """The threads that train, from the first job on."""
        while len(self._threads) < self.trainings:
            self._threads.append(threading.Thread(target=self._work, name="training", daemon=True))
            self._threads[-1].start()
        self._lock.notify()

    def _save(self, job: Job) -> None:
        if self.runs and isinstance(job.config, TrainConfig):
            self.runs.save(job)

    def start(
        self, config: TrainConfig | TeachConfig, visitor: str, watch: Watch | None = None, client: str = ""
    ) -> Job:
        """Queue a training or a teaching. Raises DigitsError for a config that cannot be used, where this visitor's
        last one has not ended, and when too many wait, in all or of this client's. A taught network that was not kept
        makes room for this one.
        """
        config.check()
        visitor = hash_visitor(visitor)
        with self._lock:
            if any(job.active for job in self._jobs.values() if job.visitor == visitor):
                raise DigitsError("Your last training has not ended; wait for it, or stop it first.")
            self._check_room(client)
            folder = self._own_folder()
            for undecided in [job for job in self._jobs.values() if job.visitor == visitor and not job.kept]:
                self._forget(undecided)
            watch = watch if isinstance(config, TrainConfig) else None
            training, number = isinstance(config, TrainConfig), self._next_number(visitor)
            job = Job(config, visitor, folder, client, number, kept=training, watch=watch)
            job.folder = (self.runs.folder if self.runs and training else folder) / job.id
            job.config = dataclasses.replace(config, out=job.folder)
            self._jobs[job.id] = job
            self._forget_oldest(visitor)
            self._begin()
        return job

    def adopt(self, model: Network, card: dict[str, Any], name: str, visitor: str) -> Job:
        """Give this visitor a network from a file, until the server's end -> what stands for its training. Raises
        DigitsError where it cannot be written to the disk.
        """
        visitor = hash_visitor(visitor)
        with self._lock:
            folder, number = self._own_folder(), self._next_number(visitor)
        job = Job(Opened(model.name), visitor, folder, number=number, name=name, state=DONE)
        job.folder = folder / job.id
        save_weights(model, job.folder / "weights.safetensors", card)
        with self._lock:
            self._jobs[job.id] = job
            self._forget_oldest(visitor)
        return job

    def _own_folder(self) -> Path:
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="digits-runs-"))
        return self.folder

    def _next_number(self, visitor: str) -> int:
        return 1 + max((job.number for job in self._jobs.values() if job.visitor == visitor), default=0)

    def stop(self, visitor: str) -> bool:
        """Ask this visitor's training to stop after its step in progress, and keep its weights -> whether one was.

        A teaching that is stopped leaves nothing.
        """
        with self._lock:
            active = [job for job in self._jobs.values() if job.belongs_to(visitor) and job.active]
            idle = [job for job in active if job.state != RUNNING and not job.stop_requested.is_set()]
            for job in active:
                job.stop_requested.set()
                job.state = RUNNING if job.state == RUNNING else PAUSED  # so that nobody takes it up
        for job in idle:
            self._end(job)
        return bool(active)

    def _end(self, job: Job) -> None:
        """Stop a job that nobody works on; without the lock, since to write weights takes a second."""
        state = STOPPED
        message = f"Stopped; {job.what_is_left}." if job.begun else "Stopped before it began; there are no weights."
        try:
            job.close()
        except Exception as error:  # a full disk, say: it has ended all the same
            state, message = FAILED, explain_failure(error)
        with self._lock:
            job.state, job.message = state, message
            self._save(job)

    def pause(self, visitor: str) -> None:
        """Ask this visitor's training to stand still after its step in progress; others may train meanwhile. Raises
        DigitsError where too many stand still, here or of this client's.
        """
        with self._lock:
            for job in [job for job in self._jobs.values() if job.belongs_to(visitor) and job.pausable]:
                runs.check_room_to_pause(list(self._jobs.values()), job.client)
                job.pause_requested.set()
                if job.state == WAITING:
                    job.state = PAUSED
                    self._save(job)

    def go_on(self, visitor: str) -> None:
        """Let this visitor's paused training wait for its turn to go on."""
        with self._lock:
            for job in self._jobs.values():
                if job.belongs_to(visitor) and job.active:
                    job.pause_requested.clear()
                    if job.state == PAUSED and not job.stop_requested.is_set():
                        job.state = WAITING
                        self._save(job)
                        self._begin()

    def keep(self, visitor: str, job_id: str) -> Job:
        """Offer this visitor's taught network from now on. Raises DigitsError where it is not here (any more)."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or not job.belongs_to(visitor) or not job.weights:
                raise DigitsError("The taught network is not on this server any more; teach it again.")
            job.kept = True
        return job

    def discard(self, visitor: str, job_id: str) -> None:
        """Forget this visitor's taught network, unless it was kept; nothing happens where there is none."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.belongs_to(visitor) and not job.kept and not job.active:
                self._forget(job)

    def label(self, visitor: str, job_id: str, name: str | None = None, pinned: bool | None = None) -> None:
        """Rename or pin this visitor's run. Raises DigitsError where it is not here (any more), and where too many are
        pinned.
        """
        with self._lock:  # else a training that ends now might write down the name of before
            job = self._own(visitor, job_id)
            if pinned and sum(own.pinned for own in self.all() if own.belongs_to(visitor)) >= runs.MOST_PINNED:
                raise DigitsError(f"{runs.MOST_PINNED} runs are pinned already; unpin one first.")
            job.name = job.name if name is None else name
            job.pinned = job.pinned if pinned is None else pinned
            self._save(job)

    def remove(self, visitor: str, job_id: str) -> None:
        """Delete this visitor's run, which has ended. Raises DigitsError where it is not here (any more), or runs."""
        with self._lock:
            job = self._own(visitor, job_id)
            if job.active:
                raise DigitsError("That run has not ended; stop it first.")
            self._forget(job)

    def _own(self, visitor: str, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None or not job.belongs_to(visitor):
            raise DigitsError("That run is not on this server any more.")
        return job

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def of_visitor(self, visitor: str, kind: type = object) -> list[Job]:
        """This visitor's jobs, newest first; `kind` TrainConfig or TeachConfig: only those."""
        with self._lock:
            jobs = reversed(self._jobs.values())
            return [job for job in jobs if job.belongs_to(visitor) and isinstance(job.config, kind)]

    def all(self) -> list[Job]:
        """Every job that is remembered, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def ahead(self, job: Job | None = None) -> int:
        """How many trainings come before this one, or before one that came now, as the queue stands; 0 for one that
        runs, has ended, or is about to start.
        """
        with self._lock:
            turns = runs.in_order(self.all())
            if job is not None and job not in turns:
                return 0
            running = sum(earlier.state == RUNNING for earlier in self._jobs.values())
            before = running + (len(turns) if job is None else turns.index(job))
        return before if before >= self.trainings else 0

    def close(self, patience: float = 30) -> None:
        """Stop everything and delete the visitors' networks; a training that has not stopped after `patience` seconds
        goes on, and ends with the process. Runs that are kept are put down: a later server takes them up where they
        stood.
        """
        idle = []
        with self._lock:
            for job in self._jobs.values():
                if not (self.runs and isinstance(job.config, TrainConfig)):
                    job.stop_requested.set()
                elif job.state in (PAUSED, WAITING) and job.work is not None:
                    idle.append(threading.Thread(target=_put_down, args=[job], daemon=True))
                else:
                    job.put_down_requested.set()
            self._closed = True
            self._lock.notify_all()
        for thread in idle:
            thread.start()
        end = time.monotonic() + patience
        for thread in (*self._threads, *idle):
            thread.join(timeout=max(0, end - time.monotonic()))
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _forget_oldest(self, visitor: str) -> None:
        for job in runs.surplus(self.all(), visitor, self.kept, self.kept_a_visitor):
            self._forget(job)
        for job in runs.beyond_the_disk(self.all()) if self.runs else ():
            self._forget(job)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def _check_room(self, client: str) -> None:
        """A client takes at most a quarter of the places that others leave, so there is always one for the next."""
        waiting = [job for job in self._jobs.values() if job.state == WAITING]
        if len(waiting) >= self.longest_queue:
            raise DigitsError(f"{self.longest_queue} trainings are waiting already; try again in a few minutes.")
        own = sum(job.client == client for job in waiting)
        if own >= max(1, (self.longest_queue - len(waiting) + own) // 4):
            raise DigitsError(f"{own} trainings from your address are waiting already; try again when one has run.")

    def _next(self) -> Job | None:
        """The job whose turn it is, once there is one; None at the end."""
        with self._lock:
            while not self._closed:
                if turns := runs.in_order(self.all()):
                    job = turns[0]
                    job.state, job.started = RUNNING, datetime.now()
                    self._save(job)
                    return job
                self._lock.wait()
        return None

    def _limit(self) -> tuple[float, str]:
        """How many seconds the training that runs may take, and words for why."""
        with self._lock:
            waiting = any(job.state == WAITING for job in self._jobs.values())
        return (min(self.longest_turn, self.longest_run), " while others wait") if waiting else (self.longest_run, "")

    def _work(self) -> None:
        torch.set_num_threads(self.torch_threads)  # of this thread; readings set theirs to one
        give_way()
        while (job := self._next()) is not None:
            state, message = run_to_end(job, self._engine, self._limit, self.turn)
            with self._lock:
                if state == PAUSED and not job.pause_requested.is_set():
                    state = WAITING  # the visitor was faster
                if not (stopped := state in (PAUSED, WAITING) and job.stop_requested.is_set()):
                    job.state, job.message = state, message
                    self._save(job)
            if stopped:  # while it was put down
                self._end(job)


def _put_down(job: Job) -> None:
    try:
        job.put_down()
    except Exception as error:
        log.warning("A training goes on from its last validation: %s", explain_failure(error))
