"""The app for half an hour: people draw, train and evaluate while somebody sends garbage, and nothing may grow."""

import asyncio
import contextlib
import itertools
import random
import secrets
import time
from pathlib import Path
from typing import Any

import numpy as np

from digits.bench import distribution, machine
from digits.bench.app import ASK, bodies_of, connected, on_pad, run_apart, running_app
from digits.data.sets import load_data
from digits.errors import DigitsError
from digits.reading.recognizer import Recognizer

DRAWERS, TRAINERS, EVALUATORS = 50, 3, 2
READINGS_A_SECOND = 1.0  # of each drawer
GARBAGE_A_SECOND = 5.0
LEAST_MINUTES, MOST_MINUTES = 0.1, 10_000  # with less there is nothing to compare
EVALUATED = 40  # drawings an evaluation
TENTH = 0.1  # of the time, whose figures at the start and at the end are compared
SETTINGS = {"model": "mlp", "optimizer": "adam", "learning_rate": 0.001, "batch_size": 500, "epochs": 1}
SETTINGS |= {"augment": "none", "precision": "float32", "seed": 0, "examples": 10_000}
ACCURATE = 0.85  # what such a training reaches, and more
GARBAGE: list[Any] = [None, [], {}, -1, 1e308, "x" * 5_000, "../../etc/passwd", "\0", [[[]]], {"strokes": {"a": 1}}]


class _Soak:
    """What everybody counts together."""

    def __init__(self, client: Any, components: dict[str, int], seconds: float) -> None:
        self.client, self.components = client, components
        self.began, self.end = time.perf_counter(), time.perf_counter() + seconds
        self.latencies: list[tuple[float, float]] = []  # (when, milliseconds)
        self.counts = dict.fromkeys(("readings", "trainings", "evaluations", "garbage", "failures", "wrong"), 0)

    @property
    def over(self) -> bool:
        return time.perf_counter() >= self.end

    async def ask(self, component: str, function: str, payload: dict[str, Any]) -> dict[str, Any]:
        """What a function of the page answers; its error counts as a failure."""
        body = {"component_id": self.components[component], "session_hash": "soak", "fn_name": function}
        async with self.client.post(ASK, json=body | {"data": payload}) as answer:
            content: dict[str, Any] = await answer.json()
        self.counts["failures"] += "error" in content
        return content

    async def draw(self, number: int, drawings: list[dict[str, Any]], digits: list[int | None]) -> None:
        """Ask for one drawing after the other, and compare with what the network reads here."""
        await asyncio.sleep(number / DRAWERS / READINGS_A_SECOND)
        for drawing, digit in itertools.islice(itertools.cycle(zip(drawings, digits, strict=True)), number, None):
            asked = time.perf_counter()
            if self.over:
                return
            content = await self.ask("draw", "read_strokes", drawing)
            self.latencies.append((asked - self.began, (time.perf_counter() - asked) * 1_000))
            self.counts["readings"] += 1
            self.counts["wrong"] += content.get("best") != digit
            await asyncio.sleep(max(0, 1 / READINGS_A_SECOND - (time.perf_counter() - asked)))

    async def train(self) -> None:
        visitor = secrets.token_urlsafe(16)
        while not self.over:
            job = (await self.ask("train", "start_training", {"visitor": visitor, "settings": SETTINGS})).get("job")
            state: dict[str, Any] = {"active": job is not None}
            while state.get("active"):
                await asyncio.sleep(1)
                state = await self.ask("train", "look_at_training", {"visitor": visitor, "job": job})
            if job is not None:
                self.counts["trainings"] += 1
                self.counts["wrong"] += ((state.get("figures") or {}).get("test") or 0) < ACCURATE
            await asyncio.sleep(1)

    async def evaluate(self, drawings: list[dict[str, Any]]) -> None:
        payload = {"data": "own", "drawings": drawings, "visitor": secrets.token_urlsafe(16)}
        while not self.over:
            content = await self.ask("evaluate", "look_at_evaluation", payload)
            self.counts["evaluations"] += 1
            self.counts["wrong"] += "error" not in content and content["reports"][0]["n"] != len(drawings)
            await asyncio.sleep(2)

    async def attack(self) -> None:
        """Garbage for every part of the page. An answer of 500 or above is a failure."""
        chance = random.Random(0)
        while not self.over:
            body = {"component_id": chance.choice([*self.components.values(), -1]), "session_hash": "soak"}
            body |= {"fn_name": chance.choice(["read_strokes", "start_training", "look_at_evaluation", "__init__", ""])}
            async with self.client.post(ASK, json=body | {"data": chance.choice(GARBAGE)}) as answer:
                await answer.read()
            self.counts["garbage"] += 1
            self.counts["failures"] += answer.status >= 500
            await asyncio.sleep(1 / GARBAGE_A_SECOND)


def bench_soak(drawings: str, minutes: float = 30) -> dict[str, Any]:
    """50 people draw, 3 train, 2 evaluate and 1 sends garbage, all for so many minutes -> {"machine", "minutes",
    "counts", "start", "end"}: what happened, and the process's memory (MB), open files, threads and answers'
    milliseconds in the first and the last tenth of the time.

    Raises DigitsError where there is no /proc to look at, and for minutes or drawings that cannot be used.
    """
    if not Path("/proc/self/status").is_file():
        raise DigitsError("The app's memory is read from /proc, which this system does not have; soak on Linux.")
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:  # nan is neither
        raise DigitsError(f"{minutes:g} minutes cannot be soaked; wanted {LEAST_MINUTES} to {MOST_MINUTES:,}.")
    data = load_data(drawings)
    if data.drawings is None or len(data.labels) < EVALUATED:
        raise DigitsError(f"{drawings} has not {EVALUATED} drawings; give a .jsonl file of strokes with as many.")
    chosen = np.random.default_rng(0).choice(len(data.labels), min(200, len(data.labels)), replace=False).tolist()
    strokes = [[stroke.tolist() for stroke in on_pad(data.drawings[i])] for i in chosen]
    labels = [int(data.labels[i]) for i in chosen]
    return run_apart(_soak(strokes, labels, minutes * 60)) | {"machine": machine(), "minutes": minutes}


async def _soak(strokes: list[Any], labels: list[int], seconds: float) -> dict[str, Any]:
    samples: list[dict[str, float]] = []
    with running_app() as (address, process):
        async with connected(address, DRAWERS + TRAINERS + EVALUATORS + 1) as (client, components):
            soak = _Soak(client, components, seconds)
            drawings = [body["data"] for body in bodies_of(strokes, components["draw"])]
            digits = [reading.best for reading in Recognizer.load().read_many(strokes)]
            labelled = [{"label": label, **drawing} for label, drawing in zip(labels, drawings, strict=True)]

            async def measure() -> None:
                while not soak.over:
                    samples.append(_look_at(process))
                    await asyncio.sleep(max(0.2, seconds / 200))

            await asyncio.gather(
                *(soak.draw(number, drawings, digits) for number in range(DRAWERS)),
                *(soak.train() for _ in range(TRAINERS)),
                *(soak.evaluate(labelled[:EVALUATED]) for _ in range(EVALUATORS)),
                soak.attack(),
                measure(),
            )
    last = seconds * (1 - TENTH)
    few = max(1, round(len(samples) * TENTH))
    return {
        "counts": soak.counts,
        "start": _summary(samples[:few], [spent for when, spent in soak.latencies if when < seconds * TENTH]),
        "end": _summary(samples[-few:], [spent for when, spent in soak.latencies if when >= last]),
    }


def _look_at(process: int) -> dict[str, float]:
    """Memory (MB), open files and threads of a process."""
    place = Path(f"/proc/{process}")
    status = dict(line.split(":", 1) for line in (place / "status").read_text(encoding="utf-8").splitlines())
    files = 0
    with contextlib.suppress(OSError):  # one that was closed meanwhile
        files = len(list((place / "fd").iterdir()))
    return {"memory": int(status["VmRSS"].split()[0]) / 1e3, "files": files, "threads": int(status["Threads"])}


def _summary(samples: list[dict[str, float]], latencies: list[float]) -> dict[str, Any]:
    medians = {name: round(float(np.median([sample[name] for sample in samples])), 1) for name in samples[0]}
    return medians | {"latency": distribution(latencies)}


def table(result: dict[str, Any]) -> str:
    """What bench_soak returned, for people."""
    counted = ", ".join(f"{count:,} {name}" for name, count in result["counts"].items())
    lines = [f"{result['machine']}, {result['minutes']:g} minutes: {counted}", ""]
    lines += [
        "| | memory, MB | files | threads | answer, ms (median) | 95th percentile | longest |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("start", "end"):
        row = result[name]
        milliseconds = " | ".join(str(row["latency"].get(key, "")) for key in ("median", "p95", "max"))
        lines.append(f"| {name} | {row['memory']:.0f} | {row['files']:.0f} | {row['threads']:.0f} | {milliseconds} |")
    return "\n".join(lines)
