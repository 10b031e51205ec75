"""Networks from a list of layers in a short text, such as `c5s2-12 c3p-32 f-192`.

A text is one to eight words with spaces between; the ten outputs come after the last by themselves. A word is a letter,
its options, and after a hyphen its size:

| word | layer | options |
|---|---|---|
| `c3-32` | 3x3 convolution, 32 maps, ReLU; margins keep the size | below, and `s2` stride, `v` no margins |
| `f-192` | linear layer, 192 units, ReLU | below |
| `m-2`, `a-2` | maximum or mean of each 2x2 | |
| `g-1` | the maximum of each whole map | |
| `d-20` | dropout: 20 % of the values are 0 at each step | |

Options of `c` and `f`: `n` batch norm; `k` skip (what came in is added to what comes out); `t` tanh, `u` GELU or `i`
nothing instead of ReLU. `p`, only of `c`: a 2x2 maximum after the convolution.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from digits.errors import DigitsError
from digits.model.networks import Network, count_parameters, create_model, random_numbers_of

MOST_LAYERS, MOST_WEIGHTS = 8, 2_000_000
MOST_VALUES = 65_536  # that come out of a layer for one image: a batch of 128 takes 34 MB
MOST_MULTIPLY_ADDS = 100_000_000  # a reading; cnn-large takes 34 million
LONGEST_TEXT = 200  # characters

BUILT = "layers"  # the name of networks that a text describes

AS_TEXTS = {  # the named networks as texts, for who wants to change one
    "cnn-fast": "c5s2vp-16 c3vn-64 f-128",
    "cnn": "c3pn-16 c3n-32 c3pn-32 c3n-64 c3n-64 g-1",
    "cnn-large": "c3pn-40 c3n-80 c3pn-80 c3n-160 c3n-160 g-1",
    "lenet": "c5t-6 a-2 c5vt-16 a-2 c5vt-120 ft-84",
    "mlp": "f-512",
}

_WORD = re.compile(r"(?P<kind>[cfmagd])(?P<side>\d{1,2})?(?P<options>(?:s\d|[vpnktui])*)-(?P<size>\d{1,4})", re.ASCII)
_ACTIVATIONS = {"t": nn.Tanh, "u": nn.GELU, "i": None}
_ALLOWED = {"c": "svpnktui", "f": "nktui"}
_SIZES = {"c": (1, 512), "f": (1, 4_096), "m": (2, 4), "a": (2, 4), "g": (1, 1), "d": (1, 90)}


class LayersError(DigitsError):
    """Layers that cannot be used."""

    def __init__(self, sentence: str, number: int = 0) -> None:
        super().__init__(sentence)
        self.number = number
        """Of the layer that the sentence is about, from 1; 0 where it is about all."""


@dataclass(frozen=True)
class Layer:
    """A word of the text, understood."""

    word: str
    kind: str
    size: int
    """Maps, units, pixels a side or per cent, by its kind."""
    side: int = 0
    """Of a convolution's kernel, in pixels."""
    stride: int = 1
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BuiltLayer:
    """What a layer is in its place."""

    word: str
    shape: tuple[int, ...]
    """Of what comes out, for one image."""
    parameters: int
    multiply_adds: int
    """For one image."""


class Skip(nn.Module):
    """Adds what comes in to what comes out."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, value: Tensor) -> Tensor:
        return value + self.inner(value)


class Dropout(nn.Module):
    """Dropout whose random numbers are the network's own, so that a run repeats and resumes to the bit."""

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, value: Tensor) -> Tensor:
        if not self.training:
            return value
        kept = torch.rand(value.shape, generator=self.generator) >= self.share
        return value * kept.to(value.device) / (1 - self.share)

    def extra_repr(self) -> str:
        return f"{self.share}"


class BuiltNetwork(Network):
    """A network that `text` describes."""

    name = BUILT

    def __init__(self, text: str, seed: int) -> None:
        super().__init__()
        self.text, self.generator = " ".join(text.split()), torch.Generator().manual_seed(seed)
        self.layers = nn.Sequential(*(block for _, block, _ in _blocks(parse_layers(text), self.generator)))


def parse_layers(text: str) -> list[Layer]:
    """A text -> its layers. Raises LayersError with one sentence that names the word that cannot be used."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise LayersError(f"The layers are a text of 1 to {LONGEST_TEXT} characters, such as 'c5s2-12 c3p-32 f-192'.")
    words = text.split()
    if len(words) > MOST_LAYERS:
        raise LayersError(f"There are {len(words)} layers; at most {MOST_LAYERS} can be had, and the ten outputs.")
    return [_parse(number, word) for number, word in enumerate(words, 1)]


def describe_built(text: str) -> list[BuiltLayer]:
    """A text -> its layers and the output layer, with their shapes and costs. Nothing is computed: on meta tensors.

    Raises LayersError for a text, a chain or a size that cannot be used.
    """
    layers = parse_layers(text)
    rows: list[BuiltLayer] = []
    with torch.device("meta"):
        for word, block, shape in _blocks(layers, torch.Generator("cpu")):
            rows.append(BuiltLayer(word, shape, count_parameters(block), _multiply_adds(block, rows)))
            if sum(row.multiply_adds for row in rows) > MOST_MULTIPLY_ADDS:
                raise LayersError(
                    f"With {_place(len(rows), word)} a reading takes more than "
                    f"{MOST_MULTIPLY_ADDS // 1_000_000} million multiply-adds; "
                    "use a smaller kernel, fewer maps, or pooling before it.",
                    len(rows),
                )
    return rows


def build_network(text: str, seed: int = 0) -> BuiltNetwork:
    """A text -> a new network with the random weights that `seed` decides. Raises LayersError like `describe_built`."""
    describe_built(text)
    with random_numbers_of(seed):
        return BuiltNetwork(text, seed)


def create_network(name: str, layers: str | None, seed: int = 0) -> Network:
    """A new network: the named one or, where its name is BUILT, the one that the text `layers` describes."""
    return build_network(layers or "", seed) if name == BUILT else create_model(name, seed)


def _parse(number: int, word: str) -> Layer:
    match = _WORD.fullmatch(word)
    if not match:
        raise _refuse(number, word, "is not understood; write such as c3-32, c5s2p-16, f-128 or d-20.")
    kind, size = match["kind"], int(match["size"])
    stride = re.search(r"s(\d)", match["options"])
    options = frozenset(re.sub(r"\d", "", match["options"]))
    wrong = sorted(options - set(_ALLOWED.get(kind, "")))
    if wrong or (match["side"] and kind != "c"):
        raise _refuse(number, word, f"has {wrong[0] if wrong else match['side']!r}, which {kind} does not take.")
    low, high = _SIZES[kind]
    if not low <= size <= high:
        wanted = f"{low} to {high:,}" if low < high else f"{low}"
        raise _refuse(number, word, f"has the size {size:,}; wanted {wanted}.")
    if kind != "c":
        return Layer(word, kind, size, options=options)
    side = int(match["side"] or 3)
    if side % 2 == 0 or not 1 <= side <= 11:
        raise _refuse(number, word, f"has a kernel of {side}x{side}; wanted 1, 3, 5, 7, 9 or 11.")
    step = int(stride[1]) if stride else 1
    if not 1 <= step <= 4:
        raise _refuse(number, word, f"has a stride of {step}; wanted 1 to 4.")
    return Layer(word, kind, size, side, step, options)


def _blocks(layers: list[Layer], generator: torch.Generator) -> Iterator[tuple[str, nn.Module, tuple[int, ...]]]:
    """Layers -> (word, module, shape of what comes out for one image), with the ten outputs at the end."""
    shape: tuple[int, ...] = (1, 28, 28)
    weights = 0
    for number, layer in enumerate([*layers, Layer("f-10", "f", 10, options=frozenset("i"))], 1):
        _check_place(number, layer, shape)
        block = _module(layer, shape, generator)
        weights += count_parameters(block)
        if weights > MOST_WEIGHTS:
            raise LayersError(
                f"With {_place(number, layer.word)} there are {weights:,} weights; at most {MOST_WEIGHTS:,} can be "
                "had: make it smaller, or put pooling before it.",
                number,
            )
        shape = _out_shape(layer, shape)
        yield layer.word, block, shape


def _check_place(number: int, layer: Layer, shape: tuple[int, ...]) -> None:
    if layer.kind in "cmag" and len(shape) == 1:
        raise _refuse(number, layer.word, "needs maps, and a linear layer before it left none; put it before.")
    out = _out_shape(layer, shape)
    if len(out) == 3 and min(out[1:]) < 1:
        raise _refuse(
            number,
            layer.word,
            f"needs more than the {shape[1]}x{shape[2]} pixels that come to it; "
            "take away pooling or a stride before it.",
        )
    maps = _out_shape(layer, shape, pooled=False)
    if _count(maps) > MOST_VALUES:
        raise _refuse(number, layer.word, f"gives {_count(maps):,} values; at most {MOST_VALUES:,} can be had.")
    if "k" in layer.options and out != (shape if layer.kind == "c" else (_count(shape),)):
        raise _refuse(
            number,
            layer.word,
            f"skips, so as much must come out as comes in: {_words(shape)} come in and {_words(out)} come out.",
        )


def _out_shape(layer: Layer, shape: tuple[int, ...], pooled: bool = True) -> tuple[int, ...]:
    if layer.kind == "d":
        return shape
    if layer.kind == "f":
        return (layer.size,)
    if layer.kind == "g":
        return (shape[0], 1, 1)
    if layer.kind in "ma":
        return (shape[0], shape[1] // layer.size, shape[2] // layer.size)
    margin = 0 if "v" in layer.options else layer.side // 2
    side = (shape[1] + 2 * margin - layer.side) // layer.stride + 1
    side = side // 2 if "p" in layer.options and pooled else side
    return (layer.size, side, side)


def _module(layer: Layer, shape: tuple[int, ...], generator: torch.Generator) -> nn.Module:
    if layer.kind == "d":
        return Dropout(layer.size / 100, generator)
    if layer.kind in "ma":
        return nn.MaxPool2d(layer.size) if layer.kind == "m" else nn.AvgPool2d(layer.size)
    if layer.kind == "g":
        return nn.AdaptiveMaxPool2d(1)
    norm = "n" in layer.options
    parts: list[nn.Module] = []
    if layer.kind == "f":
        parts.append(nn.Linear(_count(shape), layer.size, bias=not norm))
    else:
        margin = 0 if "v" in layer.options else layer.side // 2
        parts.append(nn.Conv2d(shape[0], layer.size, layer.side, layer.stride, padding=margin, bias=not norm))
        if "p" in layer.options:
            parts.append(nn.MaxPool2d(2))
    if norm:
        parts.append(nn.BatchNorm1d(layer.size) if layer.kind == "f" else nn.BatchNorm2d(layer.size))
    activation = next((_ACTIVATIONS[option] for option in "tui" if option in layer.options), nn.ReLU)
    if activation:
        parts.append(activation())
    chain = nn.Sequential(*parts)
    block = Skip(chain) if "k" in layer.options else chain
    return nn.Sequential(nn.Flatten(), block) if layer.kind == "f" and len(shape) == 3 else block


def _multiply_adds(block: nn.Module, before: list[BuiltLayer]) -> int:
    """Of the products with weights; norms and activations cost little beside them."""
    shape, total = before[-1].shape if before else (1, 28, 28), 0
    for module in block.modules():
        if isinstance(module, nn.Linear):
            total += module.in_features * module.out_features
        elif isinstance(module, nn.Conv2d):
            maps = module(torch.empty(1, *shape, device="meta"))
            total += module.weight[0].numel() * maps.numel()
    return total


def _count(shape: tuple[int, ...]) -> int:
    return int(torch.Size(shape).numel())


def _words(shape: tuple[int, ...]) -> str:
    maps = "map" if shape[0] == 1 else "maps"
    return f"{shape[0]} {maps} of {shape[1]}x{shape[2]}" if len(shape) == 3 else f"{shape[0]} units"


def _place(number: int, word: str) -> str:
    return f"Layer {number}, {word!r},"


def _refuse(number: int, word: str, sentence: str) -> LayersError:
    return LayersError(f"{_place(number, word)} {sentence}", number)
