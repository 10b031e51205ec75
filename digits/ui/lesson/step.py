"""Step 5, train: one step taken apart. A visitor's lesson is a network, an optimizer and a loss that last a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.model.networks import Network, create_model
from digits.ui.lesson.define import weighted
from digits.ui.lesson.loss import training_batch
from digits.ui.lesson.turns import (
    Answer,
    ServerFunction,
    copy_network,
    own_turn,
    pack_shares,
    pack_signed,
    parse_choice,
    parse_ink_to_learn,
    parse_label,
    parse_number,
    parse_switch,
    parse_whole,
)
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_visitor

CALLS = ("look", "zero_grad", "forward", "loss", "backward", "step", "steps")
SIZES = (1, 16, 64)
MOST_STEPS = 10  # of one request
MOST_LESSONS = 40  # with Adam's two running means up to 6.5 MB each
LASTS = 20 * 60  # seconds without a look
SHOWN = 16  # digits of the batch
RATES = 1e-5, 10.0


class Lesson:
    """The text's loop, stopped wherever the visitor wants: model, optimizer, and what the last calls left behind."""

    def __init__(self, network: Network, rate: float, frozen: bool) -> None:
        self.network = network
        self.parts = weighted(network)
        for parameter in self.parts[0].parameters():
            parameter.requires_grad_(not frozen)
        wanted = [parameter for parameter in network.parameters() if parameter.requires_grad]
        if not wanted:
            raise DigitsError("This network has one layer of weights; frozen, it would have nothing to learn.")
        self.optimizer = torch.optim.Adam(wanted, lr=rate)
        self.steps = self.digits = self.batch = 0
        self.losses: list[float] = []
        self.logits: Tensor | None = None
        self.labels = torch.empty(0, dtype=torch.long)  # of the batch that the logits are of
        self.loss: Tensor | None = None
        self.before: Tensor | None = None  # the shown unit's weights before the last step
        self.unit = 0
        self.lock = threading.Lock()
        self.seen = time.monotonic()

    def call(self, name: str, images: Tensor, labels: Tensor) -> None:
        """One call of the loop. Raises DigitsError where Python would have no name for what it needs."""
        if name == "zero_grad":
            self.optimizer.zero_grad()
        elif name == "forward":
            self.logits, self.labels = self.network(images), labels  # an earlier loss stays, as it does in Python
        elif name == "loss":
            if self.logits is None:
                raise DigitsError("NameError: name 'logits' is not defined. Call model(x) first.")
            self.loss = F.cross_entropy(self.logits, self.labels)
        elif name == "backward":
            self._backward()
        elif name == "step":
            self._step()

    def whole_step(self, images: Tensor, labels: Tensor, forget: bool) -> None:
        """All five calls; `forget` leaves zero_grad out, as every beginner does once."""
        for name in CALLS[1:6]:
            if not (forget and name == "zero_grad"):
                self.call(name, images, labels)

    def gradient(self) -> Tensor | None:
        """Of the last layer's weights: it has one even while the first is frozen."""
        return self.parts[-1].weight.grad

    def _backward(self) -> None:
        if self.loss is None:
            raise DigitsError("NameError: name 'loss' is not defined. Call cross_entropy(logits, y) first.")
        try:
            torch.autograd.backward(self.loss)
        except RuntimeError as error:
            raise DigitsError(f"RuntimeError: {str(error).split('. ')[0]}. Call model(x) again.") from None

    def _step(self) -> None:
        self._choose_unit()
        self.before = self.parts[0].weight[self.unit].detach().clone()
        self.optimizer.step()
        if self.loss is not None:
            self.losses.append(float(self.loss.detach()))
        self.steps, self.digits, self.batch = self.steps + 1, self.digits + len(self.labels), self.batch + 1

    def _choose_unit(self) -> None:
        """The unit of the first layer that is pulled hardest at the first step stays the one that is shown."""
        gradient = self.parts[0].weight.grad
        if self.steps == 0 and gradient is not None:
            self.unit = int(gradient.flatten(1).norm(dim=1).argmax())


class Lessons:
    """The visitors' lessons: bounded in number and in time, the one that was looked at longest ago goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Lesson] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, visitor: str, start: Callable[[], Lesson], anew: bool) -> Lesson:
        """The visitor's lesson; a new one where there is none (any more), or it is wanted anew."""
        now = time.monotonic()
        with self._lock:
            for key in [key for key, lesson in self._kept.items() if now - lesson.seen > LASTS]:
                del self._kept[key]
            lesson = self._kept.pop(visitor, None)
            if lesson is None or anew:
                lesson = start()
            self._kept[visitor] = lesson
            lesson.seen = now
            while len(self._kept) > MOST_LESSONS:
                self._kept.popitem(last=False)
        return lesson

    def __len__(self) -> int:
        return len(self._kept)


def take_step(page: Page) -> ServerFunction:
    lessons = Lessons()

    @answer_errors
    def take_step(payload: Answer) -> Answer:
        """One call of the loop, or whole {"count"} "steps", on the visitor's own lesson -> where it stands."""
        call = parse_choice(payload, "call", CALLS)
        size = parse_whole(payload, "size", 1, max(SIZES), 16)
        rate = parse_number(payload, "rate", *RATES, 1e-3)
        kind, source = parse_choice(payload, "kind", ("new", "use")), parse_choice(payload, "source", ("mnist", "own"))
        frozen, forget = parse_switch(payload, "frozen"), parse_switch(payload, "forget")
        count = parse_whole(payload, "count", 1, MOST_STEPS, 1)
        used = page.networks.chosen(payload).model if kind == "use" else None

        def start() -> Lesson:
            return Lesson(create_model("mlp") if used is None else copy_network(used), rate, frozen)

        own = (parse_ink_to_learn(payload), parse_label(payload)) if source == "own" else None
        with own_turn():
            lesson = lessons.get(parse_visitor(payload), start, parse_switch(payload, "anew"))
            with lesson.lock:
                images, labels = _batch(lesson, size, own)
                if call == "steps":
                    for _ in range(count):
                        images, labels = _batch(lesson, size, own)
                        lesson.whole_step(images, labels, forget)
                elif call != "look":
                    lesson.call(call, images, labels)
                return lesson_answer(lesson, images, labels)

    return take_step


def _batch(lesson: Lesson, size: int, own: tuple[Tensor, int | None] | None) -> tuple[Tensor, Tensor]:
    if own is None:
        return training_batch(lesson.batch, size)
    ink, label = own
    if label is None:
        with torch.no_grad():
            label = int(lesson.network(ink).argmax())
    return ink, torch.tensor([label])


def lesson_answer(lesson: Lesson, images: Tensor, labels: Tensor) -> Answer:
    part = lesson.parts[0]
    with torch.no_grad():
        softmax = lesson.network(images[:SHOWN]).softmax(1)
    weights, gradient = part.weight[lesson.unit].detach(), part.weight.grad
    last = lesson.gradient()
    shape = [28, 28] if weights.numel() == 784 else list(weights.shape[-2:])
    if weights.dim() == 3:
        weights = weights[0]
    before = weights if lesson.before is None else lesson.before.reshape(-1, *weights.shape)[0]
    return {
        "steps": lesson.steps,
        "digits": lesson.digits,
        "epochs": lesson.digits / len(load_mnist().training[1]),
        "losses": lesson.losses[-200:],
        "loss": None if lesson.loss is None else float(lesson.loss.detach()),
        "length": None if last is None else float(last.norm()),
        "unit": lesson.unit + 1,
        "shape": shape,
        "before": pack_signed(before),
        "gradient": None if gradient is None else pack_signed(gradient[lesson.unit].reshape(-1, *weights.shape)[0]),
        "after": pack_signed(weights),
        "moved": float((weights - before).norm()),
        "images": pack_shares(images[:SHOWN]),
        "labels": labels[:SHOWN].tolist(),
        "readings": softmax.argmax(1).tolist(),
        "given": softmax.gather(1, labels[: len(softmax), None])[:, 0].tolist(),
    }
