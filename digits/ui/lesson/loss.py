"""Step 4, loss and optimizer: how wrong, and which way is down."""

import copy

import torch
from torch import Tensor
from torch.nn import functional as F

from digits.data.mnist import load_mnist
from digits.ink.geometry import to_ink
from digits.model.networks import Network, create_model
from digits.ui.lesson.turns import (
    Answer,
    ServerFunction,
    copy_network,
    own_turn,
    parse_choice,
    parse_ink_to_learn,
    parse_label,
    parse_number,
    parse_whole,
)
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors

BATCH = 64
BATCHES = 500
POINTS = 41  # of the line, from one learning rate up the hill to two down
FROM, TO = -1.0, 2.0  # learning rates
RATES = 1e-4, 100.0
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}


def look_at_loss(page: Page) -> ServerFunction:
    @answer_errors
    def look_at_loss(payload: Answer) -> Answer:
        """A digit and its true {"label"}: its loss. A {"batch"} of MNIST: its loss along the gradient's line, and
        where each optimizer lands at this {"rate"}, from a network of the {"kind"} new or use.
        """
        ink, label = parse_ink_to_learn(payload), parse_label(payload)
        rate = parse_number(payload, "rate", *RATES, 0.1)
        images, labels = training_batch(parse_whole(payload, "batch", 0, BATCHES, 0), BATCH)
        kind = parse_choice(payload, "kind", ("new", "use"))
        used = page.networks.chosen(payload).model
        with own_turn():
            network = create_model("mlp").eval() if kind == "new" else copy_network(used)
            with torch.no_grad():
                softmax = network(ink).softmax(1)[0]
            truth = int(softmax.argmax()) if label is None else label
            return {
                "label": truth,
                "probability": float(softmax[truth]),
                "loss": float(-softmax[truth].log()),
                "line": walk_line(network, images, labels, rate),
                "landings": land(network, images, labels, rate),
                "parameters": sum(parameter.numel() for parameter in network.parameters()),
            }

    return look_at_loss


def training_batch(number: int, size: int) -> tuple[Tensor, Tensor]:
    """The batch of that number -> ink (size, 1, 28, 28) in [0, 1], labels (size,)."""
    images, labels = load_mnist().training
    start = number * size % (len(labels) - size)
    return to_ink(images[start : start + size]), labels[start : start + size]


def walk_line(network: Network, images: Tensor, labels: Tensor, rate: float) -> Answer:
    """The batch's loss at weights - t x rate x gradient, for t from FROM to TO; at t = 1 plain SGD lands."""
    parameters = list(network.parameters())
    loss = F.cross_entropy(network(images), labels)
    gradients = torch.autograd.grad(loss, parameters)
    steps = torch.linspace(FROM, TO, POINTS).tolist()
    moved = copy.deepcopy(network)
    losses = []
    with torch.no_grad():
        for step in steps:
            for place, start, gradient in zip(moved.parameters(), parameters, gradients, strict=True):
                place.copy_(start - step * rate * gradient)
            losses.append(float(F.cross_entropy(moved(images), labels)))
    length = float(torch.stack([gradient.norm() for gradient in gradients]).norm())
    return {"steps": steps, "losses": losses, "start": float(loss.detach()), "length": length}


def land(network: Network, images: Tensor, labels: Tensor, rate: float) -> dict[str, float]:
    """The batch's loss after one step of each optimizer at this learning rate."""
    landings = {}
    for name, optimizer in OPTIMIZERS.items():
        moved = copy.deepcopy(network)
        torch.autograd.backward(F.cross_entropy(moved(images), labels))
        optimizer(moved.parameters(), lr=rate).step()
        with torch.no_grad():
            landings[name] = float(F.cross_entropy(moved(images), labels))
    return landings
