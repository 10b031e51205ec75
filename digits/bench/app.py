"""The app in a process of its own, and a client that asks it what its page asks."""

import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from digits.errors import DigitsError

ASK = "gradio_api/component_server"  # where the page's functions are
PAD = 1_000  # units of the pad's side in what the page sends


class App(NamedTuple):
    """One that runs."""

    address: str
    process: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_app(*flags: str) -> Iterator[App]:
    """`python app.py` with these flags at a free port, until the end."""
    port = free_port()
    root = Path(__file__).parents[2]
    command = [sys.executable, "-u", "app.py", "--port", str(port), "--runs", "none", *flags]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if "Digits is at" not in process.stdout.readline():
                raise DigitsError("The app did not start; run python app.py to see why.")
            threading.Thread(target=process.stdout.readlines, daemon=True).start()  # a pipe that nobody empties fills
            yield App(f"http://127.0.0.1:{port}/", process.pid)
        finally:
            process.terminate()
            process.wait(30)


@contextlib.asynccontextmanager
async def connected(address: str, people: int) -> AsyncIterator[tuple[Any, dict[str, int]]]:
    """-> the client, and the page's parts: name -> component."""
    import aiohttp

    gc.freeze()  # to look through all that torch has made stops this client for 0.1 s, which would count as the app's
    async with aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(limit=people)) as client:
        async with client.get("config") as answer:
            parts = (await answer.json())["components"]
        yield client, {part["props"].get("elem_id"): part["id"] for part in parts}


def on_pad(strokes: Any) -> list[np.ndarray]:
    """A drawing in any unit -> the same in the middle of the pad and in its units, as large as people draw."""
    points = [np.asarray(stroke, dtype=float).reshape(-1, 2) for stroke in strokes]
    everything = np.concatenate(points)
    corner, extent = everything.min(axis=0), np.ptp(everything, axis=0).max()
    return [np.rint(((stroke - corner) / (extent or 1) * 0.6 + 0.2) * PAD) for stroke in points]


def bodies_of(drawings: list[Any], component: int) -> list[dict[str, Any]]:
    """Each drawing as a request to the component; it wants its fn_name."""
    flat = ([stroke.ravel().tolist() for stroke in on_pad(strokes)] for strokes in drawings)
    return [{"component_id": component, "session_hash": "bench", "data": {"strokes": strokes}} for strokes in flat]


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """asyncio.run in a thread of its own: Playwright may have this thread's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()  # noqa: TID251
