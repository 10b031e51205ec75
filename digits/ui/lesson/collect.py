"""Step 1, collect data: a wall of training digits, and the visitor's own made like them."""

import functools

import torch
from torch import Tensor

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.ink.geometry import to_ink
from digits.model.networks import Network
from digits.ui.lesson.turns import Answer, ServerFunction, own_turn, pack_shares, parse_choice, parse_whole
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_ink

WALL = 96  # digits
SEARCHED = 1_500  # training digits of a kind, of which the oddest are shown
SEEDS = 1_000


def look_at_data(page: Page) -> ServerFunction:
    @answer_errors
    def look_at_data(payload: Answer) -> Answer:
        """{"kind": 0 to 9, or 10 for all, "order": shuffled or oddest, "seed"} -> a wall of training digits."""
        kind, seed = parse_whole(payload, "kind", 0, 10, 10), parse_whole(payload, "seed", 0, SEEDS, 0)
        order = parse_choice(payload, "order", ("shuffled", "oddest"))
        data = load_mnist()
        images, labels = data.training
        places = torch.arange(len(labels)) if kind == 10 else (labels == kind).nonzero()[:, 0]
        places = places[torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))]
        if order == "oddest":
            with own_turn():
                places = find_oddest(page.networks.get("cnn").model, places[:SEARCHED])
        wall = places[:WALL]
        return {
            "labels": labels[wall].tolist(),
            "pixels": pack_shares(images[wall] / 255),
            "counts": torch.bincount(labels, minlength=10).tolist(),
            "split": [len(labels), data.held_out, len(data.test_labels)],
            "searched": min(SEARCHED, len(places)),
        }

    return look_at_data


@torch.inference_mode()
def find_oddest(network: Network, places: Tensor) -> Tensor:
    """Places of training digits -> the same, those first to whose label the network gives least."""
    images, labels = load_mnist().training
    logits = torch.cat([network(to_ink(images[part])) for part in torch.split(places, 500)])
    given = logits.softmax(1).gather(1, labels[places][:, None])[:, 0]
    return places[given.argsort()]


def prepare_digit(page: Page) -> ServerFunction:
    @answer_errors
    def prepare_digit(payload: Answer) -> Answer:
        """A digit, {"steps"} of its preparation -> its 28x28 pixels, how it is read, and that kind's mean image."""
        ink = parse_ink(payload)
        reading = page.networks.chosen(payload).read_ink(ink[None])[0]
        if reading.best is None:
            raise DigitsError("The pad is empty; draw a digit first.")
        return {
            "ink": pack_shares(ink),
            "digit": reading.best,
            "probability": float(reading.probabilities[reading.best]),
            "mean": pack_shares(mean_image(reading.best)),
        }

    return prepare_digit


@functools.cache
def mean_image(kind: int) -> Tensor:
    """The mean of all training images of a digit, float32 (28, 28) in [0, 1]."""
    images, labels = load_mnist().training
    return images[labels == kind].float().mean(0) / 255
