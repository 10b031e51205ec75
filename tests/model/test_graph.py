import pytest
import torch
from torch.nn import functional as F

from digits.model.graph import LEAF, leaves_of, run_backward, walk
from digits.model.networks import CNN, MLP, FastCNN, LargeCNN, LeNet


def loss_of(network, ink):
    return F.cross_entropy(network(ink), torch.tensor([1]))


def test_the_beginners_network_has_eleven_nodes():
    assert len(walk(loss_of(MLP(), torch.rand(1, 1, 28, 28)).grad_fn)) == 11


@pytest.mark.parametrize("kind", [MLP, LeNet, CNN, LargeCNN, FastCNN])
def test_the_graph_is_autograds_own_and_so_are_its_gradients(kind):
    torch.manual_seed(0)
    network = kind().eval()
    ink = torch.rand(1, 1, 28, 28, requires_grad=True)
    leaves = leaves_of(network, ink)
    expected = torch.autograd.grad(loss_of(network, ink), list(leaves.values()))
    loss = loss_of(network, ink)
    functions = walk(loss.grad_fn)
    nodes = run_backward(loss, leaves)
    assert [node.name.split("::")[-1] for node in nodes] == [f.name().split("::")[-1] for f in functions]
    for node, function in zip(nodes, functions, strict=True):
        reached = [None if edge is None else functions[edge] for edge in node.edges]
        assert reached == [after for after, _ in function.next_functions]
    found = {node.parameter: node.gradient for node in nodes if node.name == LEAF}
    assert found.keys() == leaves.keys()
    for name, gradient in zip(leaves, expected, strict=True):
        torch.testing.assert_close(found[name], gradient)


def test_the_gradient_of_the_outputs_is_softmax_minus_truth():
    network = MLP()
    ink = torch.rand(1, 1, 28, 28)
    logits = network(ink)
    nodes = run_backward(F.cross_entropy(logits, torch.tensor([1])), leaves_of(network, ink))
    came_in = next(node.gradient for node in nodes if node.name == "AddmmBackward0")
    torch.testing.assert_close(came_in, logits.detach().softmax(1) - F.one_hot(torch.tensor([1]), 10))
