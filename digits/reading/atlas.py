"""A map of the test set as a network sees it: alike digits lie together. Atlas, Atlases."""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from digits.data.mnist import load_mnist
from digits.device import give_way
from digits.errors import DigitsError
from digits.ink.geometry import to_ink
from digits.model.networks import Network
from digits.model.weights import load_weights

VIEWS = ("outputs", "hidden", "pixels")
ANCHORS = 1_000  # digits whose places t-SNE finds; all others lie between their nearest anchors
NEAREST = 5
STEPS = 300
PERPLEXITY = 30.0
WHOLE = 32_767  # of a packed place: 1
KEPT = 8  # atlases, up to 8 MB each
BATCH = 500  # images that are read at once
READING = 0.8  # of the work: a CNN reads 10,000 digits in four times what t-SNE takes
WAITING = 12  # maps that may wait to be made: five minutes' work on a slow core


class Atlas:
    """Where 10,000 test digits lie on a map, and where another ink would."""

    def __init__(self, network: Network, view: str, places: Tensor, vectors: Tensor, digits: Tensor) -> None:
        """places: float32 (N, 2) in [-1, 1]; vectors: what the view compares, float32 (N, D); digits: as read (N,)."""
        self.network, self.view = network, view
        self.places, self.vectors = places, vectors
        self.size = vectors.shape[1]
        self.wrong = (digits != load_mnist().test_labels).nonzero()[:, 0].tolist()

    @property
    def packed(self) -> str:
        """The places, base64 of int16 x, y, x, y, ..., WHOLE is 1."""
        return base64.b64encode((self.places * WHOLE).round().short().numpy().tobytes()).decode()

    def place(self, ink: Tensor, count: int) -> tuple[list[float], list[int]]:
        """Ink (1, 1, 28, 28) -> x and y in [-1, 1], and its `count` nearest test digits, the nearest first."""
        vector = vectors_of(self.network, ink, self.view)[0]
        order = torch.cdist(vector[None], self.vectors)[0].topk(count, largest=False).indices
        if self.view == "outputs":
            return ring_of(vector[None])[0].tolist(), order.tolist()
        return between(vector[None], self.vectors, self.places)[0].tolist(), order.tolist()


class Atlases:
    """The newest atlases by weights and view. One is made at a time, and a ring of outputs beside it."""

    def __init__(self) -> None:
        self._begun: OrderedDict[tuple[Path, str], Future[Atlas]] = OrderedDict()
        self._shares: dict[tuple[Path, str], float] = {}
        self._lock = threading.Lock()
        self._quick, self._slow = (
            ThreadPoolExecutor(1, thread_name_prefix="atlas", initializer=give_way) for _ in range(2)
        )

    def look(self, path: Path, view: str) -> Atlas | None:
        """The atlas, or None while it is being made. Raises DigitsError for weights that cannot be loaded, and where
        too many wait.
        """
        key = (path, view)
        with self._lock:
            if key not in self._begun:
                self._make_room()
                worker = self._quick if view == "outputs" else self._slow
                self._begun[key] = worker.submit(self._make, path, view)
            atlas = self._begun[key]
            self._begun.move_to_end(key)
        if not atlas.done():
            return None
        try:
            return atlas.result()
        except Exception:  # told once; whoever looks again tries again
            with self._lock:
                self._begun.pop(key, None)
            raise

    def get(self, path: Path, view: str) -> Atlas | None:
        """The atlas, or None where it is not there; nothing is begun."""
        atlas = self._begun.get((path, view))
        return atlas.result() if atlas and atlas.done() and not atlas.exception() else None

    def share(self, path: Path, view: str) -> float:
        """How much of the work is done, in [0, 1]."""
        return self._shares.get((path, view), 0.0)

    def _make_room(self) -> None:
        done = [key for key, atlas in self._begun.items() if atlas.done()]
        if len(self._begun) - len(done) >= WAITING:
            raise DigitsError("Many maps are being made at the moment; try again in a minute.")
        for key in done[: max(0, len(done) + 1 - KEPT)]:  # what is being made is never forgotten
            del self._begun[key]

    def _make(self, path: Path, view: str) -> Atlas:
        def note(share: float) -> None:
            self._shares[path, view] = READING + (1 - READING) * share

        network, _ = load_weights(path)
        try:
            with torch.inference_mode():
                parts = []
                images = load_mnist().test_images
                for start in range(0, len(images), BATCH):
                    parts.append(_pass(network, to_ink(images[start : start + BATCH]), view))
                    self._shares[path, view] = READING * start / len(images)
                logits, vectors = (torch.cat(column) for column in zip(*parts, strict=True))
                places = ring_of(vectors) if view == "outputs" else make_map(vectors, note)
            return Atlas(network, view, places, vectors, logits.argmax(1))
        finally:
            self._shares.pop((path, view), None)


@torch.inference_mode()
def vectors_of(network: Network, ink: Tensor, view: str) -> Tensor:
    """Ink (N, 1, 28, 28) -> what a view compares, (N, D): softmax, what enters the last layer, or pixels."""
    return _pass(network, ink, view)[1]


def _pass(network: Network, ink: Tensor, view: str) -> tuple[Tensor, Tensor]:
    # Layer by layer: a hook would see what other threads read with this network.
    entered = network.layers[:-1]((ink - network.mean) / network.std)
    logits = network.layers[-1](entered)
    if view == "outputs":
        return logits, logits.softmax(1)
    return logits, (entered if view == "hidden" else ink).flatten(1)


def ring_of(probabilities: Tensor) -> Tensor:
    """Ten probabilities (N, 10) -> (N, 2): their centre of gravity, with the ten digits on a ring like a clock's."""
    angle = torch.arange(10) * (2 * torch.pi / 10) - torch.pi / 2
    # Almost all lie at the ring otherwise; the root spreads them.
    spread = probabilities.sqrt() / probabilities.sqrt().sum(1, keepdim=True)
    return 0.95 * spread @ torch.stack([angle.cos(), angle.sin()], 1)


def between(vectors: Tensor, anchors: Tensor, places: Tensor) -> Tensor:
    """Vectors (N, D) lie at the weighted mean of their NEAREST anchors' places, (N, 2)."""
    distances, nearest = torch.cdist(vectors, anchors).topk(NEAREST, largest=False)
    weights = 1 / (distances**2 + 1e-6)
    return (places[nearest] * (weights / weights.sum(1, keepdim=True))[..., None]).sum(1)


def make_map(vectors: Tensor, note: Callable[[float], None] = lambda share: None) -> Tensor:
    """Vectors (N, D) -> places (N, 2) in [-1, 1]: t-SNE of the first ANCHORS, the others between them."""
    centred = vectors - vectors.mean(0)
    # All of the eigenvectors: torch.pca_lowrank draws random numbers, and the map came out turned at each start.
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -30:]
    reduced = centred @ axes
    anchors = reduced[:ANCHORS]
    places = embed(anchors, note)
    places = torch.cat([places, *(between(part, anchors, places) for part in torch.split(reduced[ANCHORS:], 1_000))])
    middle = (places.amax(0) + places.amin(0)) / 2
    return (places - middle) / (places - middle).abs().max()


def embed(vectors: Tensor, note: Callable[[float], None] = lambda share: None) -> Tensor:
    """Exact t-SNE (van der Maaten and Hinton 2008) of (N, D) -> (N, 2): early exaggeration, momentum and gains."""
    wanted = _similarities(vectors)
    generator = torch.Generator().manual_seed(0)
    places = 1e-4 * torch.randn(len(vectors), 2, generator=generator)
    speed, gains = torch.zeros_like(places), torch.ones_like(places)
    for step in range(STEPS):
        exaggeration = 12.0 if step < STEPS // 3 else 1.0
        near = 1 / (1 + torch.cdist(places, places) ** 2)
        near.fill_diagonal_(0)
        pull = (exaggeration * wanted - near / near.sum()) * near
        gradient = 4 * (pull.sum(1, keepdim=True) * places - pull @ places)
        gains = torch.where(gradient.sign() != speed.sign(), gains + 0.2, gains * 0.8).clamp(min=0.01)
        speed = (0.5 if step < STEPS // 3 else 0.8) * speed - len(vectors) / 12 * gains * gradient
        places = places + speed
        places = places - places.mean(0)
        note((step + 1) / STEPS)
    return places


def _similarities(vectors: Tensor) -> Tensor:
    """Joint probabilities (N, N) of Gaussians whose widths give each point PERPLEXITY neighbours, by bisection."""
    squares = torch.cdist(vectors, vectors) ** 2
    squares.fill_diagonal_(torch.inf)
    low, high = torch.zeros(len(vectors), 1), torch.full((len(vectors), 1), torch.inf)
    width = 1 / squares.topk(int(PERPLEXITY), largest=False)[0].mean(1, keepdim=True).clamp(min=1e-12)
    for _ in range(40):
        shares = torch.softmax(-squares * width, 1)
        entropy = -(shares * shares.clamp(min=1e-12).log()).sum(1, keepdim=True)
        wide = entropy > np.log(PERPLEXITY)
        low, high = torch.where(wide, width, low), torch.where(wide, high, width)
        width = torch.where(high.isinf(), width * 2, (low + high) / 2)
    return (shares + shares.T) / (2 * len(vectors))
