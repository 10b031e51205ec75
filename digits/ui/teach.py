"""Teach it: a copy of the network in use learns the visitor's own drawings; kept or discarded."""

import asyncio
from collections.abc import Callable
from typing import Any

import torch

from digits.runs import DONE, FAILED, RUNNING, STOPPED, WAITING, Job
from digits.training.teaching import TeachConfig
from digits.ui.client import present_client, taking_turns
from digits.ui.networks import DEFAULT, TITLES, count_trainings
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_drawings, parse_text, parse_visitor


def teaching_functions(page: Page) -> list[Callable[..., Any]]:
    """What the page calls: teach, look_at_teaching, stop_teaching, keep_teaching, discard_teaching."""

    def start(payload: dict[str, Any]) -> Job:
        key = payload.get("network") or DEFAULT
        recognizer = page.networks.get(key)
        with taking_turns():
            inks, labels = parse_drawings(payload)
        config = TeachConfig(
            weights=page.networks.path(key),
            model=recognizer.model.name,
            inks=(inks[:, 0] * 255).round().to(torch.uint8),
            labels=labels,
            device=page.device,
        )
        return page.start(config, parse_visitor(payload), present_client())

    @answer_errors
    async def teach(payload: dict[str, Any]) -> dict[str, Any]:
        job = await asyncio.to_thread(start, payload)  # hundreds of drawings would hold up everybody's readings
        return progress(job, page.jobs.ahead(job))

    @answer_errors
    async def look_at_teaching(payload: dict[str, Any]) -> dict[str, Any]:
        """The visitor's newest teaching, while it runs or waits for Keep or Discard."""
        teachings = page.jobs.of_visitor(parse_visitor(payload), TeachConfig)
        if not teachings or not (teachings[0].active or not teachings[0].kept):
            return {"job": None}
        return progress(teachings[0], page.jobs.ahead(teachings[0]))

    @answer_errors
    def stop_teaching(payload: dict[str, Any]) -> dict[str, Any]:
        page.jobs.stop(parse_visitor(payload))
        return {}

    @answer_errors
    def keep_teaching(payload: dict[str, Any]) -> dict[str, Any]:
        job = page.jobs.keep(parse_visitor(payload), parse_text(payload, "job"))
        name = page.networks.name(job)
        return {"key": job.id, "sentence": f"Kept as {name}, and in use. The shipped networks are as they were."}

    @answer_errors
    def discard_teaching(payload: dict[str, Any]) -> dict[str, Any]:
        page.jobs.discard(parse_visitor(payload), parse_text(payload, "job"))
        return {"sentence": "Discarded; every network is as it was."}

    return [teach, look_at_teaching, stop_teaching, keep_teaching, discard_teaching]


def progress(job: Job, ahead: int) -> dict[str, Any]:
    """A teaching as the page shows it."""
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
        "sentence": sentence(job, ahead),
        "trouble": job.state == FAILED,
        "share": last.step / last.steps if last else 0,
        "result": result,
    }


def sentence(job: Job, ahead: int) -> str:
    count = len(job.config.labels)
    title, drawings = TITLES[job.config.model], "1 drawing" if count == 1 else f"{count} drawings"
    if job.active and job.stop_requested.is_set():
        return "Stopping."
    if job.state == WAITING and ahead:
        return f"Waiting: {count_trainings(ahead)} before yours. It starts by itself."
    if job.state in (WAITING, RUNNING):
        return f"Teaching {drawings} to a copy of {title}, with MNIST digits between them, so that it forgets little."
    if job.state == DONE:
        return f"Taught: a copy of {title} has learned from {drawings}. Keep it?"
    assert job.state in (STOPPED, FAILED)
    return job.message
