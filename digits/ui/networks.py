"""Which networks a visitor has, what the page calls them, and the recognizers behind them."""

import functools
import json
from pathlib import Path
from typing import Any

from digits.errors import DigitsError
from digits.jobs import JobQueue
from digits.reading.recognizer import WEIGHTS, Recognizer
from digits.runs import Job, Opened
from digits.training.teaching import TeachConfig

DEFAULT = "cnn-large"
TITLES = {
    "cnn": "CNN",
    "cnn-fast": "Fast CNN",
    "cnn-large": "Large CNN",
    "layers": "Built network",
    "lenet": "LeNet-5",
    "mlp": "MLP 784-512-10",
}


class Networks:
    """Shipped networks by file name, read-only, and visitors' own by the id of the job that trained them."""

    def __init__(self, jobs: JobQueue, device: str) -> None:
        self.jobs, self.device = jobs, device
        self._load = functools.lru_cache(maxsize=32)(Recognizer.load)  # 32 x 2 MB

    def listed(self, visitor: str) -> list[dict[str, Any]]:
        """What the page shows of each network that this visitor has: their own, newest first, then the shipped ones."""
        own = [described for job in self.jobs.of_visitor(visitor) if (described := self.of_job(job))]
        return own + [dict(shipped) for shipped in _shipped()]

    def of_job(self, job: Job) -> dict[str, Any] | None:
        """What the page shows of a job's network; None while there is none to offer."""
        return self._describe(job) if job.weights and job.kept else None

    def get(self, key: str, device: str = "cpu") -> Recognizer:
        """The recognizer behind a key. Raises DigitsError for an unknown one."""
        return self._load(self.path(key), device)

    def chosen(self, payload: dict[str, Any]) -> Recognizer:
        """The recognizer that a request names, or the shipped one. Raises DigitsError for an unknown one."""
        return self.get(payload.get("network") or DEFAULT)

    def path(self, key: str) -> Path:
        """The weights behind a key. Raises DigitsError for an unknown one."""
        if not isinstance(key, str) or len(key) > 100:
            raise DigitsError("The network's name is not a short text; choose a network from the list.")
        job = self.jobs.get(key)
        if job is not None and job.weights:
            return job.weights
        if key not in {shipped["key"] for shipped in _shipped()}:
            raise DigitsError("That network is not on this server (any more); choose another from the list.")
        return WEIGHTS / f"{key}.safetensors"

    def title(self, job: Job) -> str:
        """Run 2, Fast CNN."""
        return f"{self.name(job)}, {TITLES[job.config.model]}"

    def name(self, job: Job) -> str:
        """Run 2, counted from the visitor's first, unless they gave it a name."""
        return job.name or f"Run {job.number}"

    def _describe(self, job: Job) -> dict[str, Any]:
        assert job.weights is not None  # `listed` has looked
        card = json.loads(job.weights.with_suffix(".json").read_text(encoding="utf-8"))
        if isinstance(job.config, Opened):
            detail = "opened from a file"
        elif isinstance(job.config, TeachConfig):
            count = len(job.config.labels)
            detail = f"taught {count} drawing{'s' if count > 1 else ''}"
        else:
            detail = "yours"
        return {
            "key": job.id,
            "name": self.name(job),
            "model": TITLES[job.config.model],
            "detail": detail,
            "own": True,
            **_figures(card),
        }


@functools.cache
def _shipped() -> tuple[dict[str, Any], ...]:
    found = []
    for path in sorted(WEIGHTS.glob("*.safetensors"), key=lambda path: (path.stem != DEFAULT, path.stem)):
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        epochs = card["config"]["epochs"] + card["config"].get("fine_tuning", 0)
        found.append(
            {
                "key": path.stem,
                "name": TITLES[card["network"]],
                "model": TITLES[card["network"]],
                "detail": f"shipped, {epochs} epochs",
                "own": False,
                **_figures(card),
            }
        )
    return tuple(found)


def _figures(card: dict[str, Any]) -> dict[str, Any]:
    figures = card["figures"]
    return {"accuracy": figures["test_accuracy"], "seconds": figures["seconds"], "parameters": card["parameters"]}


def count_trainings(count: int) -> str:
    return "1 training" if count == 1 else f"{count} trainings"
