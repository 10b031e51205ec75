"""Which networks a visitor can choose, and the recognizers behind them."""

import functools
import json
from pathlib import Path

import gradio as gr

from digits.errors import DigitsError
from digits.jobs import Job, JobQueue
from digits.reading.recognizer import WEIGHTS, Recognizer
from digits.training.teaching import TeachConfig

DEFAULT = "cnn-large"
TITLES = {"cnn": "CNN", "cnn-fast": "Fast CNN", "cnn-large": "Large CNN", "lenet": "LeNet-5", "mlp": "MLP 784-512-10"}


class Networks:
    """Shipped networks by file name, read-only, and visitors' own by the id of the job that trained them."""

    def __init__(self, jobs: JobQueue, device: str) -> None:
        self.jobs, self.device = jobs, device
        self._load = functools.lru_cache(maxsize=32)(Recognizer.load)  # 32 x 2 MB

    def choices(self, visitor: str) -> list[tuple[str, str]]:
        """(label, key) pairs for a picker: the shipped networks, then this visitor's own, newest first."""
        shipped = [(_shipped_label(path), path.stem) for path in sorted(WEIGHTS.glob("*.safetensors"))]
        mine = [(self.label(job), job.id) for job in self.jobs.of_visitor(visitor) if job.weights and job.kept]
        return shipped + mine

    def picker(self, visitor: str, value: str | None = None) -> gr.Dropdown:
        """An update for a picker: the visitor's choices, and the value where one is given."""
        choices = self.choices(visitor)
        return gr.Dropdown(choices=choices, value=value) if value else gr.Dropdown(choices=choices)

    def label(self, job: Job) -> str:
        """How the pickers call the network of a job that left one."""
        return _taught_label(job) if isinstance(job.config, TeachConfig) else _job_label(job)

    def get(self, key: str, device: str = "cpu") -> Recognizer:
        """The recognizer behind a key. Raises DigitsError for an unknown one."""
        return self._load(self.path(key), device)

    def path(self, key: str) -> Path:
        """The weights behind a key. Raises DigitsError for an unknown one."""
        if not isinstance(key, str) or len(key) > 100:
            raise DigitsError("The network's name is not a short text; choose a network from the list.")
        job = self.jobs.get(key)
        if job is not None and job.weights:
            return job.weights
        path = WEIGHTS / f"{key}.safetensors"
        if path not in WEIGHTS.glob("*.safetensors"):
            raise DigitsError("That network is not on this server (any more); choose another from the list.")
        return path


def picker(label: str = "Network", value: str = DEFAULT, visible: bool = True) -> gr.Dropdown:
    """A picker of the shipped networks, before the page knows its visitor."""
    choices = [(_shipped_label(path), path.stem) for path in sorted(WEIGHTS.glob("*.safetensors"))]
    return gr.Dropdown(
        choices, value=value, label=label, visible=visible, interactive=True, filterable=False, min_width=260
    )


def _shipped_label(path) -> str:
    card = json.loads(path.with_suffix(".json").read_text())
    return f"{TITLES[card['network']]}, shipped ({card['figures']['test_accuracy']:.2%})"


def _job_label(job: Job) -> str:
    config = job.config
    epochs = f"{job.updates[-1].epoch:.2g} epochs" if job.updates[-1].epoch != 1 else "1 epoch"
    accuracy = job.validation_accuracy()
    figure = f", {accuracy:.2%} on validation" if accuracy is not None else ""
    return f"Mine: {TITLES[config.model]}, {epochs} at {job.started:%H:%M:%S}{figure}"


def _taught_label(job: Job) -> str:
    count, test = len(job.config.labels), job.updates[-1].after.test
    drawings = "1 drawing" if count == 1 else f"{count} drawings"
    return f"Mine: {TITLES[job.config.model]}, taught {drawings} at {job.started:%H:%M:%S} ({test:.2%})"


def trainings(count: int) -> str:
    return "1 training" if count == 1 else f"{count} trainings"
