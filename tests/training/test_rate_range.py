"""The range test of learning rates: against a plain loop, and its words."""

import dataclasses

import pytest
import torch
from torch.nn.functional import cross_entropy

from digits import DigitsError, TrainConfig
from digits.ink.geometry import to_ink
from digits.model.networks import create_model
from digits.training import rate_range
from digits.training.rate_range import try_rates

TEXT = TrainConfig(model="mlp", optimizer="adam", augment="none", precision="float32", epochs=1, batch_size=64, seed=3)


def test_it_is_a_training_whose_rate_rises(small_mnist, monkeypatch):
    """The same loop written out, its losses as they come."""
    monkeypatch.setattr(rate_range, "KEPT", 0.0)
    found = try_rates(TEXT, small_mnist)
    model = create_model("mlp", 3).train()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    generator = torch.Generator().manual_seed(3)
    images, labels = small_mnist.training
    batches = torch.randint(len(images), (rate_range.STEPS, 64), generator=generator)
    for rate, loss_found, batch in zip(found.rates, found.losses, batches, strict=False):
        optimizer.param_groups[0]["lr"] = rate
        loss = cross_entropy(model(to_ink(images[batch])), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert loss_found == pytest.approx(loss.item(), rel=1e-3, abs=1e-4)


def test_it_ends_where_the_loss_breaks_and_points_before_its_lowest(small_mnist):
    found = try_rates(TEXT, small_mnist)
    assert found == try_rates(TEXT, small_mnist)
    assert found.rates == sorted(found.rates)
    assert len(found.rates) == len(found.losses) < rate_range.STEPS
    lowest = found.rates[found.losses.index(min(found.losses))]
    assert found.rates[0] < found.steepest < lowest
    assert 1e-4 < found.steepest < 1e-2  # the text's 0.001 lies there


def test_it_ends_when_its_time_is_up(small_mnist, monkeypatch):
    monkeypatch.setattr(rate_range, "LONGEST", 0.0)
    found = try_rates(TEXT, small_mnist)
    assert len(found.rates) == 1
    assert found.steepest == found.rates[0]


def test_settings_that_cannot_be_used_get_a_sentence(small_mnist):
    with pytest.raises(DigitsError, match="batch size"):
        try_rates(dataclasses.replace(TEXT, batch_size=0), small_mnist)
    with pytest.raises(DigitsError, match="Muon is for networks with a hidden linear layer"):
        try_rates(dataclasses.replace(TEXT, model="cnn", optimizer="muon"), small_mnist)
