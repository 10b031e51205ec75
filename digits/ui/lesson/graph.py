"""Step 3, create the graph: what autograd noted while a network read the drawing, and the way back through it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.model.graph import Node, describe, leaves_of, run_backward
from digits.model.networks import Network, create_model, random_numbers_of
from digits.ui.lesson.turns import (
    Answer,
    ServerFunction,
    copy_network,
    own_turn,
    pack_shares,
    pack_signed,
    parse_choice,
    parse_ink_to_learn,
    parse_label,
    parse_switch,
    parse_whole,
)
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors

CALLS = ("forward", "backward", "again", "step")
KINDS = ("use", "mlp", "lenet", "cnn-fast", "loop")
MOST_TURNS = 4
RATE = 0.01  # of plain SGD
WIDEST_PICTURE = 40  # columns of a weight's gradient that are shown


class Loop(Network):
    """A network whose middle layer is used 0 to 4 times: the graph grows with every turn, its weights do not."""

    name = "loop"

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns = turns
        self.first, self.last = nn.Linear(784, 64), nn.Linear(64, 10)
        if turns:
            self.middle = nn.Linear(64, 64)

    def forward(self, ink: Tensor) -> Tensor:
        hidden = F.relu(self.first(((ink - self.mean) / self.std).flatten(1)))
        for _ in range(self.turns):
            hidden = F.relu(self.middle(hidden))
        logits: Tensor = self.last(hidden)
        return logits


def look_at_graph(page: Page) -> ServerFunction:
    @answer_errors
    def look_at_graph(payload: Answer) -> Answer:
        """One digit through a copy of a network, as far as {"call"} says; nothing is kept on the server."""
        call, kind = parse_choice(payload, "call", CALLS), parse_choice(payload, "kind", KINDS)
        noted, ink_wanted = parse_switch(payload, "grad", True), parse_switch(payload, "ink")
        turns = parse_whole(payload, "turns", 0, MOST_TURNS, 2)
        ink, label = parse_ink_to_learn(payload), parse_label(payload)
        with own_turn():
            if kind == "use":
                network = copy_network(page.networks.chosen(payload).model)
            else:
                network = make_network(kind, turns).eval()
            return run_calls(network, ink.clone().requires_grad_(ink_wanted), label, call, noted)

    return look_at_graph


def make_network(kind: str, turns: int) -> Network:
    """A new network of a kind in KINDS, with random weights."""
    if kind != "loop":
        return create_model(kind)
    with random_numbers_of(0):
        return Loop(turns)


def run_calls(network: Network, ink: Tensor, label: int | None, call: str, noted: bool) -> Answer:
    """The calls up to `call`, as a Python prompt would run them. `network` is changed by a step: hand over a copy."""
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    optimizer.zero_grad()
    with torch.set_grad_enabled(noted):
        logits = network(ink)
        truth = logits.argmax(1) if label is None else torch.tensor([label])
        loss = F.cross_entropy(logits, truth)
    softmax = logits.detach().softmax(1)
    answer = {
        "ink": pack_shares(ink),
        "label": int(truth),
        "loss": float(loss.detach()),
        "softmax": softmax[0].tolist(),
        "start": (F.one_hot(truth, 10) - softmax)[0].tolist(),
        "temperature": float(network.temperature),
        "calibrated": float((logits.detach() / network.temperature).softmax(1)[0, truth]),
        "gradFn": str(loss.grad_fn and f"<{loss.grad_fn.name()}>"),
        "nodes": [],
    }
    leaves = leaves_of(network, ink)
    try:
        if call == "forward":
            nodes = describe(loss.grad_fn, leaves) if loss.grad_fn else []
        elif noted:
            nodes = run_backward(loss, leaves)
        else:
            torch.autograd.backward(loss)
        answer["nodes"] = [node_answer(node) for node in nodes]
        if call == "again":
            torch.autograd.backward(loss)
    except RuntimeError as error:  # what these two buttons are there to show
        answer["refused"] = str(error).split(". ")[0] + "."
        return answer
    if call == "step":
        optimizer.step()
        with torch.no_grad():
            answer["after"] = float(network(ink).softmax(1)[0, truth])
    return answer


def node_answer(node: Node) -> Answer:
    gradient = node.gradient
    return {
        "name": node.name,
        "edges": node.edges,
        "keeps": [[name, list(shape)] for name, shape in node.keeps],
        "parameter": node.parameter,
        "shape": node.shape,
        "length": None if gradient is None else float(gradient.norm()),
        "gradientShape": None if gradient is None else list(gradient.shape),
        "picture": None if gradient is None or node.parameter is None else picture_gradient(gradient),
    }


def picture_gradient(gradient: Tensor) -> Answer | None:
    """A weight's gradient as a picture: of 784 inputs, or of a filter, the unit that is pulled hardest; else the
    matrix's first columns. None for a bias.
    """
    if gradient.dim() < 2:
        return None
    if gradient.dim() == 4 and gradient.shape[-1] == 28:  # the ink's own
        return {"shape": [28, 28], "values": pack_signed(gradient), "words": "the ink's own pixels"}
    rows = gradient.flatten(1)
    hardest = int(rows.norm(dim=1).argmax())
    if rows.shape[1] == 784:
        words = f"of hidden unit {hardest + 1}: your drawing"
        return {"shape": [28, 28], "values": pack_signed(rows[hardest]), "words": words}
    if gradient.dim() == 4:
        side = list(gradient.shape[2:])
        return {"shape": side, "values": pack_signed(gradient[hardest, 0]), "words": f"of filter {hardest + 1}"}
    part = gradient[:, :WIDEST_PICTURE]
    words = f"{part.shape[0]} × {part.shape[1]} of {gradient.shape[1]}"
    return {"shape": list(part.shape), "values": pack_signed(part), "words": words}
