"""My drawings: those whose digit the visitor told, kept in the browser alone, and what a network can be taught by them.

As with the pad, what the browser sends is checked here and becomes our own types here.
"""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr
import torch
from torch import Tensor

from digits.errors import DigitsError
from digits.ink.strokes import from_strokes
from digits.jobs import DONE, FAILED, RUNNING, STOPPED, WAITING, Job, JobQueue
from digits.training.teaching import MOST_DRAWINGS, TeachConfig
from digits.ui.html import html_component
from digits.ui.networks import DEFAULT, TITLES, Networks, trainings
from digits.ui.pad import answer_errors, parse_strokes

EVERY = 0.2  # seconds between two looks at a teaching


def my_drawings(networks: Networks) -> gr.HTML:
    """The component. Its value is `progress` of a teaching or {"network": key}: who reads the drawings from now on."""

    @answer_errors
    def read_drawings(payload):
        if torch.get_num_threads() > 1:
            torch.set_num_threads(1)  # of this thread, as in the pad
        recognizer = networks.get(payload.get("network") or DEFAULT)
        inks, _ = parse_drawings(payload)
        return {"digits": [reading.best for reading in recognizer.read_ink(inks)]}

    return html_component("drawings", {"network": DEFAULT}, server_functions=[read_drawings])


def connect(
    drawings: gr.HTML,
    network: gr.Dropdown,
    jobs: JobQueue,
    networks: Networks,
    visitor: gr.BrowserState,
    pickers: list[gr.Dropdown],
    opened: gr.events.Dependency,
    device: str,
) -> None:
    """Wire Teach it, Stop, Keep and Discard. `network` is the picker of the network that is taught, and one of
    `pickers`, which a kept network joins at once; `opened` is the event after which the page knows its visitor.
    """
    quick = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    long = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}

    async def follow(job: Job) -> AsyncIterator[dict]:
        """What there is, then what is new, until the job ends."""
        before = None
        while True:
            active = job.active  # before the look, so that the last look sees all
            shown = progress(job, jobs.ahead(job))
            if shown != before:
                yield shown
                before = shown
            if not active:
                return
            await asyncio.sleep(EVERY)

    def start(network: str, visitor: str, payload: object) -> Job:
        recognizer = networks.get(network)
        inks, labels = parse_drawings(payload if isinstance(payload, dict) else {})
        return jobs.start(
            TeachConfig(
                weights=networks.path(network),
                model=recognizer.model.name,
                inks=(inks[:, 0] * 255).round().to(torch.uint8),
                labels=labels,
                device=device,
            ),
            visitor,
        )

    async def teach(network, visitor, request: gr.Request, event: gr.EventData):
        try:
            # In a thread: hundreds of drawings would hold up everybody's readings.
            job = await asyncio.to_thread(start, network, visitor or request.session_hash, event._data)
        except DigitsError as error:
            yield {"sentence": str(error), "trouble": True}
            return
        async for shown in follow(job):
            yield shown

    async def attach(visitor):
        yield gr.skip()  # Gradio would empty the output of a generator that yields nothing
        mine = jobs.of_visitor(visitor, TeachConfig) if visitor else []
        if mine and (mine[0].active or not mine[0].kept):
            async for shown in follow(mine[0]):
                yield shown

    def keep(visitor, request: gr.Request, event: gr.EventData):
        visitor = visitor or request.session_hash
        try:
            job = jobs.keep(visitor, _job_id(event))
        except DigitsError as error:
            return {"sentence": str(error), "trouble": True}, *(gr.skip() for _ in pickers)
        sentence = f"Kept: {networks.label(job)}. It reads from now on; the shipped networks are as they were."
        updates = (networks.picker(visitor, job.id if picker is network else None) for picker in pickers)
        return {"sentence": sentence}, *updates

    def discard(visitor, request: gr.Request, event: gr.EventData) -> dict:
        jobs.discard(visitor or request.session_hash, _job_id(event))
        return {"sentence": "Discarded; every network is as it was."}

    def end(visitor, request: gr.Request) -> None:
        jobs.stop(visitor or request.session_hash)

    # By default a press just after the last word of a teaching is dropped; a second one the job queue refuses itself.
    drawings.teach(teach, [network, visitor], drawings, trigger_mode="multiple", **long)
    opened.then(attach, visitor, drawings, **long)
    drawings.halt(end, visitor, None, **quick)
    drawings.keep(keep, visitor, [drawings, *pickers], **quick)
    drawings.discard(discard, visitor, drawings, **quick)
    network.change(lambda key: {"network": key}, network, drawings, **quick)


def _job_id(event: gr.EventData) -> str:
    data = event._data
    job_id = data.get("job") if isinstance(data, dict) else None
    return job_id if isinstance(job_id, str) else ""


def parse_drawings(payload: dict) -> tuple[Tensor, Tensor]:
    """{"drawings": [{"label", "strokes": as the pad's}, ...]} -> inks float32 (N, 1, 28, 28) in [0, 1], int64 labels.

    Raises DigitsError for any other shape or size, naming the drawing where it is one.
    """
    drawings = payload.get("drawings")
    if not isinstance(drawings, list) or not 1 <= len(drawings) <= MOST_DRAWINGS:
        count = f"{len(drawings):,} drawings" if isinstance(drawings, list) else "no list of drawings"
        raise DigitsError(f"There came {count}; wanted 1 to {MOST_DRAWINGS}.")
    inks, labels = [], []
    for number, drawing in enumerate(drawings, start=1):
        label = drawing.get("label") if isinstance(drawing, dict) else None
        if type(label) is not int or label not in range(10):
            raise DigitsError(f"Drawing {number} has no label; wanted 0 to 9.")
        try:
            inks.append(from_strokes(parse_strokes(drawing)))
        except DigitsError as error:
            raise DigitsError(f"Drawing {number} cannot be read: {error}") from None
        labels.append(label)
    return torch.stack(inks), torch.tensor(labels)


def progress(job: Job, ahead: int) -> dict:
    """A teaching as drawings.js shows it."""
    updates = job.updates[:]
    last = updates[-1] if updates else None
    result = None
    if last and last.after and job.weights:
        result = {
            "drawings": [last.before.drawings, last.after.drawings],
            "test": [last.before.test, last.after.test],
            "count": len(job.config.labels),
        }
    return {
        "job": job.id,
        "active": job.active,
        "sentence": _sentence(job, ahead),
        "trouble": job.state == FAILED,
        "share": last.step / last.steps if last else 0,
        "result": result,
    }


def _sentence(job: Job, ahead: int) -> str:
    count = len(job.config.labels)
    title, drawings = TITLES[job.config.model], "1 drawing" if count == 1 else f"{count} drawings"
    if job.active and job.stop_requested.is_set():
        return "Stopping."
    if job.state == WAITING and ahead:
        return f"Waiting: {trainings(ahead)} before yours. It starts by itself."
    if job.state in (WAITING, RUNNING):
        return f"Teaching a copy of {title} {drawings}, with MNIST between them so that it forgets nothing."
    if job.state == DONE:
        return f"Taught: a copy of {title} has learned from {drawings}. Keep it?"
    assert job.state in (STOPPED, FAILED)
    return job.message
