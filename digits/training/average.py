"""What a fine-tuning keeps of its weights: Average."""

from typing import Any

import torch
from torch import Tensor

from digits.model.networks import Network
from digits.training.plan import Plan


class Average:
    """After the last step of a fine-tuning the network's weights are half of what they were before it (Wortsman et al.
    2022) and half the mean of what they were after each of its epochs (Izmailov et al. 2018).
    """

    def __init__(self, model: Network, plan: Plan) -> None:
        self.model, self.plan = model, plan
        self.count = 0  # of its epochs
        self.before: dict[str, Tensor] = {}
        self.mean: dict[str, Tensor] = {}

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """To be called after each step; without a fine-tuning it leaves the network as it is."""
        if step < self.plan.tuned_from or step % self.plan.steps_an_epoch:
            return
        weights = {name: value.clone() for name, value in self.model.state_dict().items() if value.is_floating_point()}
        if step == self.plan.tuned_from:
            self.before = weights
            return
        self.count += 1
        self.mean = {name: self.mean.get(name, value).lerp(value, 1 / self.count) for name, value in weights.items()}
        if step == self.plan.steps:
            halves = {name: before.lerp(self.mean[name], 0.5) for name, before in self.before.items()}
            self.model.load_state_dict(self.model.state_dict() | halves)

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "before": self.before, "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count = state["count"]
        device = self.model.mean.device
        self.before, self.mean = (
            {name: value.to(device) for name, value in state[part].items()} for part in ("before", "mean")
        )
