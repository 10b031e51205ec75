"""Step 6, evaluate: what was never seen, and why eval() has to be called."""

import functools
from pathlib import Path

import torch
from torch import Tensor, nn

from digits.data.mnist import load_mnist
from digits.ink.geometry import to_ink
from digits.model.builder import Dropout
from digits.model.networks import Network, random_numbers_of
from digits.model.weights import load_weights
from digits.ui.lesson.turns import Answer, ServerFunction, copy_network, own_turn, pack_shares, parse_whole
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_ink

EACH = 1_000  # digits of each set
MOST_MISTAKES = 48


def look_at_modes(page: Page) -> ServerFunction:
    @answer_errors
    def look_at_modes(payload: Answer) -> Answer:
        """A digit, read by model.eval() and by model.train() beside {"beside"} others of a batch."""
        ink = parse_ink(payload)[None]
        beside = parse_whole(payload, "beside", 1, 63, 15)
        network = page.networks.chosen(payload).model
        with own_turn(), torch.no_grad():
            return read_in_both_modes(copy_network(network), ink, beside)

    return look_at_modes


def read_in_both_modes(network: Network, ink: Tensor, beside: int) -> Answer:
    """Ink (1, 1, 28, 28) -> ten probabilities in evaluation mode and in training mode, and which layers differ."""
    batch = to_ink(load_mnist().validation[0][:beside])
    differing = sorted({type(part).__name__ for part in network.modules() if _differs(part)})
    evaluated = network.eval()(ink).softmax(1)[0]
    with random_numbers_of(0):
        trained = network.train()(torch.cat([ink, batch])).softmax(1)[0]
    return {"eval": evaluated.tolist(), "train": trained.tolist(), "differing": differing, "beside": beside}


def _differs(part: nn.Module) -> bool:
    return isinstance(part, (nn.modules.batchnorm._BatchNorm, Dropout))


def look_at_scores(page: Page) -> ServerFunction:
    @answer_errors
    def look_at_scores(payload: Answer) -> Answer:
        """Accuracy on the same number of training, validation and test digits, and the mistakes among all of them."""
        path = page.networks.path(payload.get("network") or "")
        with own_turn():
            return score(path)

    return look_at_scores


@functools.lru_cache(maxsize=32)
@torch.inference_mode()
def score(path: Path) -> Answer:
    """The first EACH digits of each set, read by the network in a weights file."""
    data = load_mnist()
    network, _ = load_weights(path)
    sets = {
        "training": data.training,
        "validation": data.validation,
        "test": (data.test_images, data.test_labels),
    }
    rows, mistakes = [], []
    for name, (images, labels) in sets.items():
        ink, truth = to_ink(images[:EACH]), labels[:EACH]
        digits = torch.cat([network(part) for part in torch.split(ink, 250)]).argmax(1)
        wrong = (digits != truth).nonzero()[:, 0]
        rows.append({"name": name, "right": EACH - len(wrong), "of": EACH, "whole": len(labels)})
        mistakes += [
            {
                "set": name,
                "index": int(place),
                "label": int(truth[place]),
                "digit": int(digits[place]),
                "ink": pack_shares(ink[place]),
            }
            for place in wrong
        ]
    return {"rows": rows, "mistakes": mistakes[-MOST_MISTAKES:]}
