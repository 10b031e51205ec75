"""Autograd's own graph, walked from `loss.grad_fn`: its nodes, what they keep, the gradients that go through them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

LEAF = "AccumulateGrad"


@dataclass
class Node:
    """One node of the graph. `edges` are the places of `next_functions` in the list of nodes, None where it stops."""

    name: str
    edges: list[int | None]
    keeps: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """Name and shape of each tensor that the node holds for the way back."""
    parameter: str | None = None
    """Of a leaf: which tensor it adds the gradient to."""
    shape: tuple[int, ...] | None = None
    gradient: Tensor | None = None
    """Of a leaf, its tensor's gradient; of another node, what came in. Set by `run_backward`."""


def walk(root: torch.autograd.graph.Node) -> list[torch.autograd.graph.Node]:
    """All nodes that can be reached from `root`, each once, breadth first."""
    found, queue = {root: None}, deque([root])
    while queue:
        for after, _ in queue.popleft().next_functions:
            if after is not None and after not in found:
                found[after] = None
                queue.append(after)
    return list(found)


def describe(root: torch.autograd.graph.Node, leaves: dict[str, Tensor]) -> list[Node]:
    """The graph from `root`, in the order of `walk`. `leaves` names the tensors at its ends.

    To be called before the way back, which frees what the nodes keep.
    """
    functions = walk(root)
    places = {function: place for place, function in enumerate(functions)}
    names = {id(tensor): name for name, tensor in leaves.items()}
    nodes = []
    for function in functions:
        edges = [None if after is None else places[after] for after, _ in function.next_functions]
        node = Node(function.name().removeprefix("torch::autograd::"), edges, _kept(function))
        if hasattr(function, "variable"):
            node.parameter = names.get(id(function.variable), "a tensor")
            node.shape = tuple(function.variable.shape)
        nodes.append(node)
    return nodes


def run_backward(loss: Tensor, leaves: dict[str, Tensor]) -> list[Node]:
    """Describe the graph of `loss`, run `loss.backward()` once, and give each node the gradient that reached it."""
    root = loss.grad_fn
    assert root is not None, "the loss has no graph"
    nodes, hooks = describe(root, leaves), []
    try:
        for node, function in zip(nodes, walk(root), strict=True):
            if node.name != LEAF:
                hooks.append(function.register_prehook(_keep_gradient(node)))
        loss.backward()
    finally:
        for hook in hooks:
            hook.remove()
    for node in nodes:
        leaf = leaves.get(node.parameter or "")
        if leaf is not None and leaf.grad is not None:
            node.gradient = leaf.grad.clone()
    return nodes


def leaves_of(network: nn.Module, ink: Tensor) -> dict[str, Tensor]:
    """The tensors that a network's graph can end at: its parameters, and the ink where it wants a gradient."""
    return {**dict(network.named_parameters()), **({"ink": ink} if ink.requires_grad else {})}


def _keep_gradient(node: Node) -> Callable[[tuple[Tensor | None, ...]], None]:
    def keep(gradients: tuple[Tensor | None, ...]) -> None:
        if gradients and gradients[0] is not None:
            node.gradient = gradients[0].detach().clone()

    return keep


def _kept(function: torch.autograd.graph.Node) -> list[tuple[str, tuple[int, ...]]]:
    kept = []
    for name in dir(function):
        if name.startswith("_saved_"):
            value = getattr(function, name)
            if isinstance(value, Tensor):
                kept.append((name.removeprefix("_saved_"), tuple(value.shape)))
    return kept
