"""Networks from a text: its shapes and costs are torch's own, what cannot be is refused at the layer, weights load."""

import copy
import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from digits.errors import DigitsError
from digits.model.builder import AS_TEXTS, MOST_WEIGHTS, LayersError, build_network, describe_built
from digits.model.networks import NETWORKS, count_parameters, create_model
from digits.model.weights import load_weights, save_weights
from digits.reading.inside import look_for, look_inside

INK = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
TEXTS = [
    "c5s2-12 c3p-32 f-192",
    "c3pn-8 c3nk-8 m-2 d-20 ft-32",
    "f-64 fk-64 fn-32 d-50",
    "c5vt-6 a-2 c5vt-16 a-2 ft-84",
    "c7s2ui-16 c1-8 g-1",
]


@pytest.mark.parametrize("text", TEXTS)
def test_shapes_and_parameters_are_those_that_torch_finds(text):
    network, value = build_network(text).eval(), INK
    for row, layer in zip(describe_built(text), network.layers, strict=True):
        value = layer(value)
        assert row.shape == tuple(value.shape[1:])
        assert row.parameters == count_parameters(layer)
    assert network(INK).shape == (4, 10)


def test_multiply_adds_are_those_counted_by_hand():
    rows = describe_built("c5s2-12 c3p-32 f-192")
    assert [row.multiply_adds for row in rows] == [25 * 12 * 14 * 14, 9 * 12 * 32 * 14 * 14, 1568 * 192, 1920]
    assert sum(row.parameters for row in rows) == count_parameters(build_network("c5s2-12 c3p-32 f-192"))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_named_network_s_text_builds_the_same_network(name):
    built, named = build_network(AS_TEXTS[name], seed=3).eval(), create_model(name, seed=3).eval()
    shapes = [parameter.shape for parameter in named.parameters()]
    assert [parameter.shape for parameter in built.parameters()] == shapes
    if name == "cnn-fast":  # flattens in another order
        with torch.no_grad():
            weights = built.layers[2][1][0].weight
            weights.copy_(weights.view(128, 16, 64).transpose(1, 2).flatten(1))
    assert torch.allclose(built(INK), named(INK), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 to 200 characters"),
        (None, "1 to 200 characters"),
        ("c3-8 " * 9, "9 layers"),
        ("x3-8", "Layer 1, 'x3-8'"),
        ("c3-8 f-\uff16\uff14", "is not understood"),  # digits of other scripts, which the page does not read
        ("c3-8 c4-8", "Layer 2, 'c4-8', has a kernel of 4x4"),
        ("c3s9-8", "stride of 9"),
        ("f3-8", "which f does not take"),
        ("fp-8", "'fp-8', has 'p'"),
        ("c3-900", "size 900; wanted 1 to 512"),
        ("g-2", "wanted 1."),
        ("f-10 c3-8", "Layer 2, 'c3-8', needs maps"),
        ("m-4 m-4 c3v-8", "Layer 3, 'c3v-8', needs more than the 1x1 pixels"),
        ("c3k-8", "1 map of 28x28 come in and 8 maps of 28x28 come out"),
        ("c3-64 f-512", "weights; at most 2,000,000"),
        ("c3-512", "values; at most 65,536"),
        ("c3-64 c9-64", "million multiply-adds"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_sentence(text, said):
    with pytest.raises(LayersError, match=said.replace("(", r"\(")) as caught:
        describe_built(text)
    assert str(caught.value).count(". ") == 0
    named = re.search(r"Layer (\d)", str(caught.value))
    assert caught.value.number == (int(named[1]) if named else 0)


def test_no_text_builds_more_than_the_limit():
    assert sum(row.parameters for row in describe_built("c3p-32 f-300")) <= MOST_WEIGHTS


@pytest.mark.parametrize("text", TEXTS)
def test_saved_weights_load_again_and_can_be_looked_into(text, tmp_path):
    network = build_network(text, seed=2).eval()
    save_weights(network, tmp_path / "a.safetensors", {})
    loaded, _ = load_weights(tmp_path / "a.safetensors")
    assert loaded.text == text and torch.equal(loaded(INK), network(INK))
    assert all(inside.stages for inside in look_inside(loaded, INK[:2]))
    assert torch.equal(copy.deepcopy(loaded)(INK), network(INK))


@pytest.mark.parametrize(
    ("text", "layer", "shape"),
    [
        ("f-64", 0, (28, 28)),
        ("m-2 f-64", 0, (196,)),
        ("a-4 f-32", 0, (49,)),
        ("g-1 f-8", 0, ()),
        ("c5-8", 0, (5, 5)),
        ("f-784 f-100", 1, (784,)),
        ("c3p-16 c7p-8", 1, (16, 7, 7)),
    ],
)
def test_only_weights_that_meet_the_ink_are_shown_as_a_picture_of_it(text, layer, shape):
    network = build_network(text).eval()
    places = [place for place, part in enumerate(network.layers) if list(part.parameters())]
    weights, _ = look_for(network, places[layer], 0)
    assert weights.shape == shape


def test_a_file_with_a_text_that_cannot_be_built_is_refused(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", metadata={"network": "layers", "layers": "f-99999"})
    with pytest.raises(DigitsError, match="cannot be built"):
        load_weights(tmp_path / "a.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "b.safetensors", metadata={"network": "layers"})
    with pytest.raises(DigitsError, match="cannot be built"):
        load_weights(tmp_path / "b.safetensors")


def test_dropout_drops_its_share_and_repeats():
    dropout, repeated = (build_network("d-30", seed=4).layers[0].train() for _ in range(2))
    value = torch.ones(100, 1, 28, 28)
    first = dropout(value)
    assert torch.equal(first, repeated(value)) and not torch.equal(first, dropout(value))
    assert (first == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert first.mean().item() == pytest.approx(1, abs=0.02)
    assert isinstance(dropout, nn.Module) and torch.equal(dropout.eval()(value), value)
