"""What programs can call: /read_strokes, /read_image, /train and /evaluate. The page itself has faster ways."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable

import gradio as gr

from digits.errors import DigitsError
from digits.evaluation.evaluate import evaluate as evaluate_network
from digits.ink.opening import open_image
from digits.reading.reading import Reading
from digits.training.config import TrainConfig
from digits.ui.networks import DEFAULT
from digits.ui.page_state import Page

EVERY = 0.2  # seconds between two looks at a training


def api(page: Page) -> None:
    """Add the endpoints to the blocks that are being built."""
    networks = page.networks

    def read_strokes(strokes: list[list[list[float]]], network: str = DEFAULT) -> dict:
        """Read one digit from strokes [[[x, y], ...], ...], y down, any unit."""
        return answer(lambda: networks.get(network).read_strokes(strokes))

    def read_image(image: str, network: str) -> dict:
        return answer(lambda: networks.get(network).read_image(open_image(image)))

    gr.api(read_strokes, api_name="read_strokes")
    picture = gr.File(visible=False, type="filepath", label="image")
    key = gr.Textbox(DEFAULT, visible=False, label="network")
    picture.upload(read_image, [picture, key], gr.JSON(visible=False), api_name="read_image")
    gr.api(train(page), api_name="train", concurrency_limit=None)
    gr.api(evaluate(page), api_name="evaluate", concurrency_limit=2)


def answer(read: Callable[[], Reading]) -> dict:
    with refusing():
        reading = read()
    probabilities = [float(probability) for probability in reading.probabilities]
    return {"digit": reading.digit, "probabilities": probabilities, "digit_score": reading.digit_score}


class refusing:
    """Turns a DigitsError into Gradio's error of the same sentence, which a program gets without a trace."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DigitsError):
            raise gr.Error(str(error), print_exception=False) from None


def train(page: Page) -> Callable:
    async def train(
        request: gr.Request,
        model: str = "cnn-fast",
        optimizer: str = "adamw",
        learning_rate: float | None = None,
        batch_size: int = 128,
        epochs: int = 1,
        augment: str = "affine",
        precision: str = "float32",
        seed: int = 0,
    ) -> AsyncIterator[dict]:
        """Train a network and stream where it stands; the last value has `network`, the key to read with."""
        config = TrainConfig(
            model=model,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            augment=augment,
            precision=precision,
            seed=seed,
            device=page.device,
        )
        with refusing():
            job = page.jobs.start(config, f"api-{request.session_hash}")
        sent = 0
        while True:
            active = job.active  # before the look, so that the last look sees all
            if len(job.updates) > sent:
                sent = len(job.updates)
                yield {
                    **dataclasses.replace(job.updates[-1], model=None).to_json(),
                    "state": job.state,
                    "network": None,
                }
            if not active:
                break
            await asyncio.sleep(EVERY)
        last = job.updates[-1].to_json() if job.updates else {}
        yield {**last, "state": job.state, "message": job.message, "network": job.id if job.weights else None}

    return train


def evaluate(page: Page) -> Callable:
    def evaluate(network: str = DEFAULT, data: str = "mnist-test") -> dict:
        """Evaluate a network on a data set by name -> the report: accuracy, interval, confusion, per class."""
        from digits.data.sets import DATA_SETS

        with refusing():
            if data not in DATA_SETS:
                raise DigitsError(f"There is no data set called {data!r:.50}; choose one of {', '.join(DATA_SETS)}.")
            return evaluate_network(page.networks.get(network, page.device), data).to_json()

    return evaluate
