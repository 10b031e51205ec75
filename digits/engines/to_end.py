"""One job, from its turn to its end, to Pause, to Stop, to the time limit or to the server's end: run_to_end()."""

import dataclasses
import logging
import time
from collections.abc import Callable

from digits.device import NoSuchDevice, ran_out_of_memory
from digits.engines.engine import Engine
from digits.errors import DigitsError
from digits.runs import DONE, FAILED, PAUSED, STOPPED, WAITING, Job

log = logging.getLogger(__name__)

OUT_OF_MEMORY = "The memory of this server was not enough for it; try a smaller network or smaller batches."
Limit = Callable[[], tuple[float, str]]


def run_to_end(job: Job, engine: Engine, limit: Limit, turn: float) -> tuple[str, str]:
    """-> the job's state and message from now on. `limit` says how many seconds it may take, and words for why. After
    `turn` seconds of computing it lets those who wait go first, unless it is nearly done. Raises nothing: what goes
    wrong ends one job, not the queue.
    """
    try:
        return _work(job, engine, limit, turn)
    except Exception as error:
        if isinstance(error, NoSuchDevice) and job.begun:  # on an earlier server; its last weights are as good as ever
            gone = "what it was trained on is not here, or its memory is full"
            return STOPPED, f"Stopped, as {gone}; {job.what_is_left}."
        return FAILED, explain_failure(error)


def explain_failure(error: Exception) -> str:
    """Why a job failed, in a sentence for its visitor; a fault of our own goes to the log too."""
    if isinstance(error, DigitsError):
        return str(error)
    if isinstance(error, OSError):  # a full disk, mostly
        return f"The server's disk refused it ({error.strerror or error}); it must make room."
    if ran_out_of_memory(error):
        return OUT_OF_MEMORY
    log.error("A job failed by a fault of our own.", exc_info=error)
    return "The training failed by a fault of the server's; its log says more."


def _work(job: Job, engine: Engine, limit: Limit, turn: float) -> tuple[str, str]:
    state = FAILED
    try:
        state, message = _follow(job, engine, limit, turn)
    finally:
        if state not in (PAUSED, WAITING):
            job.close()
    if state in (PAUSED, WAITING) and (job.put_down_requested.is_set() or not engine.holds_paused) and job.put_down():
        return DONE, ""
    return state, message


def _follow(job: Job, engine: Engine, limit: Limit, turn: float) -> tuple[str, str]:
    if job.work is None:
        job.work = engine.work(job.config, job.resumes, job.watch)
    began = time.monotonic() - job.seconds
    clock = time.thread_time if engine.holds_paused else time.monotonic  # elsewhere this thread only waits
    turn_ends = clock() + turn  # on a busy machine a turn is longer, not half a training
    for update in job.work:
        job.seconds = time.monotonic() - began
        if update is not None and (not job.updates or update.step > job.updates[-1].step):  # not trained again
            job.updates.append(dataclasses.replace(update, model=None))
        if update is not None and update.done:
            return DONE, ""
        if job.stop_requested.is_set():
            return STOPPED, f"Stopped; {job.what_is_left}."
        if job.put_down_requested.is_set():
            return WAITING, ""
        if job.pause_requested.is_set():
            return PAUSED, ""
        seconds, why = limit()
        if job.seconds > seconds:
            return STOPPED, f"Stopped at the limit of {seconds / 60:.0f} minutes{why}; {job.what_is_left}."
        if why and clock() > turn_ends and job.takes_longer_than(turn):
            return WAITING, ""
    return DONE, ""
