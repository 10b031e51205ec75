"""The Train tab: choose, press Train, watch; the training itself is a job of the server's (`digits.jobs`)."""

import asyncio
import math
from collections.abc import AsyncIterator

import gradio as gr

from digits.data.augment import AUGMENTATIONS
from digits.errors import DigitsError
from digits.jobs import DONE, FAILED, RUNNING, STOPPED, WAITING, Job, JobQueue
from digits.training.config import LEARNING_RATES, PRECISIONS, RECIPES, TrainConfig
from digits.ui.html import html_component
from digits.ui.networks import TITLES, Networks, trainings

EVERY = 0.2  # seconds between two looks at a job
PRESETS = {"Fast": RECIPES["fast"], "Beginners' text": RECIPES["text"]}  # short enough for a page


def train_tab(
    jobs: JobQueue,
    networks: Networks,
    visitor: gr.BrowserState,
    pickers: list[gr.Dropdown],
    opened: gr.events.Dependency,
    device: str,
) -> None:
    """Build the tab. `pickers` are those of the other tabs, which a new network joins at once; `opened` is the event
    after which the page knows its visitor.
    """
    default = RECIPES["fast"]
    gr.Markdown(
        "Train a network on MNIST here and now, then draw on it. It learns from 55,000 images; "
        "5,000 others, which it never learns from, tell how well it does."
    )
    with gr.Row():
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            with gr.Row(elem_classes="presets"):
                presets = [gr.Button(name, size="sm", min_width=100) for name in PRESETS]
            with gr.Row():
                model = gr.Dropdown(
                    [(title, name) for name, title in TITLES.items()],
                    value=default.model,
                    label="Network",
                    filterable=False,
                    scale=2,
                    min_width=150,
                )
                seed = gr.Number(default.seed, label="Seed", min_width=80)
            with gr.Row():
                optimizer = gr.Dropdown(
                    list(LEARNING_RATES), value=default.optimizer, label="Optimizer", min_width=120, filterable=False
                )
                learning_rate = gr.Number(default.peak_learning_rate(), label="Learning rate", min_width=120)
            with gr.Row():
                batch_size = gr.Number(default.batch_size, label="Batch size", min_width=120)
                epochs = gr.Number(default.epochs, label="Epochs", min_width=120)
            with gr.Row():
                augment = gr.Dropdown(
                    list(AUGMENTATIONS), value=default.augment, label="Augmentation", min_width=120, filterable=False
                )
                precision = gr.Dropdown(
                    list(PRECISIONS), value=default.precision, label="Precision", min_width=120, filterable=False
                )
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="train")
                stop = gr.Button("Stop", variant="stop", elem_id="stop", interactive=False)
        with gr.Column(scale=5, min_width=300):
            curve = html_component("curve", {})

    optimizer.input(LEARNING_RATES.get, optimizer, learning_rate, queue=False, api_visibility="private")

    settings = [model, optimizer, learning_rate, batch_size, epochs, augment, precision]
    for button, recipe in zip(presets, PRESETS.values(), strict=True):
        values = [
            *(recipe.model, recipe.optimizer, recipe.peak_learning_rate(), recipe.batch_size),
            *(recipe.epochs, recipe.augment, recipe.precision),
        ]
        button.click(lambda values=values: values, None, settings, queue=False, api_visibility="private")

    def shown(job: Job, sent: int) -> tuple:
        """The job as the page's outputs; the curve's points from number `sent` on."""
        updates = (gr.skip(),) * len(pickers)
        if not job.active:
            updates = tuple(networks.picker(job.visitor) for _ in pickers)
        return (
            progress(job, jobs.ahead(job), sent),
            gr.Button(interactive=not job.active),
            gr.Button(interactive=job.active),
            *updates,
        )

    async def follow(job: Job | None) -> AsyncIterator[tuple]:
        """Everything so far, then what is new, until the job ends."""
        sent, shown_before = 0, None
        while job is not None:
            active = job.active  # before the look, so that the last look sees all
            count, state = len(job.updates), (job.state, jobs.ahead(job), job.stop_requested.is_set())
            if count > sent or state != shown_before:
                yield shown(job, sent)
                sent, shown_before = count, state
            if not active:
                return
            await asyncio.sleep(EVERY)

    async def train(
        model, optimizer, learning_rate, batch_size, epochs, augment, precision, seed, visitor, request: gr.Request
    ):
        """Start a training and follow it; the last value has the network's key and its figures."""
        visitor = visitor or request.session_hash
        running = next((job for job in jobs.of_visitor(visitor, TrainConfig) if job.active), None)
        if running is not None:  # in another tab of the same visitor: show it here too
            gr.Warning("Your last training has not ended; here it is. Wait for it, or press Stop first.")
            async for values in follow(running):
                yield values
            return
        try:
            job = jobs.start(
                TrainConfig(
                    model=model,
                    optimizer=optimizer,
                    learning_rate=_number("learning rate", learning_rate),
                    batch_size=_whole("batch size", batch_size),
                    epochs=_whole("number of epochs", epochs),
                    augment=augment,
                    precision=precision,
                    seed=_whole("seed", seed),
                    device=device,
                ),
                visitor,
            )
        except DigitsError as error:
            raise gr.Error(str(error), print_exception=False) from None
        async for values in follow(job):
            yield values

    async def attach(visitor):
        yield (gr.skip(),) * len(outputs)  # Gradio would empty the outputs of a generator that yields nothing
        mine = jobs.of_visitor(visitor, TrainConfig) if visitor else []
        async for values in follow(mine[0] if mine else None):
            yield values

    outputs = [curve, start, stop, *pickers]
    start.click(
        train, [*settings, seed, visitor], outputs, concurrency_limit=None, show_progress="hidden", api_name="train"
    )
    opened.then(attach, visitor, outputs, concurrency_limit=None, show_progress="hidden", api_visibility="private")

    def end(visitor) -> None:
        jobs.stop(visitor)

    stop.click(end, visitor, None, queue=False, api_visibility="private")


def _number(name: str, value: float | int | None) -> float | int:
    if value is None:
        raise DigitsError(f"The {name} is empty; give a number.")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise DigitsError(f"The {name} is {value!r:.50}; wanted a number.")
    return value


def _whole(name: str, value: float | int | None) -> int:
    value = _number(name, value)
    if not math.isfinite(value) or value != int(value):
        raise DigitsError(f"The {name} is {value}; wanted a whole number.")
    return int(value)


def progress(job: Job, ahead: int, sent: int) -> dict:
    """The job as curve.js shows it: points from number `sent` on, one sentence, and the figures."""
    updates = job.updates[:]
    last = updates[-1] if updates else None
    points = [
        [
            round(u.epoch, 4),
            _round(u.loss),
            _round(u.accuracy),
            _round(u.validation_loss),
            _round(u.validation_accuracy),
        ]
        for u in updates[sent:]
    ]
    figures, share = [], 0.0
    if last:
        share = last.step / last.steps
        accuracy = job.validation_accuracy()
        figures = [
            ("Epoch", f"{last.epoch:.1f} / {job.config.epochs}"),
            ("Loss", f"{last.loss:.3f}"),
            ("Accuracy", f"{last.accuracy:.2%}"),
            ("Validation", "–" if accuracy is None else f"{accuracy:.2%}"),
            ("Images/s", f"{last.images_per_second:,.0f}"),
            ("Time left", _time(last.remaining)) if job.active else ("Time", _time(last.elapsed)),
        ]
        if last.test_accuracy is not None:
            figures.insert(4, ("Test", f"{last.test_accuracy:.2%}"))
    return {
        "id": job.id,
        "network": job.id if job.weights else None,
        "from": sent,
        "epochs": job.config.epochs,
        "points": points,
        "state": job.state,
        "sentence": _sentence(job, ahead),
        "figures": figures,
        "share": share,
    }


def _sentence(job: Job, ahead: int) -> str:
    title = TITLES[job.config.model]
    if job.active and job.stop_requested.is_set():
        return "Stopping."
    if job.state == WAITING and ahead == 0:
        return f"Starting {title}."
    if job.state == WAITING:
        return f"Waiting: {trainings(ahead)} before yours. It starts by itself, also if you close this page."
    if job.state == RUNNING:
        return f"Training {title}. It goes on if you close this page, and you find it here again."
    if job.state == DONE:
        return f"Done. {title} can now be chosen in Draw and Evaluate."
    if job.state == STOPPED:
        return job.message
    assert job.state == FAILED
    return job.message


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
