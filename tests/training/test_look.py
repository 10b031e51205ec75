"""A look inside a training: what it sees, and that it does not hold the training up."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from digits.data.mnist import Mnist, load_mnist
from digits.model.networks import create_model
from digits.training import look as module
from digits.training.look import Look, Looker, Watch, hard_digits


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


def test_two_trainings_that_begin_together_look_at_ten_hard_digits_and_the_drawing():
    module._find_hard_digits.cache_clear()
    together, data = threading.Barrier(2), load_mnist()

    def find() -> int:
        together.wait(60)
        return len(hard_digits(data))

    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(find) for _ in range(2)]
    assert [search.result() for search in found] == [10, 10]
    ink = torch.rand(1, 28, 28)
    looker = Looker(create_model("mlp"), data, ink)
    assert len(looker.inks) == 11
    assert torch.equal(looker.inks[10].cpu(), ink)


def test_the_hard_digits_are_those_of_the_images_at_hand():
    mnist = load_mnist()
    turned = Mnist(mnist.images.flip(0), mnist.labels.flip(0), mnist.test_images, mnist.test_labels)
    for data in (mnist, turned):
        assert data.validation[1][hard_digits(data)].tolist() == list(range(10))
