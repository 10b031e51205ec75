"""A class at once: pupils press Train together, and go on drawing until the last of them has a network."""

import asyncio
import os
import secrets
import time
from pathlib import Path
from typing import Any

import numpy as np

from digits.bench import distribution, machine
from digits.bench.app import ASK, bodies_of, connected, run_apart, running_app
from digits.data.handwriting import draw
from digits.errors import DigitsError
from digits.training.config import RECIPES

PUPILS = 30
READINGS_A_SECOND = 2.0  # of each pupil
LOOK_EVERY = {"waiting": 1.0, "running": 0.15}  # seconds, as the page looks at its training
BOARD_EVERY = 1.5  # seconds, as the page asks
LONGEST = 480  # seconds; who has no network by then is not counted
SETTINGS = ("model", "optimizer", "batch_size", "epochs", "augment", "precision", "seed")  # of the page's form


class _Lesson:
    """What all pupils count together."""

    def __init__(self, client: Any, components: dict[str, int]) -> None:
        self.client, self.components = client, components
        self.readings: list[float] = []  # milliseconds
        self.boards: list[float] = []
        self.waits: list[float] = []  # seconds from the press to the network
        self.accuracies: list[float] = []
        self.refused = 0
        self.over = False

    async def ask(self, component: str, function: str, payload: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """What a function of the page answers, and after how many milliseconds."""
        body = {"component_id": self.components[component], "session_hash": "class", "fn_name": function}
        asked = time.perf_counter()
        async with self.client.post(ASK, json=body | {"data": payload}) as answer:
            content: dict[str, Any] = await answer.json()
        self.refused += "error" in content
        return content, (time.perf_counter() - asked) * 1_000

    async def train(self, visitor: str, settings: dict[str, Any]) -> None:
        pressed = time.perf_counter()
        started, _ = await self.ask("train", "start_training", {"visitor": visitor, "settings": settings})
        look: dict[str, Any] = {"visitor": visitor, "job": started.get("job"), "since": 0}
        state: dict[str, Any] = {"active": "job" in started}
        while state.get("active") and time.perf_counter() - pressed < LONGEST:
            await asyncio.sleep(LOOK_EVERY.get(state.get("state", ""), 1.0))
            state, _ = await self.ask("train", "look_at_training", look)
            look["since"] += len(state.get("updates", []))
        if state.get("state") == "done":
            self.waits.append(time.perf_counter() - pressed)
            self.accuracies.append(state["figures"]["test"])

    async def draw(self, number: int, drawings: list[dict[str, Any]]) -> None:
        await asyncio.sleep(number / PUPILS / READINGS_A_SECOND)
        while not self.over:
            drawing = drawings[len(self.readings) % len(drawings)]
            reading, spent = await self.ask("draw", "read_strokes", drawing)
            self.refused += "error" not in reading and reading["best"] is None  # nothing was read
            self.readings.append(spent)
            await asyncio.sleep(max(0, 1 / READINGS_A_SECOND - spent / 1_000))

    async def look_at_board(self, number: int, visitor: str) -> None:
        await asyncio.sleep(number / PUPILS * BOARD_EVERY)
        while not self.over:
            _, spent = await self.ask("class", "look_at_class", {"visitor": visitor, "board": True})
            self.boards.append(spent)
            await asyncio.sleep(BOARD_EVERY)


def bench_class(pupils: int = PUPILS) -> dict[str, Any]:
    """So many pupils press Train with recipe `fast` at once, and draw and look at the board until the last network is
    there -> {"machine", "pupils", "waits": seconds from the press to the network, "readings" and "boards":
    milliseconds, "refused", "accuracy", "seconds", "processor": seconds that the app had of the cores, so that a reader
    sees how busy they were with something else}.
    """
    if not 1 <= pupils <= 40:
        raise DigitsError(f"A class of {pupils} cannot be measured; wanted 1 to 40 pupils.")
    return run_apart(_teach(pupils)) | {"machine": machine(), "pupils": pupils}


async def _teach(pupils: int) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    strokes = [[stroke.tolist() for stroke in draw(label, generator)] for label in range(10) for _ in range(5)]
    fast = RECIPES["fast"]
    settings = {name: getattr(fast, name) for name in SETTINGS} | {"learning_rate": fast.peak_learning_rate()}
    with running_app("--class") as (address, process):
        async with connected(address, 4 * pupils) as (client, components):
            lesson = _Lesson(client, components)
            drawings = [body["data"] for body in bodies_of(strokes, components["draw"])]
            await lesson.ask("draw", "read_strokes", drawings[0])  # the network is loaded
            began, spent = time.perf_counter(), _processor_seconds(process)
            visitors = [secrets.token_urlsafe(16) for _ in range(pupils)]
            beside = [lesson.draw(number, drawings) for number in range(pupils)]
            beside += [lesson.look_at_board(number, visitor) for number, visitor in enumerate(visitors)]
            goes_on = asyncio.gather(*beside)
            await asyncio.gather(*(lesson.train(visitor, settings) for visitor in visitors))
            lesson.over = True
            await goes_on
            seconds, spent = time.perf_counter() - began, _processor_seconds(process) - spent
    return {
        "waits": distribution(lesson.waits),
        "readings": distribution(lesson.readings),
        "boards": distribution(lesson.boards),
        "refused": lesson.refused,
        "seconds": round(seconds),
        "processor": round(spent),
        "accuracy": round(float(np.mean(lesson.accuracies)), 4) if lesson.accuracies else None,
    }


def _processor_seconds(process: int) -> float:
    """What a process has had; 0 where the system has no /proc."""
    path = Path(f"/proc/{process}/stat")
    if not path.is_file():
        return 0.0
    fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(result: dict[str, Any]) -> str:
    """What bench_class returned, for people."""
    lines = [
        f"{result['machine']}, {result['pupils']} pupils press Train at once; {result['refused']} refused",
        f"{result['seconds']} s, of which the app had {result['processor']} s of a core's time",
        "",
    ]
    lines += ["| | n | median | 95th percentile | longest |", "|---|---|---|---|---|"]
    named = {"waits": "network there, s", "readings": "reading, ms", "boards": "board, ms"}
    for key, name in named.items():
        figures = result[key]
        lines.append(
            f"| {name} | " + " | ".join(str(figures.get(part, "")) for part in ("n", "median", "p95", "max")) + " |"
        )
    return "\n".join(lines)
