"""How many trainings a minute a queue gets done: one and two at once, in this process and on a Ray cluster."""

import contextlib
import dataclasses
import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import digits
from digits.bench import machine
from digits.bench.app import free_port
from digits.engines.cluster import Cluster
from digits.engines.engine import Engine
from digits.errors import DigitsError
from digits.jobs import JobQueue
from digits.runs import DONE
from digits.training.config import RECIPES

EXAMPLES = 10_000  # of the training images: a fifth of what the recipe takes
MEMORY = 100_000_000  # bytes of a node's object store
FOR_NODES = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


def bench_jobs(count: int = 6, examples: int = EXAMPLES) -> dict[str, Any]:
    """Train `count` networks by the recipe `fast` on so many images, each way -> {"machine", "n", "examples", "ways"}.

    Each way begins with a training for each place that is not counted: it imports, and unpacks MNIST. The nodes of the
    cluster are on this machine, with a processor each; without Ray these ways are left out.
    """
    ways: dict[str, float] = {}
    for trainings in (1, 2):
        ways[f"this process, {trainings} at once"] = _measure(None, trainings, count, examples)
    if importlib.util.find_spec("ray") and importlib.util.find_spec("grpc"):
        for nodes in (1, 2):
            with _cluster(nodes) as engine:
                ways[f"a cluster, {nodes} at once"] = _measure(engine, nodes, count, examples)
    return {"machine": machine(), "n": count, "examples": examples, "ways": ways}


def _measure(engine: Engine | None, trainings: int, count: int, examples: int) -> float:
    """-> trainings a minute."""
    queue = JobQueue(engine=engine, trainings=trainings)
    try:
        _train(queue, trainings, examples)
        return count * 60 / _train(queue, count, examples)
    finally:
        queue.close()


def _train(queue: JobQueue, count: int, examples: int) -> float:
    """As many trainings, each of a visitor's of its own -> seconds."""
    config, started = dataclasses.replace(RECIPES["fast"], examples=examples, device="cpu"), time.monotonic()
    jobs = [
        queue.start(dataclasses.replace(config, seed=i), f"visitor {started} {i}", client=str(i)) for i in range(count)
    ]
    while any(job.active for job in jobs):
        time.sleep(0.01)
    for job in jobs:
        if job.state != DONE:
            raise DigitsError(f"A training of the measurement did not finish: {job.message}")
    return time.monotonic() - started


@contextlib.contextmanager
def _cluster(nodes: int) -> Iterator[Engine]:
    """A head that trains nothing, and nodes of one processor, all on this machine."""
    from ray.cluster_utils import Cluster as Machines

    os.environ.update(FOR_NODES, PYTHONPATH=str(Path(digits.__file__).parents[1]))
    port = free_port()
    head = {"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": port, "object_store_memory": MEMORY}
    machines = Machines(initialize_head=True, head_node_args=head)
    for _ in range(nodes):
        machines.add_node(num_cpus=1, object_store_memory=MEMORY)
    engine = Cluster(f"ray://127.0.0.1:{port}")
    try:
        yield engine
    finally:
        engine.close()
        machines.shutdown()


def table(result: dict[str, Any]) -> str:
    """What bench_jobs returned, for people."""
    lines = [f"{result['machine']}, n = {result['n']} trainings of {result['examples']:,} images", ""]
    lines += ["| where | trainings a minute |", "|---|---|"]
    return "\n".join(lines + [f"| {way} | {rate:.1f} |" for way, rate in result["ways"].items()])
