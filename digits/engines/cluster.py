"""The machines of a Ray cluster as an engine: Cluster.

The server is a client of the cluster, by an address that begins with ray://, and no part of it: Ray ends a process that
is a part when the cluster is lost (LOG.md), and this one has readings to make.
"""

import contextlib
import importlib.util
import logging
import math
import os
import socket
import threading
import time
import urllib.parse
from collections.abc import Generator
from pathlib import Path
from typing import Any

from digits.engines.engine import Work
from digits.engines.worker import Worker, read_files, write_changes
from digits.errors import DigitsError
from digits.training.config import TrainConfig
from digits.training.look import Watch
from digits.training.teaching import TeachConfig

log = logging.getLogger(__name__)

PORT = 10001  # of a cluster's head, for clients
REACHABLE = 5  # seconds to wait for a connection
PATIENCE = 120  # seconds for a lost cluster to be there again
LAST_WORDS = 60  # seconds for a worker to write its weights in
MOST_LOSSES = 3  # of the workers of one job
STEP = 1.0  # seconds after which whoever follows a job may stop it


class WorkerLost(Exception):
    """A worker or its cluster is not there any more."""


class Cluster:
    """An existing Ray cluster; `places` is how many trainings it has room for."""

    holds_paused = False  # a worker's processors are for those who train

    def __init__(self, address: str, trainings: int | None = None) -> None:
        """`address` is ray://HOST:PORT. `trainings` at once share the processors or GPUs that are there now; None: one
        each. Raises DigitsError where Ray is missing and where the cluster cannot be reached or used.
        """
        if any(importlib.util.find_spec(package) is None for package in ("ray", "grpc")):
            raise DigitsError('--cluster needs a package more: pip install "ray[client]".')
        self.host, self.port = _parse_address(address)
        self.address = f"ray://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"
        self._lock = threading.Lock()  # of what follows
        self._free: list[Any] = []  # workers without a job: a new one takes seconds to begin
        self._asking: list[object] = []  # those who want one, first come first
        self._connecting = threading.Lock()
        self.connect()
        self.places, self._options, self._threads = self._divide(trainings)

    def connect(self) -> None:
        """Raises DigitsError where the cluster does not answer."""
        # Else Ray begins a cluster of its own here when this one is lost; it reads this once, when it is imported.
        os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"
        import ray

        with self._connecting:
            if ray.is_initialized():
                return
            with self._lock:
                self._free.clear()  # of a connection that is gone
            try:
                socket.create_connection((self.host, self.port), timeout=REACHABLE).close()
                ray.shutdown()
                ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR)
            except Exception as error:  # Ray raises plain ones too
                raise DigitsError(
                    f"The cluster at {self.address} cannot be reached ({_first_line(error)}); "
                    "start it with: ray start --head."
                ) from None

    def close(self) -> None:
        """Let the cluster go; jobs that are worked on are lost."""
        import ray

        ray.shutdown()
        self._free.clear()

    def _divide(self, trainings: int | None) -> tuple[int, dict[str, Any], int]:
        """-> how many at once, and what each takes of the cluster, as Ray's options and as torch's threads."""
        import ray

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        processors = [int(node.get("CPU", 0)) for node in nodes]
        if graphics := int(sum(node.get("GPU", 0) for node in nodes)):
            places = trainings or graphics
            return places, {"num_cpus": 0, "num_gpus": 1 / math.ceil(places / graphics)}, 1
        places = trainings or sum(processors)
        if not any(processors):
            raise DigitsError(
                f"The cluster at {self.address} has no processors; add some with: ray start --address=..."
            )
        shares = range(max(processors), 0, -1)
        share = next((share for share in shares if sum(count // share for count in processors) >= places), 1)
        return places, {"num_cpus": share}, share

    def work(self, config: TrainConfig | TeachConfig, resume: bool = False, watch: Watch | None = None) -> Work:
        """See `Engine`. The folder is kept up to date here. Where a worker is lost, another one goes on from the last
        state that came back, or begins again.
        """
        assert config.out is not None
        for _ in range(MOST_LOSSES + 1):
            try:
                yield from self._work(config, Path(config.out), resume, watch)
                return
            except WorkerLost as error:
                log.warning("A training lost its worker: %s", error)
                resume = isinstance(config, TrainConfig) and Path(config.out, "state.pt").is_file()
                self._dismiss_free()  # they may be on the same machine
                yield from self._reconnect()
        raise DigitsError(f"The machines that work on it were lost {MOST_LOSSES + 1} times; try again later.")

    def _work(self, config: TrainConfig | TeachConfig, folder: Path, resume: bool, watch: Watch | None) -> Work:
        worker = yield from self._hire()
        begun = fit = False
        try:
            yield from _ask(worker.begin, config, read_files(config, resume), resume, watch)
            while True:
                update, changes = yield from _ask(worker.advance)
                write_changes(folder, changes)
                if update is None:
                    return
                begun = True
                yield update
        except GeneratorExit:
            if begun:
                fit = _end(worker, folder)
            raise
        finally:
            if fit:
                with self._lock:
                    self._free.append(worker)
            else:
                _dismiss(worker)

    def _hire(self) -> Generator[None, None, Any]:
        """A worker: a free one, in turn, or a new one once the cluster has room for it."""
        begins: Work
        ticket, new, hired = object(), None, None
        with self._lock:
            self._asking.append(ticket)
        try:
            while True:
                with self._lock:
                    if self._free and self._asking[0] is ticket:
                        hired = self._free.pop()
                        return hired
                if new is None:
                    new = self._make()
                    begins = _ask(new.__ray_ready__)
                try:
                    yield next(begins)
                except StopIteration:
                    hired = new
                    return hired
        finally:
            with self._lock:
                self._asking.remove(ticket)
            if new is not None and new is not hired:
                _dismiss(new)

    def _make(self) -> Any:
        import ray

        try:
            return ray.remote(Worker).options(**self._options, scheduling_strategy="SPREAD").remote(self._threads)
        except Exception as error:  # the connection is lost
            raise WorkerLost(_first_line(error)) from error

    def _dismiss_free(self) -> None:
        with self._lock:
            free, self._free = self._free, []
        for worker in free:
            _dismiss(worker)

    def _reconnect(self) -> Work:
        """Wait until the cluster answers. Raises DigitsError where it does not for long."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect()
                return
            except DigitsError as error:
                if time.monotonic() > end:
                    log.warning("%s", error)
                    raise DigitsError("The machines that train cannot be reached; try again later.") from None
            yield None
            time.sleep(STEP)


def _parse_address(address: str) -> tuple[str, int]:
    """ray://HOST:PORT, with or without the scheme and the port."""
    try:
        parts = urllib.parse.urlsplit(address if "://" in address else f"ray://{address}")
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if not host or parts.scheme != "ray":
        raise DigitsError(
            f"--cluster is {address!r}; wanted the address of a Ray cluster, such as ray://192.0.2.7:10001."
        )
    return host, port


def _ask(method: Any, *arguments: Any) -> Generator[None, None, Any]:
    """What a worker's method answers. Raises what was raised there, and WorkerLost where no answer will come."""
    import ray
    from ray.exceptions import GetTimeoutError, RayTaskError

    try:
        answer = method.remote(*arguments)
        while True:
            try:
                return ray.get(answer, timeout=STEP)
            except GetTimeoutError:
                yield None
    except RayTaskError as error:
        raise error.cause from error
    except Exception as error:  # Ray's client raises plain ones too
        raise WorkerLost(_first_line(error)) from error


def _end(worker: Any, folder: Path) -> bool:
    """Let a worker end its job in order -> whether it did, and is fit for another."""
    import ray

    try:
        changes = ray.get(worker.close.remote(), timeout=LAST_WORDS)
    except Exception as error:  # what came back before is what is left
        log.warning("A training's last weights did not come back: %s", _first_line(error))
        return False
    write_changes(folder, changes)
    return True


def _dismiss(worker: Any) -> None:
    import ray

    with contextlib.suppress(Exception):  # it may be gone already, or all of its cluster
        ray.kill(worker)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
