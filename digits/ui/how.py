"""How it works: the graph that autograd noted while the network read the drawing, and one step of training."""

import copy
from collections.abc import Callable

import gradio as gr
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.model.graph import Node, describe, leaves_of, run_backward
from digits.ui.client import expensive
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import answer_errors, parse_ink

CALLS = ("forward", "backward", "again", "step")
EXAMPLE = 2  # this test digit is a 1
RATE = 0.01  # of plain SGD


def how_tab(page: Page) -> gr.HTML:
    return part("how", [look_at_graph(page)], example=EXAMPLE, rate=RATE)


def look_at_graph(page: Page) -> Callable:
    @answer_errors
    @expensive
    def look_at_graph(payload: dict) -> dict:
        """One digit through a copy of the network in use, as far as {"call"} says; nothing is kept on the server."""
        call, noted, ink_wanted = payload.get("call"), payload.get("grad", True), payload.get("ink", False)
        if call not in CALLS or type(noted) is not bool or type(ink_wanted) is not bool:
            raise DigitsError(f"The request is not one of {', '.join(CALLS)} with two switches; reload the page.")
        ink, network = parse_ink(payload)[None], page.networks.chosen(payload).model
        if not ink.any():
            raise DigitsError("The pad is empty; draw a digit first.")
        with torch.inference_mode(False), torch.enable_grad():
            ink = ink.clone().requires_grad_(ink_wanted)
            return run_calls(_copy(network), ink, parse_label(payload), call, noted)

    return look_at_graph


def parse_label(payload: dict) -> int | None:
    """{"label"}: 0 to 9, or none -> it; a test digit knows its own."""
    label = payload.get("label")
    if label is None and "strokes" not in payload and "picture" not in payload:
        return int(load_mnist().test_labels[payload["index"]])  # `parse_ink` has checked the index
    if label is not None and (type(label) is not int or not 0 <= label <= 9):
        raise DigitsError("The true digit is none of 0 to 9; choose one.")
    return label


def run_calls(network: nn.Module, ink: Tensor, label: int | None, call: str, noted: bool) -> dict:
    """The calls up to `call`, as a Python prompt would run them. `network` is changed by a step: hand over a copy."""
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    optimizer.zero_grad()
    with torch.set_grad_enabled(noted):
        logits = network(ink)
        truth = logits.argmax(1) if label is None else torch.tensor([label])
        loss = F.cross_entropy(logits, truth)
    softmax = logits.detach().softmax(1)
    answer = {
        "ink": [round(value * 255) for value in ink.detach().flatten().tolist()],
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
            nodes = describe(loss.grad_fn, leaves) if noted else []
        elif noted:
            nodes = run_backward(loss, leaves)
        else:
            loss.backward()
        answer["nodes"] = [node_answer(node) for node in nodes]
        if call == "again":
            loss.backward()
    except RuntimeError as error:  # what these two buttons are there to show
        answer["refused"] = str(error).split(". ")[0] + "."
        return answer
    if call == "step":
        optimizer.step()
        with torch.no_grad():
            answer["after"] = float(network(ink).softmax(1)[0, truth])
    return answer


def node_answer(node: Node) -> dict:
    return {
        "name": node.name,
        "edges": node.edges,
        "keeps": [[name, list(shape)] for name, shape in node.keeps],
        "parameter": node.parameter,
        "shape": node.shape,
        "length": None if node.gradient is None else float(node.gradient.norm()),
        "gradientShape": None if node.gradient is None else list(node.gradient.shape),
    }


def _copy(network: nn.Module) -> nn.Module:
    return copy.deepcopy(network).cpu().float().eval().requires_grad_()
