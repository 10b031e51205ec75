"""What the network looked at: occlusion, the layers' maps and filters, and the fields that their units see."""

import numpy as np
import pytest
import torch
from drawings import DIGITS

from digits.ink.strokes import from_strokes
from digits.model.networks import NETWORKS, create_model
from digits.reading.explain import INKED, PATCH, explain
from digits.reading.recognizer import Recognizer


def drawn(digit: int) -> torch.Tensor:
    return from_strokes(DIGITS[digit])[None]


@pytest.fixture(scope="module")
def shipped() -> dict:
    return {name: Recognizer.load(f"weights/{name}.safetensors").model for name in ("cnn-large", "mlp")}


@pytest.mark.parametrize("name", ["cnn-large", "mlp"])
@pytest.mark.parametrize("digit", [4, 8])
def test_the_logits_are_the_networks_and_the_digit_is_what_it_reads(shipped, name, digit):
    explanation = explain(shipped[name], drawn(digit))
    with torch.inference_mode():
        logits = shipped[name](drawn(digit))[0].numpy()
    assert np.allclose(explanation.logits, logits, atol=1e-4)
    assert explanation.digit == logits.argmax() == digit


@pytest.mark.parametrize("name", ["cnn-large", "mlp"])
@pytest.mark.parametrize("digit", DIGITS)
def test_no_other_patch_takes_more_from_the_lead_than_the_decisive_one(shipped, name, digit):
    model, picture = shipped[name], drawn(digit)
    explanation = explain(model, picture)

    def read_without(y: int, x: int) -> torch.Tensor:
        covered = picture.clone()
        covered[..., y : y + PATCH, x : x + PATCH] = 0
        with torch.inference_mode():
            return model(covered)[0]

    def lead(logits: torch.Tensor) -> float:
        return float(logits[explanation.digit] - max(v for i, v in enumerate(logits) if i != explanation.digit))

    y, x = explanation.decisive
    assert picture[..., y : y + PATCH, x : x + PATCH].max() > INKED
    without = read_without(y, x)
    assert explanation.becomes == without.argmax()
    ranked = [int(i) for i in without.argsort(descending=True) if i != explanation.digit]
    assert explanation.runner_up == ranked[0]
    random = np.random.default_rng(digit)
    for other_y, other_x in random.integers(0, 28 - PATCH + 1, (40, 2)):
        assert lead(without) <= lead(read_without(other_y, other_x)) + 1e-4


def test_importance_is_on_the_ink_and_relative_to_the_strongest(shipped):
    for digit in DIGITS:
        importance = explain(shipped["cnn-large"], drawn(digit)).importance
        assert importance.shape == (28, 28)
        assert np.abs(importance).max() == pytest.approx(1)
        assert not importance[drawn(digit)[0, 0].numpy() <= INKED].any()


class OneLine(torch.nn.Module):
    """A network that reads a 1 by the ink of row 10 and nothing else, and a 0 where it has none."""

    mean, std = torch.tensor(0.0), torch.tensor(1.0)
    layers = ()

    def forward(self, ink):
        logits = torch.zeros(len(ink), 10)
        logits[:, 1] = ink[:, 0, 10].sum(1) - 1
        return logits


def test_a_network_that_looks_at_one_line_only_is_found_out():
    explanation = explain(OneLine(), from_strokes([[(0, 0), (0, 100)]])[None])
    assert explanation.digit == 1
    assert explanation.becomes != 1
    rows = np.abs(explanation.importance).sum(1).nonzero()[0]
    assert rows.min() >= 10 - PATCH + 1
    assert rows.max() <= 10 + PATCH - 1
    assert np.abs(explanation.importance).sum(1).argmax() == 10
    assert explanation.decisive[0] <= 10 < explanation.decisive[0] + PATCH


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_are_scaled_and_filters_are_the_convolutions(name):
    model = create_model(name).eval()
    layers = explain(model, drawn(5)).layers
    convolutions = [part for part in model.modules() if isinstance(part, torch.nn.Conv2d)]
    shown = [layer.filters for layer in layers if layer.filters is not None]
    assert bool(layers) == (name != "mlp")  # a fully connected network has no maps
    for filters, convolution in zip(shown, convolutions, strict=False):
        assert np.array_equal(filters, convolution.weight.detach().numpy())
    for layer in layers:
        assert layer.maps.min() == 0
        assert layer.maps.max() == pytest.approx(1)
        if layer.filters is not None:
            assert layer.name.startswith("convolution, ")
            assert len(layer.filters) == len(layer.maps)


@pytest.mark.parametrize("name", ["cnn-fast", "cnn", "lenet"])
def test_a_unit_sees_its_field_and_nothing_else(name):
    """By gradients: of random pictures together, as a maximum hides the pixels that lose."""
    model = create_model(name).eval()
    torch.manual_seed(0)
    pictures = torch.rand(40, 1, 28, 28)
    layers = explain(model, pictures[:1]).layers
    inputs = pictures.clone().requires_grad_()
    values = [(inputs - model.mean) / model.std]
    for layer in model.layers:
        values.append(layer(values[-1]))
    for layer in layers:
        (output,) = (value for value in values if value.shape[1:] == layer.maps.shape and same(value, layer.maps))
        height, width = layer.maps.shape[1:]
        for y, x in ((0, 0), (height // 2, width // 2), (height - 1, 1)):
            (gradient,) = torch.autograd.grad(output[:, :, y, x].sum(), inputs, retain_graph=True)
            rows, columns = (gradient[:, 0] != 0).any(0).nonzero().unbind(1)
            for seen, at in ((rows, y), (columns, x)):
                middle = layer.start + at * layer.step
                assert seen.min() == max(0, middle - layer.sees / 2), layer.name
                assert seen.max() + 1 == min(28, middle + layer.sees / 2), layer.name


def same(value: torch.Tensor, maps: np.ndarray) -> bool:
    """Whether the first picture's part of a layer's output is these maps, before they were scaled."""
    value = value[0].detach().numpy()
    return np.allclose((value - value.min()) / (value.max() - value.min()), maps, atol=1e-5)
