"""The Evaluate tab: any network on any data set, and where it fails."""

import base64
import contextlib
import io
import queue
import threading
import time
from collections.abc import Iterator

import gradio as gr
import numpy as np
from PIL import Image

from digits.data.sets import DATA_SETS
from digits.errors import DigitsError
from digits.evaluation.report import MOST_MISTAKES, Mistake, Report, evaluate
from digits.ui.html import html_component
from digits.ui.networks import Networks, picker

OWN = "own"  # the data picker's entry for a file of the visitor's
LONGEST_EVALUATION = 300  # seconds
SPRITE_COLUMNS = 20  # report.css and report.js count on it


def evaluate_tab(networks: Networks, device: str) -> gr.Dropdown:
    """Build the tab -> its network picker."""
    with gr.Row(elem_classes="controls"):
        network = picker("Network")
        data = gr.Dropdown(
            [(title, name) for name, title in DATA_SETS.items()] + [("A file of my own", OWN)],
            value="mnist-test",
            label="Data",
            filterable=False,
            min_width=260,
        )
        start = gr.Button("Evaluate", variant="primary", elem_id="evaluate", min_width=120, scale=0)
    file = gr.File(
        label="Drawings (.jsonl, .jsonl.gz), arrays (.npz: images, labels) or pictures (.zip of folders 0 to 9)",
        file_types=[".jsonl", ".gz", ".npz", ".zip"],
        type="filepath",
        visible=False,
        height=140,
    )
    report = html_component("report", {})

    data.change(lambda name: gr.File(visible=name == OWN), data, file, queue=False, api_visibility="private")

    def run(network: str, data: str, file: str | None) -> Iterator[dict]:
        """Evaluate a network on a data set; the last value has the whole report."""
        try:
            if not isinstance(data, str) or not isinstance(network, str):
                raise DigitsError("The network and the data set are named by texts; choose both from the lists.")
            if data == OWN and not file:
                raise DigitsError("There is no file yet; choose one with labelled drawings above, then press Evaluate.")
            if data != OWN and data not in DATA_SETS:
                raise DigitsError(f"There is no data set called {data!r}; choose one of {', '.join(DATA_SETS)}.")
            yield {"sentence": "Loading the data."}
            recognizer = networks.get(network, device)
            for share in (steps := _Steps(lambda tell: evaluate(recognizer, file if data == OWN else data, tell))):
                yield {"sentence": f"Reading: {share:.0%}."}
            yield shown(steps.result)
        except DigitsError as error:
            yield {"sentence": str(error), "trouble": True}

    quick = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    start.click(lambda: {"sentence": "Waiting for the evaluations before this one."}, None, report, **quick).then(
        run,
        [network, data, file],
        report,
        show_progress="hidden",
        concurrency_id="evaluate",
        concurrency_limit=2,
        api_name="evaluate",
    )
    return network


class _Steps:
    """Runs `work(tell)` in a thread and iterates over what it tells, the last of it again every half second, so that a
    page that has left is noticed; then, and after LONGEST_EVALUATION, the work ends at its next `tell`. `result` holds
    what it returned.
    """

    def __init__(self, work) -> None:
        self.work, self.result = work, None

    def __iter__(self) -> Iterator[float]:
        told: queue.SimpleQueue = queue.SimpleQueue()
        left = threading.Event()
        end = time.monotonic() + LONGEST_EVALUATION

        def tell(share: float) -> None:
            if left.is_set() or time.monotonic() > end:
                raise DigitsError(f"The evaluation took over {LONGEST_EVALUATION} seconds; give it a smaller file.")
            told.put(share)

        def run() -> None:
            try:
                self.result = self.work(tell)
                told.put(None)
            except Exception as error:
                told.put(error)

        threading.Thread(target=run, daemon=True).start()
        news = 0.0
        try:
            while news is not None:
                with contextlib.suppress(queue.Empty):
                    news = told.get(timeout=0.5)
                if isinstance(news, Exception):
                    raise news
                if news is not None:
                    yield news
        finally:
            left.set()


def shown(report: Report) -> dict:
    """The report as report.js shows it, with the mistakes' pictures in one PNG."""
    low, high = report.interval
    wrong = report.n - round(report.accuracy * report.n)
    sentence = f"of {report.n:,} read right (95 % interval {low:.2%} to {high:.2%})."
    if report.blank:
        sentence += f" {report.blank:,} had no ink and count as wrong."
    return {
        "sentence": sentence,
        **report.to_json(),
        "wrong": wrong,
        "mistakes": [
            {"index": m.index, "label": m.label, "digit": m.digit, "probability": m.probability}
            for m in report.mistakes
        ],
        "sprite": sprite(report.mistakes),
    }


def sprite(mistakes: list[Mistake]) -> str:
    """The mistakes' inks, SPRITE_COLUMNS in a row, as a data URL of a grey PNG: one picture, not 200 requests."""
    rows = -(-MOST_MISTAKES // SPRITE_COLUMNS)
    sheet = np.zeros((rows * 28, SPRITE_COLUMNS * 28), dtype=np.uint8)
    for i, mistake in enumerate(mistakes):
        y, x = divmod(i, SPRITE_COLUMNS)
        sheet[y * 28 : y * 28 + 28, x * 28 : x * 28 + 28] = mistake.ink
    file = io.BytesIO()
    Image.fromarray(sheet).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
