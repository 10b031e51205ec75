"""What programs can call: /read_strokes, /read_image, /read_number, /train, /evaluate, /networks; with --mcp also as
tools of a language model's. The page itself has faster ways.

Docstrings here are what a program's author reads at "Use via API", and parameters have the types that are shown there.
"""

import asyncio
import base64
import io
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from digits.data.sets import DATA_SETS
from digits.device import beside_training
from digits.errors import DigitsError
from digits.evaluation.evaluate import evaluate as evaluate_network
from digits.ink.opening import open_image
from digits.reading.reading import Reading
from digits.training.config import RECIPES, TrainConfig
from digits.ui.client import name_asker, name_client, work
from digits.ui.networks import DEFAULT
from digits.ui.page_state import Page
from digits.ui.requests import FAULT, LARGEST_PICTURE

log = logging.getLogger(__name__)

EVERY = 0.2  # seconds between two looks at a training
FAST = RECIPES["fast"]
Strokes = list[list[list[float]]]


def api(page: Page) -> None:
    """Add the endpoints to the blocks that are being built. Of each, a few calls run at once."""
    for function in (read_strokes(page), read_image(page), read_number(page), list_networks(page), evaluate(page)):
        gr.api(function, api_name=function.__name__, concurrency_limit=4)
    gr.api(train(page), api_name="train", concurrency_limit=None)  # waits for its turn in the trainings' queue


@contextmanager
def refusing() -> Iterator[None]:
    """Turns a DigitsError into Gradio's error of the same sentence, which a program gets without a trace; a bug of ours
    too, whose trace goes to the log.
    """
    try:
        yield
    except DigitsError as error:
        raise gr.Error(str(error), print_exception=False) from None
    except Exception as error:
        log.error("A call failed by a fault of our own.", exc_info=error)
        raise gr.Error(FAULT, print_exception=False) from None


@contextmanager
def taking_turns(request: gr.Request) -> Iterator[None]:
    """Expensive work for the client that asked, or a sentence why not."""
    with refusing(), work.turn(name_asker(client_of(request), visitor_of(request))):
        yield


def client_of(request: gr.Request) -> str:
    return name_client(request.client.host if request.client else "")


def visitor_of(request: gr.Request) -> str:
    """A program's session is a visitor of its own. All language models come through one session, of Gradio's own, and
    its MCP server tells them apart by nothing that they could not make up: each of their calls is a visitor.
    """
    if request.headers.get("x-gradio-user") == "mcp":
        return f"mcp-{secrets.token_urlsafe(16)}"
    return f"api-{request.session_hash}"


def describe(reading: Reading) -> dict[str, Any]:
    probabilities = [float(probability) for probability in reading.probabilities]
    return {"digit": reading.digit, "probabilities": probabilities, "digit_score": reading.digit_score}


def read_strokes(page: Page) -> Callable[..., Any]:
    def read_strokes(strokes: Strokes, network: str = DEFAULT) -> dict[str, Any]:
        """Read one handwritten digit from its strokes.

        Args:
            strokes: A list of strokes, each a list of points [x, y]; y grows downwards, any unit.
            network: The key of a network, as /networks lists it or /train ended with.
        Returns:
            digit (0 to 9, or null for nothing and for what is no digit), probabilities (ten), digit_score (0 to 1).
        """
        with refusing():
            return describe(page.networks.get(network).read_strokes(strokes))

    return read_strokes


def read_image(page: Page) -> Callable[..., Any]:
    def read_image(image: str, request: gr.Request, network: str = DEFAULT) -> dict[str, Any]:
        """Read one handwritten digit from a picture of it: PNG, JPEG, WEBP, GIF, BMP or TIFF.

        Args:
            image: The picture's file in base64, with or without "data:image/png;base64," before it.
            network: The key of a network, as /networks lists it or /train ended with.
        Returns:
            digit (0 to 9, or null for nothing and for what is no digit), probabilities (ten), digit_score (0 to 1).
        """
        with taking_turns(request):
            return describe(page.networks.get(network).read_image(open_sent(image)))

    return read_image


def open_sent(image: object) -> Image.Image:
    """Base64, or what gradio_client's handle_file makes of a file that it has uploaded -> the picture."""
    if isinstance(image, dict) and isinstance(image.get("path"), str):
        path = Path(image["path"].replace("\0", "")).resolve()  # links are followed before the check
        if not path.is_relative_to(Path(get_upload_folder()).resolve()):
            raise DigitsError("The picture was not uploaded to this server; send its content.")
        return open_image(path)
    if not isinstance(image, str) or not 0 < len(image) <= LARGEST_PICTURE:
        raise DigitsError(f"The picture is no text of 1 to {LARGEST_PICTURE:,} characters; send its file in base64.")
    try:
        content = base64.b64decode(image.split(",", 1)[-1], validate=True)
    except ValueError:  # binascii.Error is one
        raise DigitsError("The picture is not in base64; send its file in base64.") from None
    return open_image(io.BytesIO(content))


def read_number(page: Page) -> Callable[..., Any]:
    def read_number(strokes: Strokes, request: gr.Request, network: str = DEFAULT) -> dict[str, Any]:
        """Read a whole handwritten number, such as 2026, from its strokes.

        Args:
            strokes: A list of strokes, each a list of points [x, y]; y grows downwards, any unit.
            network: The key of a network, as /networks lists it or /train ended with.
        Returns:
            text (the likeliest digits, "" for nothing), and digits: each as of /read_strokes, with its box
            (left, top, right, bottom).
        """
        with taking_turns(request):
            number = page.networks.get(network).read_number(strokes)
        digits = [describe(digit.reading) | {"box": [float(edge) for edge in digit.box]} for digit in number.digits]
        return {"text": number.text, "digits": digits}

    return read_number


def list_networks(page: Page) -> Callable[..., Any]:
    def networks(request: gr.Request) -> list[dict[str, Any]]:
        """List the networks that can read: those that this session trained, newest first, then the shipped ones. Over
        MCP there is no session: keep the key that train ended with.

        Returns:
            Of each its key (for the other endpoints), name, model, accuracy on MNIST's test set (null for none),
            parameters, and own: whether this session trained it.
        """
        shown = ("key", "name", "model", "accuracy", "parameters", "own")
        return [{name: network[name] for name in shown} for network in page.networks.listed(visitor_of(request))]

    return networks


def train(page: Page) -> Callable[..., Any]:
    async def train(
        request: gr.Request,
        model: str = FAST.model,
        optimizer: str = FAST.optimizer,
        learning_rate: float | None = None,
        batch_size: int = FAST.batch_size,
        epochs: int = FAST.epochs,
        augment: str = FAST.augment,
        precision: str = FAST.precision,
        seed: int = FAST.seed,
    ) -> AsyncIterator[dict[str, Any]]:
        """Train a network on MNIST, and stream where it stands; without settings to about 99% in seconds.

        Args:
            model: cnn-fast, cnn, cnn-large, lenet or mlp.
            optimizer: adamw, adam, sgd or muon.
            learning_rate: Above 0 and at most 10; null for the optimizer's own, or 0.04 for adamw on cnn-fast.
            batch_size: Images a step, 1 to 10,000.
            epochs: Passes over the 55,000 training images, 1 to 1,000.
            augment: How pictures are varied: none, affine or elastic.
            precision: float32, or bfloat16, which is faster where the processor has it.
            seed: The same seed gives the same network.
        Returns:
            state (waiting, running, done, stopped, failed), message (why it ended early), step, steps, epoch, loss,
            accuracy, validation_accuracy, elapsed and remaining seconds; in the last value network, the key to read
            and evaluate with, and test_accuracy.
        """
        recipe = (model, optimizer) == (FAST.model, FAST.optimizer)  # whose rate is too high for others
        settings: dict[str, Any] = {
            "model": model,
            "optimizer": optimizer,
            "learning_rate": FAST.learning_rate if learning_rate is None and recipe else learning_rate,
            "batch_size": batch_size,
        }
        settings |= {"epochs": epochs, "augment": augment, "precision": precision, "seed": seed}
        with refusing():
            config = TrainConfig(**settings, device=page.device)
            job = page.start(config, visitor_of(request), client_of(request))
        sent = -1  # also before the first update: a program that waits sees that it does
        while True:
            active = job.active  # before the look, so that the last look sees all
            if not active:
                break
            if len(job.updates) > sent:
                sent = len(job.updates)
                last = job.updates[-1].to_json() if sent else {}
                yield {"state": job.state, "message": "", "ahead": page.jobs.ahead(job), "network": None} | last
            await asyncio.sleep(EVERY)
        last = job.updates[-1].to_json() if job.updates else {}
        network = job.id if job.weights else None
        yield {"state": job.state, "message": job.message, "ahead": 0, "network": network} | last

    return train


def evaluate(page: Page) -> Callable[..., Any]:
    def evaluate(request: gr.Request, network: str = DEFAULT, data: str = "mnist-test") -> dict[str, Any]:
        """Measure a network on labelled digits that it never learned from.

        Args:
            network: The key of a network, as /networks lists it or /train ended with.
            data: mnist-test, mnist-validation, qmnist-test, emnist-digits-test or usps-test.
        Returns:
            accuracy (0 to 1) with its 95% interval, n, the confusion matrix (row: what it was, column: what was
            read), per_class precision, recall and F1, and calibration_error.
        """
        with taking_turns(request):
            if data not in DATA_SETS:
                raise DigitsError(f"There is no data set called {data!r:.50}; choose one of {', '.join(DATA_SETS)}.")
            return evaluate_network(page.networks.get(network, beside_training(page.device)), data).to_json()

    return evaluate
