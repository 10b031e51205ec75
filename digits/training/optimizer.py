"""Step 4, loss and optimizer: cross entropy that knows outliers, the optimizers, the learning rate's course."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from torch.optim.lr_scheduler import OneCycleLR

from digits.errors import DigitsError
from digits.training.config import FINE_TUNING_RATE, TrainConfig
from digits.training.plan import Plan

MUON_DECAY = 0.01  # AdamW's own default, not the 0.1 of torch's Muon: one rule for all weights


class Loss:
    """Mean cross entropy of a batch, in nats.

    With outliers an eleventh logit that is always 0 stands for "not a digit": an outlier's ten must be lower.
    """

    def __init__(self, smoothing: float, with_outliers: bool) -> None:
        self.smoothing, self.with_outliers = smoothing, with_outliers

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits (B, 10) and labels (B,) -> scalar."""
        return cross_entropy(self._complete(logits), labels, label_smoothing=self.smoothing)

    def plain(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The same without smoothing, for curves that can meet those of held-out images; nothing is learned from it."""
        return cross_entropy(self._complete(logits.detach()), labels)

    def count_right(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many of the batch are read right, a scalar that stays on the device."""
        return (self._complete(logits).argmax(1) == labels).sum()

    def _complete(self, logits: Tensor) -> Tensor:
        return pad(logits, (0, 1)) if self.with_outliers else logits


class Together:
    """Several optimizers, or their schedules, as one."""

    def __init__(self, *members: Any) -> None:
        self.members = members

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for member in self.members for group in member.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for member in self.members:
            member.zero_grad(set_to_none)

    def step(self) -> None:
        for member in self.members:
            member.step()

    def state_dict(self) -> dict[str, Any]:
        return {"members": [member.state_dict() for member in self.members]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for member, its_state in zip(self.members, state["members"], strict=True):
            member.load_state_dict(its_state)


class TwoCycles:
    """A one-cycle schedule and then a lower one, with the optimizer's memory emptied between them: a warm restart
    (Loshchilov and Hutter 2017).
    """

    def __init__(self, optimizer: torch.optim.Optimizer, peak: float, plan: Plan) -> None:
        self.optimizer, self.peak, self.plan = optimizer, peak, plan
        self.steps = 0
        self.cycle = OneCycleLR(optimizer, peak, total_steps=plan.tuned_from)

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.plan.tuned_from:
            self._restart()
            self.optimizer.state.clear()
        else:
            self.cycle.step()

    def _restart(self) -> None:
        """Only now: making a schedule sets the optimizer's learning rate."""
        steps = self.plan.steps - self.plan.tuned_from
        self.cycle = OneCycleLR(self.optimizer, self.peak * FINE_TUNING_RATE, total_steps=steps)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "cycle": self.cycle.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        if self.steps >= self.plan.tuned_from:
            groups = [dict(group) for group in self.optimizer.param_groups]  # as the run left them
            self._restart()
            for group, left in zip(self.optimizer.param_groups, groups, strict=True):
                group.update(left)
        self.cycle.load_state_dict(state["cycle"])


class ConstantRate:
    """The schedule of a run whose learning rate stays as it is."""

    def step(self) -> None:
        pass


def make_loss(config: TrainConfig, with_outliers: bool) -> Loss:
    return Loss(config.smoothing(), with_outliers)


def make_optimizer(config: TrainConfig, model: nn.Module) -> torch.optim.Optimizer | Together:
    """Raises DigitsError where the network has nothing that the optimizer is for."""
    rate = config.peak_learning_rate()
    if config.optimizer == "muon":
        return _muon(model, rate)
    if config.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), rate, momentum=0.9, nesterov=True)
    optimizers = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return optimizers[config.optimizer](model.parameters(), rate, fused=True)


def _muon(model: nn.Module, rate: float) -> Together:
    """Muon (Jordan 2024) for the weights between hidden layers, which are matrices, and AdamW for all others.

    Its steps are scaled to AdamW's (Liu et al. 2025), so that one learning rate serves both.
    """
    hidden = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)][:-1]
    if not hidden:
        raise DigitsError(
            "Muon is for networks with a hidden linear layer, and this one has none; choose AdamW, or the Fast CNN."
        )
    rest = [weight for weight in model.parameters() if not any(weight is matrix for matrix in hidden)]
    muon = torch.optim.Muon(hidden, rate, weight_decay=MUON_DECAY, adjust_lr_fn="match_rms_adamw")
    return Together(muon, torch.optim.AdamW(rest, rate, fused=True))


def make_schedule(
    config: TrainConfig, optimizer: torch.optim.Optimizer | Together, plan: Plan
) -> OneCycleLR | TwoCycles | Together | ConstantRate:
    if plan.one_cycle:
        if isinstance(optimizer, Together):
            return Together(*(make_schedule(config, member, plan) for member in optimizer.members))
        if config.fine_tuning:
            return TwoCycles(optimizer, config.peak_learning_rate(), plan)
        return OneCycleLR(optimizer, config.peak_learning_rate(), total_steps=plan.steps)
    return ConstantRate()
