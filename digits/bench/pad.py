"""Measurements of the running app: how long the pad takes to answer, alone and in a crowd.

Everything runs on this machine: the app in a process of its own, Chromium headless through Playwright, and the crowd as
one asynchronous HTTP client. So the figures hold for client and server sharing the cores that `machine` names.
"""

import asyncio
import contextlib
import itertools
import json
import random
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from digits.bench import distribution, machine
from digits.bench.app import ASK, PAD, bodies_of, connected, on_pad, run_apart, running_app
from digits.data.sets import load_data
from digits.errors import DigitsError

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MOVES_A_SECOND = 60  # what a mouse or a finger sends at most between two frames of an ordinary screen
PAUSE = 0.3  # seconds between two drawings
PUPILS = 5  # people who go through How it works meanwhile, and press something each second
LESSONS = ["look_at_graph", "look_at_model", "look_at_loss", "take_step", "look_at_modes", "prepare_digit"]


def bench_pad(drawings: str, count: int = 20, people: int = 50, seconds: float = 10) -> dict[str, Any]:
    """Draw `count` real drawings with the mouse, then let `people` draw at five readings a second for `seconds`; both
    without anything else, beside lessons of How it works, and beside a training -> {"machine", "idle", "lessons",
    "training"}, times in milliseconds, sizes in bytes.

    `latency` is from the newest pointer event in a request to its bars in the page. Raises DigitsError without a
    Chromium, for no drawings and for such as cannot be read.
    """
    if count < 1:
        raise DigitsError(f"{count} drawings cannot be drawn; wanted at least 1.")
    if people < 1:
        raise DigitsError(f"{people} people cannot draw; wanted at least 1.")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise DigitsError("There is no Chromium on this machine; on Debian or Ubuntu: apt-get install chromium.")
    data = load_data(drawings)
    if data.drawings is None or len(data.labels) < count:
        raise DigitsError(f"{drawings} has not {count} drawings; give a .jsonl file of strokes with as many.")
    chosen = np.random.default_rng(0).choice(len(data.labels), count, replace=False)
    strokes = [data.drawings[int(i)] for i in chosen]
    labels = [int(data.labels[int(i)]) for i in chosen]
    from playwright.sync_api import sync_playwright

    result: dict[str, Any] = {"machine": machine(), "drawings": count, "people": people}
    with running_app() as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.locator(".network b:not(:empty)").wait_for()  # now it reads
        page.evaluate("""() => {
            window.readings = [];
            new PerformanceObserver((list) => window.readings.push(...list.getEntries().filter(
                (entry) => entry.name === 'reading').map((entry) => entry.duration))).observe({ type: 'measure' });
        }""")
        result["idle"] = _draw_all(page, strokes, labels) | {
            "crowd": run_apart(_crowd(address, strokes, people, seconds))
        }
        with _lessons(address, strokes) as answered:
            result["lessons"] = _draw_all(page, strokes, labels)
        result["lessons"]["answers"] = distribution(answered)
        _train(page)
        result["training"] = _draw_all(page, strokes, labels) | {
            "crowd": run_apart(_crowd(address, strokes, people, seconds))
        }
        page.get_by_role("tab", name="Train").click()
        result["still_training"] = page.get_by_role("button", name="Stop and keep it").is_visible()
        browser.close()
    return result


def _train(page: Any) -> None:
    """Start a training that outlasts the measurement."""
    from playwright.sync_api import expect

    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name=re.compile("^Beginners' text")).click()
    epochs = page.get_by_role("textbox", name=re.compile("^Epochs"))
    expect(epochs).to_have_value("10")
    epochs.fill("1000")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("button", name="Stop and keep it").wait_for()
    page.get_by_role("tab", name="Draw").click()


def _draw_all(page: Any, drawings: list[Any], labels: list[int]) -> dict[str, Any]:
    sizes, right, moves = [], 0, 0
    page.on("request", note := lambda request: sizes.append(len(request.post_data_buffer or b"")))
    page.evaluate("window.readings.length = 0")
    started = time.perf_counter()
    for strokes, label in zip(drawings, labels, strict=True):
        box = page.locator(".paper").bounding_box()
        for stroke in on_pad(strokes):
            for i, (x, y) in enumerate((stroke / PAD).tolist()):
                due = time.perf_counter() + 1 / MOVES_A_SECOND
                page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
                moves += 1
                if i == 0:
                    page.mouse.down()
                time.sleep(max(0, due - time.perf_counter()))
            page.mouse.up()
        page.wait_for_timeout(PAUSE * 1_000)
        right += page.locator(".answer").inner_text() == str(label)
        page.get_by_role("button", name="Clear").click()
    elapsed = time.perf_counter() - started - PAUSE * len(drawings)
    page.remove_listener("request", note)
    latencies = page.evaluate("window.readings")
    return {
        "latency": distribution(latencies),
        "request_bytes": distribution([float(size) for size in sizes]),
        "moves": moves,
        "moves_a_second": round(moves / elapsed, 1),
        "readings": len(latencies),
        "moves_without_a_reading_of_their_own": max(0, moves - len(latencies)),
        "read_right": right,
    }


@contextlib.contextmanager
def _lessons(address: str, drawings: list[Any]) -> Iterator[list[float]]:
    """PUPILS go through How it works, until the end -> the milliseconds of each answer, as they come."""
    ended, answered = threading.Event(), list[float]()

    async def learn() -> None:
        async with connected(address, PUPILS) as (client, components):
            bodies = bodies_of(drawings, components["how"])

            async def pupil(number: int) -> None:
                await asyncio.sleep(number / PUPILS)
                for step in itertools.count(number):
                    if ended.is_set():
                        return
                    asked = time.perf_counter()
                    body = bodies[step % len(bodies)] | {"fn_name": LESSONS[step % len(LESSONS)]}
                    async with client.post(ASK, json=body) as answer:
                        fault = (await answer.json()).get("error")
                        if fault:
                            raise DigitsError(f"A lesson was refused: {fault}")
                    answered.append((time.perf_counter() - asked) * 1_000)
                    await asyncio.sleep(max(0, 1 - (time.perf_counter() - asked)))

            await asyncio.gather(*(pupil(number) for number in range(PUPILS)))

    with ThreadPoolExecutor(1) as pool:
        learning = pool.submit(asyncio.run, learn())  # noqa: TID251
        try:
            yield answered
        finally:
            ended.set()
            learning.result()


async def _crowd(address: str, drawings: list[Any], people: int, seconds: float) -> dict[str, Any]:
    """So many people, each asking about five times a second for another drawing -> the server's answers."""
    import aiohttp

    async with connected(address, people) as (client, components):
        bodies = [body | {"fn_name": "read_strokes"} for body in bodies_of(drawings, components["draw"])]
        latencies, failures = [], 0
        end = time.perf_counter() + seconds

        async def person(number: int) -> None:
            nonlocal failures
            # People do not ask in step; with equal pauses, those whom one answer held up ask together from then on.
            chance = random.Random(number)
            await asyncio.sleep(chance.uniform(0, 0.2))
            for body in itertools.islice(itertools.cycle(bodies), number, None):
                asked = time.perf_counter()
                if asked > end:
                    return
                try:
                    async with client.post(ASK, json=body) as answer:
                        failures += (await answer.json()).get("best") is None
                    latencies.append((time.perf_counter() - asked) * 1_000)
                except (aiohttp.ClientError, ValueError):
                    failures += 1
                await asyncio.sleep(max(0, chance.uniform(0.1, 0.3) - (time.perf_counter() - asked)))

        await asyncio.gather(*(person(number) for number in range(people)))
    return {
        "latency": distribution(latencies),
        "readings_a_second": round(len(latencies) / seconds, 1),
        "failures": failures,
    }


def table(result: dict[str, Any]) -> str:
    """What bench_pad returned, for people."""
    lines = [json.dumps(result["machine"]), "", f"{'milliseconds':36} {'n':>6} {'median':>8} {'p95':>8} {'max':>8}"]
    for state in ("idle", "lessons", "training"):
        rows = {f"{state}: pointer event to bars": result[state]["latency"]}
        if "crowd" in result[state]:
            rows[f"{state}: {result['people']} people, server's answer"] = result[state]["crowd"]["latency"]
        if "answers" in result[state]:
            rows[f"{state}: {PUPILS} people, a step's answer"] = result[state]["answers"]
        rows[f"{state}: request, bytes"] = result[state]["request_bytes"]
        for name, values in rows.items():
            if values["n"]:
                lines.append(f"{name:36} {values['n']:6} {values['median']:8} {values['p95']:8} {values['max']:8}")
    return "\n".join(lines)
