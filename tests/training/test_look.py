"""A look inside a training: what it sees, and that it does not hold the training up."""

import numpy as np
import torch

from digits.data.mnist import load_mnist
from digits.model.networks import create_model
from digits.training import look as module
from digits.training.look import Look, Looker, Watch


def test_looking_takes_no_more_than_its_share_of_the_time(monkeypatch):
    clock = iter(np.arange(0, 1_000, 0.5))  # a look takes half a second
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    model = create_model("mlp")
    looker = Looker(model, load_mnist(), None)
    looks = [looker.look(model, elapsed) for elapsed in range(1, 201)]
    different = {id(look) for look in looks}
    assert 0.5 * len(different) <= module.SHARE * 200 + 0.5
    assert len(different) > 1
    assert looker.look(model) is not looks[-1]  # at the end, whatever it takes


def test_it_sees_the_network_as_it_is():
    model = create_model("cnn-fast").eval()
    ink = torch.rand(1, 28, 28)
    looker = Looker(model, load_mnist(), ink)
    first = looker.look(model)
    shares = (model(ink[None]).softmax(1)[0] * 255).round()
    np.testing.assert_allclose(first.drawing, shares.detach().numpy(), atol=1)
    with torch.no_grad():
        looker.layers[0].weight.mul_(-1)
    np.testing.assert_array_equal(looker.look(model).filters, -first.filters)


def test_looks_and_drawings_go_through_text_and_come_back():
    model = create_model("mlp")
    ink = torch.rand(1, 28, 28)
    seen = Looker(model, load_mnist(), ink).look(model)
    back = Look.from_json(seen.to_json())
    for name in ("drawing", "ten", "filters"):
        np.testing.assert_array_equal(getattr(back, name), getattr(seen, name))
        assert getattr(back, name).dtype == getattr(seen, name).dtype
    assert (back.units, back.gradients) == (seen.units, seen.gradients)
    assert torch.allclose(Watch.from_text(Watch(ink).to_text()).ink, ink, atol=0.51 / 255)
    assert Watch.from_text(Watch().to_text()).ink is None
