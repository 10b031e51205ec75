"""The Train tab: choose, press Train, watch the network learn; the training itself is a job of the server's."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from digits.data.augment import AUGMENTATIONS
from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.model.builder import AS_TEXTS, BUILT, MOST_LAYERS, create_network, describe_built
from digits.runs import DONE, FAILED, PAUSED, RUNNING, STOPPED, WAITING, Job
from digits.training.config import LEARNING_RATES, PRECISIONS, RECIPES, TrainConfig, command
from digits.training.look import Look, Looker, Watch, hard_digits
from digits.training.speed import images_per_second
from digits.training.teaching import TeachConfig
from digits.training.update import TrainingUpdate
from digits.ui.answers import packed, signed
from digits.ui.client import expensive, present_client
from digits.ui.evaluation_answers import COLUMNS, sprite
from digits.ui.networks import TITLES, count_trainings
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import FRAME, answer_errors, parse_ink, parse_text, parse_visitor
from digits.ui.settings import (
    ABOUT,
    TRAINING_IMAGES,
    parse_settings,
    settings_of,
    try_learning_rates,
    warn,
    write_pytorch,
)
from digits.ui.shell import read_with_all

# Recipes that are short enough for a page, and % of the test set that they read right: docs/measurements.md, README.
WAYS = {"fast": ("Fast", 99.1), "text": ("Beginners' text", 98.1)}
AT_ONCE = 400  # updates in one answer; the page asks again for the rest


def train_tab(page: Page) -> gr.HTML:
    functions = [prepare(page), start_training(page), look_at_training(page), stop_training(page), pause_training(page)]
    functions += [list_runs(page), change_run(page), read_with_all(page), write_pytorch(page)]
    functions += [try_learning_rates(page)]
    ways = {
        name: settings_of(RECIPES[name]) | {"title": title, "accuracy": accuracy}
        for name, (title, accuracy) in WAYS.items()
    }
    choices = {
        "model": {name: title for name, title in TITLES.items() if name != BUILT} | {BUILT: "Build your own"},
        "optimizer": {
            name: {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD", "muon": "Muon"}[name] for name in LEARNING_RATES
        },
        "augment": {name: name.capitalize() for name in AUGMENTATIONS},
        "precision": {name: name for name in PRECISIONS},
    }
    return part(
        "train",
        functions,
        ways=ways,
        choices=choices,
        about=ABOUT,
        rates=LEARNING_RATES,
        smoothing={name: TrainConfig(optimizer=name).smoothing() for name in LEARNING_RATES},
        images=TRAINING_IMAGES,
        unit=FRAME,
        built=BUILT,
        texts=AS_TEXTS,
        mostLayers=MOST_LAYERS,
    )


def parse_watch(payload: dict[str, Any]) -> Watch:
    """The visitor's drawing, where there is one: {"drawing": as for a reading}."""
    drawing = payload.get("drawing")
    if not isinstance(drawing, dict):
        return Watch()
    ink = parse_ink(drawing)
    return Watch(ink if ink.any() else None)


def prepare(page: Page) -> Callable[..., Any]:
    @answer_errors
    @expensive
    def prepare(payload: dict[str, Any]) -> dict[str, Any]:
        """What a training of these settings would be: its layers, its seconds here, and what it guesses untrained."""
        config, watch = parse_settings(payload, page.device), parse_watch(payload)
        waiting = page.jobs.ahead()

        def expect(config: TrainConfig) -> float:
            """Seconds here."""
            speed = images_per_second(config, page.jobs.torch_threads, waiting > 0)
            return (config.examples or TRAINING_IMAGES) * config.epochs / speed

        model = create_network(config.model, config.layers, config.seed).eval()
        layers = describe_built(config.layers or AS_TEXTS[config.model])
        parameters = sum(layer.parameters for layer in layers)
        look = Looker(model, load_mnist(), watch.ink).look(model)
        return {
            "layers": [[layer.word, list(layer.shape), layer.parameters] for layer in layers],
            "parameters": parameters,
            "multiply_adds": sum(layer.multiply_adds for layer in layers),
            "largest": max(layer.parameters for layer in layers) / parameters,
            "seconds": expect(config),
            "ways": {name: expect(replace(RECIPES[name], device=page.device)) for name in WAYS},
            "warning": warn(config),
            "taught": any(
                job.weights and not job.kept for job in page.jobs.of_visitor(parse_visitor(payload), TeachConfig)
            ),
            "ahead": count_trainings(waiting) if waiting else "",
            "look": show_look(look),
            "hard": show_hard(),
            "drawing": packed(watch.ink[0].numpy()) if watch.ink is not None else None,
        }

    return prepare


def show_hard() -> dict[str, Any]:
    """The ten hard digits: their labels are 0 to 9."""
    data = load_mnist()
    return {"sprite": sprite([data.validation[0][place].numpy() for place in hard_digits(data)]), "columns": COLUMNS}


def show_look(look: Look) -> dict[str, Any]:
    """A look as the page shows it: probabilities of 0 to 255, weights as base64 of bytes, 128 for zero."""
    return {
        "mine": look.drawing.tolist() if look.drawing is not None else None,
        "ten": look.ten.tolist(),
        "filters": {
            "shape": look.filters.shape,
            "values": signed(look.filters.astype("float32")[None]),
            "units": look.units,
        },
        "gradients": [round(length, 8) if length < 1e-3 else round(length, 3) for length in look.gradients],
    }


def start_training(page: Page) -> Callable[..., Any]:
    @answer_errors
    def start_training(payload: dict[str, Any]) -> dict[str, Any]:
        config, watch = parse_settings(payload, page.device), parse_watch(payload)
        job = page.start(config, parse_visitor(payload), present_client(), watch)
        return {"job": job.id}

    return start_training


def own_job(page: Page, payload: dict[str, Any]) -> Job:
    """The visitor's training by its id. Raises DigitsError for anybody else's, and where it is gone."""
    job, visitor = page.jobs.get(parse_text(payload, "job")), parse_visitor(payload)
    if job is None or not job.belongs_to(visitor):
        raise DigitsError("That training is not on this server any more; train another.")
    return job


def look_at_training(page: Page) -> Callable[..., Any]:
    @answer_errors
    async def look_at_training(payload: dict[str, Any]) -> dict[str, Any]:
        """A training from its update number `since` on: points of the curves and the looks inside."""
        job, since = own_job(page, payload), payload.get("since", 0)
        if type(since) is not int or since < 0:
            raise DigitsError("The page asked for updates before the first one; reload it.")
        if job.looks:
            await asyncio.to_thread(job.recall)
        active = job.active  # before the look, so that the last look sees all
        updates = job.updates[since : since + AT_ONCE]
        more = since + len(updates) < len(job.updates)
        return {
            "job": job.id,
            "name": page.networks.name(job),
            "model": TITLES[job.config.model],
            "settings": settings_of(job.config),
            "command": command(job.config),
            "state": job.state,
            "active": active or more,
            "more": more,
            "sentence": sentence(job, page.jobs.ahead(job)),
            "ahead": page.jobs.ahead(job),
            "stopping": job.stop_requested.is_set(),
            "since": since,
            "updates": [show_update(update) for update in updates],
            "network": job.id if job.weights else None,
            "figures": figures(page, job) if not job.active else None,
        }

    return look_at_training


def show_update(update: TrainingUpdate) -> dict[str, Any]:
    held_out = None
    if update.validation_loss is not None:
        held_out = [_round(update.validation_loss), update.validation_accuracy]
    shown: dict[str, Any] = {
        "epoch": round(update.epoch, 4),
        "share": round(update.step / update.steps, 4),
        "loss": _round(update.loss),
        "accuracy": _round(update.accuracy),
        "held_out": held_out,
        "speed": round(update.images_per_second),
        "remaining": round(update.remaining, 1),
    }
    if update.look:
        shown["look"] = show_look(update.look)
    if update.confusion is not None:
        shown["confusion"] = update.confusion.tolist()
    return shown


def figures(page: Page, job: Job) -> dict[str, Any]:
    """What a run that has ended is shown with in the table of runs."""
    last = job.updates[-1] if job.updates else None
    network = page.networks.of_job(job)
    return {
        "test": network["accuracy"] if network else None,
        "mistakes": round((1 - last.test_accuracy) * 10_000) if last and last.test_accuracy is not None else None,
        "held_out": job.validation_accuracy(),
        "seconds": round(last.elapsed, 1) if last else None,
        "parameters": network["parameters"] if network else None,
    }


def stop_training(page: Page) -> Callable[..., Any]:
    @answer_errors
    def stop_training(payload: dict[str, Any]) -> dict[str, Any]:
        page.jobs.stop(parse_visitor(payload))
        return {}

    return stop_training


def pause_training(page: Page) -> Callable[..., Any]:
    @answer_errors
    def pause_training(payload: dict[str, Any]) -> dict[str, Any]:
        """{"pause": true} lets the visitor's training stand still, {"pause": false} lets it go on."""
        pause = payload.get("pause")
        if type(pause) is not bool:
            raise DigitsError("A training is paused or goes on; wanted true or false.")
        (page.jobs.pause if pause else page.jobs.go_on)(parse_visitor(payload))
        return {}

    return pause_training


def list_runs(page: Page) -> Callable[..., Any]:
    @answer_errors
    def list_runs(payload: dict[str, Any]) -> dict[str, Any]:
        """The visitor's trainings, newest first."""
        jobs = page.jobs.of_visitor(parse_visitor(payload), TrainConfig)
        return {
            "runs": [
                {
                    "job": job.id,
                    "name": page.networks.name(job),
                    "model": TITLES[job.config.model],
                    "settings": settings_of(job.config),
                    "command": command(job.config),
                    "state": job.state,
                    "pinned": job.pinned,
                    "active": job.active,
                    "sentence": sentence(job, page.jobs.ahead(job)),
                    "network": job.id if job.weights else None,
                    "figures": figures(page, job),
                }
                for job in jobs
            ]
        }

    return list_runs


def change_run(page: Page) -> Callable[..., Any]:
    @answer_errors
    def change_run(payload: dict[str, Any]) -> dict[str, Any]:
        """Rename ({"name"}), pin ({"pinned"}) or delete ({"remove": true}) a run of the visitor's."""
        visitor, job = parse_visitor(payload), parse_text(payload, "job")
        if payload.get("remove") is True:
            page.jobs.remove(visitor, job)
            return {}
        name = parse_text(payload, "name", most=40) if "name" in payload else None
        pinned = payload.get("pinned")
        if pinned is not None and type(pinned) is not bool:
            raise DigitsError("A run is pinned or not; wanted true or false.")
        page.jobs.label(visitor, job, name, pinned)
        return {}

    return change_run


def sentence(job: Job, ahead: int) -> str:
    title = TITLES[job.config.model]
    if job.active and job.stop_requested.is_set():
        return "Stopping."
    if job.state == PAUSED:
        return "Paused, and others may train. It keeps its place in the run, and goes on when you say so."
    if job.state == RUNNING and job.pause_requested.is_set():
        return "Pausing."
    if job.state == WAITING and ahead == 0:
        return f"Starting {title}."
    if job.state == WAITING and job.seconds:
        return f"Others have their turn: {count_trainings(ahead)} before yours. It goes on by itself, where it stood."
    if job.state == WAITING:
        return f"{count_trainings(ahead)} before yours. It starts by itself, and you may leave the page."
    if job.state == RUNNING:
        return f"Training {title}. It goes on if you close this page, and you find it here again."
    if job.state == DONE:
        right = round(job.updates[-1].test_accuracy * 10_000)
        return f"It reads {right:,} of 10,000 test digits right."
    assert job.state in (STOPPED, FAILED)
    return job.message


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
