"""Step 5, train: whatever is pressed in whatever order, the step stays one, or says why not."""

from types import SimpleNamespace

import pytest
from torch.nn import functional as F

from digits.model.builder import build_network
from digits.model.networks import create_model
from digits.ui.lesson import loss, step

VISITOR = {"visitor": "c" * 24}


def take_steps_with(text: str):
    used = SimpleNamespace(model=build_network(text).eval())
    return step.take_step(SimpleNamespace(networks=SimpleNamespace(chosen=lambda payload: used)))


@pytest.mark.parametrize("other", [{"size": 64}, {"size": 1}, {"source": "own", "index": 3}])
def test_the_loss_is_of_the_batch_that_went_through(other):
    take = take_steps_with("f-16")
    take({**VISITOR, "call": "forward", "size": 16})
    answer = take({**VISITOR, "call": "loss", **other})
    images, labels = loss.training_batch(0, 16)
    expected = F.cross_entropy(create_model("mlp").eval()(images), labels).item()
    assert answer["loss"] == pytest.approx(expected, rel=1e-5)
    for name in ("backward", "step"):
        answer = take({**VISITOR, "call": name, **other})
    assert (answer["steps"], answer["digits"]) == (1, 16)
    answer = take({**VISITOR, "call": "loss", "size": 16})  # the next batch has not gone through
    assert answer["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("text", ["m-2", "d-20", "g-1"])
def test_one_layer_that_is_frozen_has_nothing_to_learn(text):
    take, wanted = take_steps_with(text), {**VISITOR, "kind": "use", "anew": True}
    assert "has one layer of weights" in take({**wanted, "call": "look", "frozen": True})["error"]
    assert take({**wanted, "call": "steps"})["steps"] == 1
